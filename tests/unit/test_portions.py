"""A batch is taken in portions that fit, and no record is left out between them."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.intake.envelopes import KPL_MAGIC, MAX_EVENTS_PER_RECORD, ZSTD_MAGIC, extent, payloads
from clickstream.intake.kinesis import Batch
from clickstream.intake.portions import Portion, portion, portions
from clickstream.intake.reasons import Rejected
from tests.simulation.records import encoded, kpl_aggregate, record, zstd

PACKED = zstd(b"\n".join([encoded()] * 4))
AGGREGATE = kpl_aggregate([encoded()] * 3)
BATCH = Batch("arn", "shardId-0", tuple(record(data, n) for n, data in enumerate([encoded(), PACKED, AGGREGATE, b"{"])))


@pytest.mark.parametrize(
    ("events", "taken"),
    [(0, 1), (1, 1), (4, 1), (5, 2), (7, 2), (8, 3), (9, 4), (100, 4)],
    ids=lambda value: f"{value}",
)
def test_records_are_taken_while_their_events_fit(events: int, taken: int) -> None:
    """Whole records in order, at least one, and the number of the next one."""
    rest = str(taken) if taken < len(BATCH.records) else None
    assert portion(BATCH, events) == Portion(replace(BATCH, records=BATCH.records[:taken]), rest)


@pytest.mark.parametrize(("events", "lengths"), [(1, [1, 1, 1, 1]), (5, [2, 2]), (8, [3, 1]), (9, [4])], ids=str)
def test_portions_are_the_whole_batch(events: int, lengths: list[int]) -> None:
    """Every record is in one of them, in order."""
    found = list(portions(BATCH, events))
    assert [len(part.records) for part in found] == lengths
    assert tuple(record for part in found for record in part.records) == BATCH.records


def test_records_are_taken_while_their_bytes_fit() -> None:
    """What they unfold to counts, not what they take in the stream."""
    size = 5 * len(encoded()) + 3
    assert len(portion(BATCH, max_bytes=size).batch.records) == 2
    assert len(portion(BATCH, max_bytes=size - 1).batch.records) == 1


@settings(deadline=None, database=None)
@given(
    st.lists(st.sampled_from([b"", b" ", b"{}", b"\xff", encoded()]), max_size=6)
    | st.just([b"{}"] * MAX_EVENTS_PER_RECORD)
    | st.just([b"{}"] * (MAX_EVENTS_PER_RECORD + 1)),
    st.sampled_from(["zstd", "zstd, ended", "aggregate", "plain"]),
    st.sampled_from([b"", b"x", ZSTD_MAGIC, KPL_MAGIC]),
)
def test_a_record_holds_no_more_than_its_extent(events: list[bytes], packing: str, damage: bytes) -> None:
    """However it is packed or damaged, no more events and bytes come out of it than were counted."""
    lines = b"\n".join(events)
    packed = {"zstd": zstd(lines), "zstd, ended": zstd(lines + b"\n"), "aggregate": kpl_aggregate(events)}
    data = packed.get(packing, lines) + damage
    found = [data]
    with contextlib.suppress(Rejected):
        found = payloads(data)
    most, size = extent(data)
    assert len(found) <= most
    assert sum(map(len, found)) <= size
