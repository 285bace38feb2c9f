"""CPU time of `detect_anomalies` on one full batch, and the size of what it stores; the stores themselves cost nothing.

The batch is the second half of every visit of a simulated day, so that most sessions are read, not begun.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from benchmarks.detection_days import SOURCE
from clickstream.detection.detecting import AnomalyDetector
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.rows import read
from clickstream.ports import Item, Key
from clickstream.positions import Epochs, padded
from clickstream_tracker.packing import compress
from test_client.simulator import Simulation
from tests.simulation.fakes import MemoryTable

EVENTS = 70_000
SEED = 55
EVENTS_PER_RECORD = 190
REPEATS = 3
_NOW = datetime(2026, 6, 3, tzinfo=UTC)
_TYPE_BYTES = 3
"""What DynamoDB adds to a nested value."""


class Speed(NamedTuple):
    """Microseconds of CPU per event, and bytes of items as DynamoDB counts them."""

    records: int
    events: int
    sessions: int
    read_us: float
    detect_us: float
    item_bytes: int
    item_bytes_p99: int
    write_units: float
    """Per session: one for each begun KB."""


class _Free(MemoryTable):
    """A table whose calls take next to no time: items are neither copied nor encoded."""

    def __init__(self, held: dict[Key, Item]) -> None:
        super().__init__()
        self.held = held

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist."""
        return {key: self.held[key] for key in keys if key in self.held}

    def put_revision(self, item: Item, read: int | None) -> None:  # noqa: ARG002  the table's signature
        """Write."""
        self.held[Key(item["pk"], item["sk"])] = item


def measured() -> Speed:
    """The best of a few runs over the same batch."""
    first, second = _batches()
    begun = _Free({})
    _detector(begun).detect(first)
    times = [_timed(second, dict(begun.held)) for _ in range(REPEATS)]
    read_s, total_s = (min(column) for column in zip(*((one[0], one[1]) for one in times), strict=True))
    events, pages = times[0][2], times[0][3]
    sizes = sorted(map(item_bytes, pages.values()))
    return Speed(
        records=len(second.records),
        events=events,
        sessions=sum(page["rev"] > begun.held.get(key, {"rev": 0})["rev"] for key, page in pages.items()),
        read_us=1e6 * read_s / events,
        detect_us=1e6 * (total_s - read_s) / events,
        item_bytes=sizes[len(sizes) // 2],
        item_bytes_p99=sizes[len(sizes) * 99 // 100],
        write_units=sum(-(-size // 1024) for size in sizes) / len(sizes),
    )


def _batches() -> tuple[Batch, Batch]:
    """The first and the second half of every visit, in order of arrival."""
    visits = defaultdict(list)
    for number, line in enumerate(Simulation(EVENTS, SEED).lines()):
        if line.kind == "event":
            visits[msgspec.json.decode(line.data)["session_id"]].append((number, line.data))
    early = [line for lines in visits.values() for line in lines[: len(lines) // 2]]
    late = [line for lines in visits.values() for line in lines[len(lines) // 2 :]]
    first = tuple(_records(early, 1))
    return Batch("arn", SOURCE.shard_id, first), Batch("arn", SOURCE.shard_id, tuple(_records(late, 1 + len(first))))


def _records(numbered: list[tuple[int, bytes]], first: int) -> Iterator[Record]:
    """Packed records with numbers from `first` on, as the sender makes them."""
    lines = [line for _, line in sorted(numbered)]
    for place, start in enumerate(range(0, len(lines), EVENTS_PER_RECORD), first):
        data = compress(lines[start : start + EVENTS_PER_RECORD])
        yield Record(str(place), padded(str(place)), _NOW, data)


def _detector(table: MemoryTable) -> AnomalyDetector:
    epochs = Epochs(lambda _: SOURCE.epoch, lambda: _NOW)
    return AnomalyDetector(table, MemoryTable(), lambda _: None, epochs, lambda: _NOW)


def _timed(batch: Batch, held: dict[Key, Item]) -> tuple[float, float, int, dict[Key, Item]]:
    """Seconds of reading the rows, seconds of it all, events, the pages afterwards."""
    table = _Free(held)
    start_s = time.process_time()
    rows = read(batch.records, SOURCE, None)
    middle_s = time.process_time()
    _detector(table).detect(batch)
    return middle_s - start_s, time.process_time() - middle_s, rows.events, table.held


def item_bytes(item: Item) -> int:
    """The size of an item as DynamoDB counts it: names, UTF-8 text, bytes, two digits a byte."""
    return sum(len(name) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: object) -> int:
    if isinstance(value, dict):
        return _TYPE_BYTES + sum(1 + len(str(name)) + _value_bytes(each) for name, each in value.items())
    if isinstance(value, list):
        return _TYPE_BYTES + sum(1 + _value_bytes(each) for each in value)
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int):
        return (len(str(abs(value))) + 1) // 2 + 1
    return len(value) if isinstance(value, bytes) else len(str(value).encode())
