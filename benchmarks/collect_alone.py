"""The handler of the collector in this process: no HTTP around it, and a stream that takes everything at once."""

import io
import math
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from unittest.mock import patch

import collect_events
from aws_collector import DynamoClaims
from benchmarks import prices
from benchmarks.collect_load import HEADERS, batch
from clickstream.collecting.packing import PackedRecord
from clickstream.collecting.quotas import Quotas
from clickstream.collecting.requests import Limits
from clickstream.collecting.serving import Collector
from clickstream.collecting.write_keys import WriteKeys
from local_aws import function_worker

BUCKETS = 2
REQUESTS, ROUNDS = 50, 5


@dataclass
class Taking:
    """A stream that takes everything, and counts what it would be billed."""

    records: int = 0
    units: int = 0

    def __call__(self, records: Sequence[PackedRecord]) -> list[str]:
        """One call."""
        self.records += len(records)
        self.units += sum(-(-len(record.data) // prices.PUT_UNIT_BYTES) for record in records)
        return [""] * len(records)


@dataclass
class Handled:
    """One request, on average.

    Attributes:
        cpu_s: CPU seconds, of the best round.
        units: PUT units.
        log_bytes: Of its line.
    """

    cpu_s: float = math.inf
    units: float = 0
    log_bytes: float = 0
    stream: Taking = field(default_factory=Taking)


def handled(events: int) -> Handled:
    """Call the handler again and again with a batch of so many page views."""
    found, written = Handled(), io.StringIO()
    quotas = Quotas(DynamoClaims("none", client=object()), 0)
    taking = Collector(limits=Limits(), keys=WriteKeys({}), quotas=quotas, buckets=BUCKETS, put=found.stream)
    received = function_worker.Received(
        "POST", "/v1/batch", "HTTP/1.1", tuple(HEADERS.items()), batch(0, events, 0)[1], "127.0.0.1"
    )
    event = function_worker.event_of(received, datetime.now(UTC))
    with patch.object(collect_events, "collector", lambda: taking), redirect_stdout(written):
        for _ in range(ROUNDS):
            began_s = time.process_time()
            for _ in range(REQUESTS):
                collect_events.handler(event, function_worker.Context("f", "r", time.time() + 15))
            found.cpu_s = min(found.cpu_s, (time.process_time() - began_s) / REQUESTS)
    found.units = found.stream.units / (ROUNDS * REQUESTS)
    found.log_bytes = len(written.getvalue()) / (ROUNDS * REQUESTS)
    return found
