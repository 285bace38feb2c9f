"""Limits of the services: what is never asked of them, what a full batch takes, and how evenly shards are used."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cdk.config import LEAST_MEMORY_MB
from test_client.packing import Packer
from test_client.sending import PACKED_BUCKETS, RAW_BUCKETS
from test_client.source import Item

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux' /proc")
ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "streaming_lambdas").rglob("*.py")) + sorted((ROOT / "batch_jobs").glob("*.py"))
NEVER_CALLED = {"transact_write_items", "transact_get_items", "batch_write_item", "update_item"}
NEVER_PASSED = {"ClientRequestToken", "UpdateExpression"}
PEAK_MB = """
def peak_mb():
    # Of this program alone: the usual figure (ru_maxrss) begins with that of the process which started it.
    lines = open("/proc/self/status", encoding="ascii").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024
"""
FULL_BATCH = (
    PEAK_MB
    + """
import base64, json, sys
sys.path[:0] = [".", "streaming_lambdas"]
from datetime import UTC, datetime
from clickstream.stream.applying import Applier
from clickstream.intake.kinesis import decode_batch
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.stream.processing import EventProcessor
from local_aws.batch import MAX_PAYLOAD_BYTES, Batcher, BatchLimits
from local_aws.record import RecordEncoder, event_payload
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import encoded

now = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
encoder = RecordEncoder("arn:aws:kinesis:us-east-1:123456789012:stream/events", "shardId-000000000000")
batcher = Batcher(BatchLimits(records=10_000, window_s=10))
number = 0
while not batcher.is_full:
    number += 1
    fields = {"session_id": f"s{number % 900}", "page_url": f"/p/{number % 2000}", "properties": {"text": "x" * 500}}
    data = encoded(event_id=str(number), **fields)
    words = {"sequence_number": str(number), "partition_key": "k", "arrival_time": now.timestamp()}
    batcher.add([encoder.encode(data=data, **words)], 0)
payload = event_payload(batcher.take(0, is_tip=False))
assert 0.99 * MAX_PAYLOAD_BYTES < len(payload) <= MAX_PAYLOAD_BYTES
bucket = MemoryBucket()
ledger = Ledger(MemoryTable(), bucket)
applier = Applier(ledger, MemoryTable(), MemoryTable(), 30, lambda: now)
processor = EventProcessor(ledger=ledger, bucket=bucket, applier=applier, epochs=Epochs(lambda _: "1", lambda: now),
                           now=lambda: now)
done = processor.process(decode_batch(json.loads(payload)), "run")
print(done.total("landed"), peak_mb())
"""
)

BOMB = (
    PEAK_MB
    + """
import sys
sys.path[:0] = [".", "streaming_lambdas"]
from datetime import UTC, datetime
from clickstream.intake.kinesis import Batch
from clickstream.intake.portions import portion
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import encoded, record, zstd

now = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
line, lines = encoded(properties={"text": "x" * int(sys.argv[1])}), int(sys.argv[2])
bomb = zstd(b"\\n".join([line] * lines))
records = tuple(record(bomb, number, now) for number in range(1, 10_001))
bucket = MemoryBucket()
ledger = Ledger(MemoryTable(), bucket)
applier = Applier(ledger, MemoryTable(), MemoryTable(), 30, lambda: now)
processor = EventProcessor(ledger=ledger, bucket=bucket, applier=applier, epochs=Epochs(lambda _: "1", lambda: now),
                           now=lambda: now)
landed, done = 0, 0
for run in range(3):
    part = portion(Batch("arn", "shardId-0", records[done:]))
    landed += processor.process(part.batch, str(run)).total("landed")
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
    assert not called & NEVER_CALLED
    assert not passed & NEVER_PASSED


@needs_proc
def test_a_full_batch_fits_the_memory_of_a_function() -> None:
    """6 MB of events are archived and counted within half of what every deployed function has at least."""
    result = subprocess.run([sys.executable, "-c", FULL_BATCH], cwd=ROOT, capture_output=True, text=True, check=True)
    landed, peak_mb = map(int, result.stdout.split())
    assert landed > 5_000
    assert peak_mb < LEAST_MEMORY_MB / 2


@needs_proc
@pytest.mark.parametrize(("text", "lines"), [(0, 10_000), (9_000, 3_500)], ids=["short", "long"])
def test_a_batch_that_unfolds_to_millions_fits_too(text: int, lines: int) -> None:
    """Of 10,000 records of the same event over and over, each invocation takes what fits, and says where to go on."""
    command = [sys.executable, "-c", BOMB, str(text), str(lines)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    landed, peak_mb = map(int, result.stdout.split())
    assert landed > 20_000
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
