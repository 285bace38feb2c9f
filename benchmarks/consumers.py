"""Both consumers of the stream on counting stores, and what they use for some batches of one shard."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.cost_traffic import START, Shard
from benchmarks.counted_stores import CountedBucket, CountedTable, Usage
from clickstream.detection.detecting import AnomalyDetector
from clickstream.intake.kinesis import Batch
from clickstream.intake.rows import Pseudonym
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor

Consumer = Callable[[Batch], object]


@dataclass(frozen=True)
class Consumption:
    """What a consumer used for the counted batches; CPU without that of calls to services."""

    events: int
    invocations: int
    usage: Usage
    cpu_s: float


def counting(usage: Usage) -> Consumer:
    """`process_events`: archive, commit, counters."""
    ledger = Ledger(CountedTable(usage), CountedBucket(usage))
    processor = EventProcessor(
        ledger=ledger,
        bucket=CountedBucket(usage),
        applier=Applier(ledger, CountedTable(usage), CountedTable(usage), 30, lambda: START),
        epochs=Epochs(lambda _: "1763000000", lambda: START),
        now=lambda: START,
        pseudonym=Pseudonym("k1", b"0123456789abcdef0123456789abcdef"),
    )
    return lambda batch: processor.process(batch, batch.records[0].sequence_number)


def detecting(usage: Usage) -> Consumer:
    """`detect_anomalies`: session metrics and anomalies."""
    detector = AnomalyDetector(
        session_metrics=CountedTable(usage),
        anomalies=CountedTable(usage),
        publish=lambda _: None,
        epochs=Epochs(lambda _: "1763000000", lambda: START),
        now=lambda: START,
    )
    return detector.detect


BOTH = (counting, detecting)


def counted(make: Callable[[Usage], Consumer], shard: Shard, batches: int) -> Consumption:
    """Run the consumer over the shard's traffic; only what comes after the warm-up counts."""
    usage: Usage = Counter()
    consume = make(usage)
    events = invocations = 0
    cpu_s = 0.0
    for delivery in shard.deliveries(batches):
        start = time.process_time()
        consume(delivery.batch)
        if delivery.is_counted:
            cpu_s += time.process_time() - start
            events, invocations = events + delivery.events, invocations + 1
        else:
            usage.clear()
    return Consumption(events, invocations, usage, cpu_s)
