"""Which rows a tombstone erases, and what it keeps of the person."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from clickstream.errors import LakeError
from clickstream.lake.tombstones import COLUMNS, Name, TombstoneLog, Tombstones
from clickstream.tables import RAW_EVENTS
from tests.simulation.fakes import MemoryBucket

UNTIL = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = UNTIL + timedelta(microseconds=1)
SCHEMA = pa.schema([RAW_EVENTS.schema.field(name) for name in COLUMNS])
PERSON = Name("user_id", "p1")


def erased(row: dict[str, object], *event_ids: str) -> bool:
    """Whether a row is erased by the tombstone of PERSON and of these events."""
    log = TombstoneLog(MemoryBucket())
    log.append("r", [PERSON], event_ids, UNTIL)
    table = pa.Table.from_pylist([{"event_id": "e", "time_source": "event"} | row], schema=SCHEMA)
    (answer,) = Tombstones.of(log.read()).erased(table).to_pylist()
    return bool(answer)


@pytest.mark.parametrize(
    ("row", "is_erased"),
    [
        ({"user_id": "p1", "event_time": UNTIL}, True),
        ({"user_id": "p1", "event_time": LATER}, False),
        ({"user_id": "p1", "event_time": None, "received_time": UNTIL}, True),
        ({"user_id": "p2", "event_time": UNTIL}, False),
        ({"session_id": "p1", "event_time": UNTIL}, False),
        ({"user_id": None, "event_time": UNTIL}, False),
    ],
)
def test_a_person_is_erased_up_to_the_request(row: dict[str, object], is_erased: bool) -> None:
    """In the column that was named, up to that instant and not later."""
    assert erased(row) == is_erased


@pytest.mark.parametrize(
    ("row", "is_erased"),
    [
        ({"event_time": LATER, "time_source": "received"}, True),
        ({"event_time": LATER, "time_source": None}, True),
        ({"event_time": UNTIL}, True),
        ({"event_time": LATER}, False),
    ],
)
def test_an_erased_event_does_not_come_back_with_a_new_time(row: dict[str, object], is_erased: bool) -> None:
    """A copy is known by its id, whoever it names; an event with a later time of its own is another one."""
    assert erased(row, "e", "f") == is_erased
    assert not erased(row, "g")


def test_tombstones_are_numbered_and_hold_no_id() -> None:
    """Two requests at a time get two numbers; a reader that knew the first sees the second."""
    bucket = MemoryBucket()
    one, other = TombstoneLog(bucket), TombstoneLog(bucket)
    assert one.append("r1", [PERSON], ["event"], UNTIL).number == 1
    assert other.append("r2", [Name("session_id", "s1")], [], UNTIL).number == 2
    assert [found.request_id for found in one.read()] == ["r1", "r2"]
    assert not any(word in body for body, _ in bucket.objects.values() for word in (b'"p1"', b'"s1"', b'"event"'))


def test_the_later_of_two_requests_counts() -> None:
    """A person who asks twice is erased up to the second time."""
    log = TombstoneLog(MemoryBucket())
    for until in (LATER, UNTIL):
        log.append("r", [PERSON], [], until)
    assert Tombstones.of(log.read()).people == {PERSON.digest: LATER}


def test_a_broken_tombstone_stops_the_reader() -> None:
    """Nobody compacts without knowing who was erased."""
    bucket = MemoryBucket()
    bucket.put("_tombstones/00000001.json", b"{")
    with pytest.raises(LakeError, match="00000001"):
        TombstoneLog(bucket).read()
