"""Limits of the services: what is never asked of them, what a full batch takes, and how evenly shards are used."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cdk.config import LEAST_MEMORY_MB
from clickstream_tracker.packing import Item, Packer
from test_client.sending import PACKED_BUCKETS, RAW_BUCKETS

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux' /proc")
ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "streaming_lambdas").rglob("*.py")) + sorted((ROOT / "batch_jobs").glob("*.py"))
NEVER_CALLED = {"transact_write_items", "transact_get_items", "batch_write_item", "update_item"}
NEVER_PASSED = {"ClientRequestToken", "UpdateExpression"}
MAY_DOUBLE = {"aws_collector.py": {"update_item", "UpdateExpression"}}
"""A lease taken twice only leaves less of a limit on traffic; it counts no event."""
PEAK_MB = """
def peak_mb():
    # Of this program alone: the usual figure (ru_maxrss) begins with that of the process which started it.
    lines = open("/proc/self/status", encoding="ascii").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024
"""
CONSUMERS = (
    PEAK_MB
    + """
import sys
sys.path[:0] = [".", "streaming_lambdas"]
from datetime import UTC, datetime
from clickstream.detection.detecting import AnomalyDetector
from clickstream.intake.portions import portion
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import encoded, record, zstd

now = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
bucket, sessions, epochs = MemoryBucket(), MemoryTable(), Epochs(lambda _: "1", lambda: now)
ledger = Ledger(MemoryTable(), bucket)
applier = Applier(ledger, MemoryTable(), MemoryTable(), 30, lambda: now)
processor = EventProcessor(ledger, bucket, applier, epochs, lambda: now)
detector = AnomalyDetector(sessions, MemoryTable(), lambda _: None, epochs, lambda: now)

def process_events(batch, run_id):
    return processor.process(batch, run_id).total("landed")

def detect_anomalies(batch, _):
    before = seen()
    detector.detect(batch)
    return seen() - before

def seen():
    return sum(page["events"] for page in sessions.scan())

consume = {"process_events": process_events, "detect_anomalies": detect_anomalies}[sys.argv[1]]
"""
)
FULL_BATCH = (
    CONSUMERS
    + """
import json
from hashlib import sha256
from clickstream.intake.kinesis import decode_batch
from local_aws.batch import MAX_PAYLOAD_BYTES, Batcher, BatchLimits
from local_aws.record import RecordEncoder, event_payload

packed = int(sys.argv[2])
encoder = RecordEncoder("arn:aws:kinesis:us-east-1:123456789012:stream/events", "shardId-000000000000")
batcher = Batcher(BatchLimits(records=10_000, window_s=10))
number = 0
while not batcher.is_full:
    number += 1
    fields = {"session_id": f"s{number % 900}", "page_url": f"/p/{number % 2000}", "properties": {"text": "x" * 500}}
    data = encoded(event_id=str(number), **fields)
    if packed > 1:
        lines = [
            encoded(event_id=sha256(f"{number} {n}".encode()).hexdigest(), session_id=f"s{number % 300 + n % 3}",
                    page_url=f"/p/{number * n % 2000}?q={number}", user_agent=f"Mozilla/5.0 (X11; Linux) {n % 40}")
            for n in range(packed)
        ]
        data = zstd(b"\\n".join(lines))
    words = {"sequence_number": str(number), "partition_key": "k", "arrival_time": now.timestamp()}
    batcher.add([encoder.encode(data=data, **words)], 0)
payload = event_payload(batcher.take(0, is_tip=False))
assert 0.99 * MAX_PAYLOAD_BYTES < len(payload) <= MAX_PAYLOAD_BYTES
part = portion(decode_batch(json.loads(payload)))
print(consume(part.batch, "run"), peak_mb())
"""
)

BOMB = (
    CONSUMERS
    + """
from clickstream.intake.kinesis import Batch

line, lines = encoded(session_id="s", properties={"text": "x" * int(sys.argv[2])}), int(sys.argv[3])
bomb = zstd(b"\\n".join([line] * lines))
records = tuple(record(bomb, number, now) for number in range(1, 10_001))
landed, done = 0, 0
for run in range(3):
    part = portion(Batch("arn", "shardId-0", records[done:]))
    landed += consume(part.batch, str(run))
    done += len(part.batch.records)
    assert part.rest == str(done + 1)
assert landed == done * lines
print(landed, peak_mb())
"""
)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_no_operation_is_used_that_a_retry_could_double(path: Path) -> None:
    """Writes are single conditional puts: no ADD, no transactions or write batches whose parts must be told apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    passed = {word.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords}
    may_double = MAY_DOUBLE.get(path.name, set())
    assert not called & NEVER_CALLED - may_double
    assert not passed & NEVER_PASSED - may_double


def measured(script: str, *words: object) -> tuple[int, int]:
    """Events that a program of its own took in, and the megabytes that it held at most."""
    command = [sys.executable, "-c", script, *map(str, words)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    events, peak_mb = map(int, result.stdout.split())
    return events, peak_mb


@needs_proc
@pytest.mark.parametrize(
    ("consumer", "packed", "least"),
    [("process_events", 1, 5_000), ("process_events", 200, 40_000), ("detect_anomalies", 200, 40_000)],
)
def test_a_full_batch_fits_the_memory_of_a_function(consumer: str, packed: int, least: int) -> None:
    """6 MB of events, one or 200 a record, take half of what every deployed function has at least, in each consumer."""
    events, peak_mb = measured(FULL_BATCH, consumer, packed)
    assert events > least
    assert peak_mb < LEAST_MEMORY_MB / 2


@needs_proc
@pytest.mark.parametrize(
    ("consumer", "text", "lines"),
    [("process_events", 0, 10_000), ("process_events", 9_000, 3_500), ("detect_anomalies", 0, 10_000)],
    ids=["short", "long", "sessions"],
)
def test_a_batch_that_unfolds_to_millions_fits_too(consumer: str, text: int, lines: int) -> None:
    """Of 10,000 records of the same event over and over, each invocation takes what fits, and says where to go on."""
    events, peak_mb = measured(BOMB, consumer, text, lines)
    assert events > 20_000
    assert peak_mb < 700


@pytest.mark.parametrize(("buckets", "is_raw"), [(PACKED_BUCKETS, False), (RAW_BUCKETS, True)])
@pytest.mark.parametrize("shards", [2, 4, 8])
def test_no_shard_gets_much_more_than_its_share(buckets: int, shards: int, *, is_raw: bool) -> None:
    """Of 10,000 sessions the fullest shard has at most 1.5 times the mean, however popular a page is."""
    packer = Packer(buckets, is_raw=is_raw)
    items = [Item(b'{"page_url": "/the-one-page"}', f"s-{number}", 0) for number in range(10_000)]
    records = [record for item in items for record in packer.add(item)] + list(packer.flush())
    events: Counter[int] = Counter()
    for record in records:
        events[int(record.explicit_hash_key) * shards >> 128] += record.events
    assert events.total() == 10_000
    assert max(events.values()) <= 1.5 * 10_000 / shards
