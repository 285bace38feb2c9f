"""Packing: every line once and unchanged, a session in one bucket and in order, a record within one PUT unit."""

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_tracker.errors import EventError
from clickstream_tracker.packing import MAX_EVENTS, PUT_UNIT_BYTES, Item, Packer, Record, bucket_of
from test_client.sending import arrival_key
from test_client.simulator import simulate
from test_client.source import _glance_at

BUCKETS = 16


def seeded(seed: int) -> Random:
    """A generator that is the same in every run."""
    return Random(seed)  # noqa: S311 - test data, no secret


@cache
def day() -> tuple[Item, ...]:
    """The lines of a simulated day."""
    return tuple(_glance_at(line.data) for line in simulate(20_000, 4))


def pack(packer: Packer, items: Iterable[Item]) -> Iterator[Record]:
    """All records of the items."""
    for item in items:
        yield from packer.add(item)
    yield from packer.flush()


def unpack(record: Record) -> list[bytes]:
    """The lines of a packed record."""
    data: bytes = pa.input_stream(io.BytesIO(record.data), compression="zstd").read()
    return data.split(b"\n")


def by_bucket(items: Iterable[Item]) -> dict[int, list[bytes]]:
    """The lines that each bucket should hold, in order."""
    expected: dict[int, list[bytes]] = defaultdict(list)
    for item in items:
        expected[bucket_of(item, BUCKETS)].append(item.data)
    return expected


def test_every_line_once_unchanged_and_in_order_within_its_bucket() -> None:
    """Unpacking all records of a bucket gives its lines back, in order."""
    items = day()
    found: dict[int, list[bytes]] = defaultdict(list)
    for record in pack(Packer(BUCKETS), items):
        found[record.bucket].extend(unpack(record))
    assert found == by_bucket(items)
    assert len(found) == BUCKETS


def test_records_fill_one_put_unit() -> None:
    """No record is larger than a PUT unit, and most carry far more than a hundred events."""
    records = list(pack(Packer(BUCKETS), day()))
    assert max(len(record.data) for record in records) <= PUT_UNIT_BYTES
    assert max(record.events for record in records) <= MAX_EVENTS
    events = sorted(record.events for record in records)
    assert events[len(events) // 2] >= 190
    assert sum(events) / len(events) >= 150


def test_records_that_compress_badly_are_split() -> None:
    """Lines of noise still make records within a PUT unit, whatever compressed well before them."""
    rng = seeded(1)
    well = [Item(b'{"a":"' + b"x" * 200 + b'"}', "s", 0) for _ in range(600)]
    badly = [Item(rng.randbytes(300).replace(b"\n", b"."), "s", 0) for _ in range(600)]
    records = list(pack(Packer(1), well + badly))
    assert max(len(record.data) for record in records) <= PUT_UNIT_BYTES
    assert [line for record in records for line in unpack(record)] == [item.data for item in well + badly]


def test_a_line_larger_than_a_put_unit_travels_alone() -> None:
    """A large line that does not compress makes a record of its own."""
    large = Item(seeded(2).randbytes(60_000).replace(b"\n", b"."), "s", 0)
    small = Item(b"{}", "s", 0)
    records = list(pack(Packer(1), [small, large, small]))
    assert [record.events for record in records] == [1, 1, 1]


def test_a_line_larger_than_a_record_is_refused() -> None:
    """What Kinesis cannot hold is an error, not a silent loss."""
    with pytest.raises(EventError, match="more than a Kinesis record can hold"):
        list(pack(Packer(1), [Item(seeded(2).randbytes(1_100_000), "s", 0)]))


def test_hash_keys_spread_over_the_shards() -> None:
    """Two equal shards get half of the buckets each, and a bucket has one partition key and one hash key."""
    records = list(pack(Packer(BUCKETS), day()))
    keys = {record.bucket: (record.partition_key, record.explicit_hash_key) for record in records}
    assert all(keys[record.bucket] == (record.partition_key, record.explicit_hash_key) for record in records)
    shards = Counter(int(hash_key) >> 127 for _, hash_key in keys.values())
    assert shards == {0: BUCKETS // 2, 1: BUCKETS // 2}
    assert keys[7][0] == "b007"


def test_sessions_spread_over_the_buckets() -> None:
    """No bucket gets much more than its share of many sessions."""
    counts = Counter(bucket_of(Item(b"", f"s-{number}", 0), BUCKETS) for number in range(16_000))
    assert max(counts.values()) < 1.2 * 1_000


def test_a_line_without_session_goes_by_its_bytes() -> None:
    """A bad line always falls into the same bucket, and different ones into different buckets."""
    buckets = {bucket_of(Item(b"bad %d" % number, None, 0), BUCKETS) for number in range(200)}
    assert len(buckets) == BUCKETS
    assert bucket_of(Item(b"bad", None, 0), BUCKETS) == bucket_of(Item(b"bad", None, 5), BUCKETS)


def test_raw_records_are_the_lines() -> None:
    """Raw means one line a record, byte for byte."""
    items = day()[:200]
    records = list(pack(Packer(BUCKETS, is_raw=True), items))
    assert [record.data for record in records] == [item.data for item in items]


def test_arrival_of_the_last_line_is_in_the_partition_key() -> None:
    """With arrival times a record's key ends in the arrival of its last line."""
    items = [Item(b"{}", "s", 1_000), Item(b"{}", "s", 2_500)]
    (record,) = pack(Packer(1, key_of=arrival_key), items)
    assert record.partition_key == "b000@2500"


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=80), st.sampled_from(["a", "b", "c", None])), max_size=60),
    st.integers(1, 5),
)
def test_packing_loses_nothing(lines: list[tuple[bytes, str | None]], buckets: int) -> None:
    """Whatever the lines are, they come out once each, in order within their bucket."""
    items = [Item(data.replace(b"\n", b"?"), session_id, 0) for data, session_id in lines]
    found: dict[int, list[bytes]] = defaultdict(list)
    for record in pack(Packer(buckets), items):
        found[record.bucket].extend(unpack(record))
    for bucket in range(buckets):
        assert found[bucket] == [item.data for item in items if bucket_of(item, buckets) == bucket]
