"""The ledger: commits come back as they went in, in order, and the work list names their objects."""

from hashlib import shake_128
from typing import Any

import msgspec
import pytest

from clickstream import ledger as ledger_module
from clickstream.errors import Conflict, LakeError, LedgerError
from clickstream.ledger import Commit, LandedObject, Ledger, PageDelta, Range, totals
from clickstream.ports import Item, Key
from clickstream.positions import START, Lane, ordinal, padded
from tests.simulation.fakes import ITEM_BYTES, MemoryBucket, MemoryTable

LANE = Lane("process_events", "1763000000", "shardId-000000000000")


def run(first: int, last: int) -> Range:
    """The records from first to last."""
    return Range(padded(str(first)), padded(str(last)))


def commit(previous: int | None, last: int, lane: Lane = LANE, **fields: Any) -> Commit:
    """A commit of the records after `previous`, up to `last`."""
    usual: dict[str, Any] = {
        "lane": lane,
        "previous": START if previous is None else padded(str(previous)),
        "last": padded(str(last)),
        "ranges": (run((previous or 0) + 1, last),),
        "objects": (LandedObject(f"landing/{last}", "landing", "2026-11-21T09", 2),),
        "records": 2,
        "events": 3,
        "landed": 2,
        "bad": 1,
        "run_id": f"run-{last}",
        "written_time": "2026-11-21T09:05:30+00:00",
        "code_version": "dev",
        "deltas": {"2026-11-21T09:05": PageDelta(2, {"click": 2}, {"direct": 2}, {"bot": 2}, {"/": 1}, visitors=b"x")},
    }
    return Commit(**usual | fields)


@pytest.fixture
def table() -> MemoryTable:
    """An empty ledger table."""
    return MemoryTable()


@pytest.fixture
def bucket() -> MemoryBucket:
    """An empty bucket."""
    return MemoryBucket()


@pytest.fixture
def ledger(table: MemoryTable, bucket: MemoryBucket) -> Ledger:
    """A ledger over both."""
    return Ledger(table, bucket)


def filled(ledger: Ledger, *ends: int, lane: Lane = LANE) -> None:
    """A chain of commits that end there."""
    for previous, last in zip((None, *ends), ends, strict=False):
        ledger.append(commit(previous, last, lane))


def test_a_commit_comes_back_as_it_went_in(ledger: Ledger, bucket: MemoryBucket) -> None:
    """Small deltas stand in the item itself."""
    ledger.append(commit(None, 10))
    assert ledger.head(LANE) == commit(None, 10) == ledger.at(LANE, START)
    assert bucket.objects == {}


NAMES = [shake_128(bytes([n // 256, n % 256])).hexdigest(150) for n in range(2400)]
"""Names that cannot be compressed to less than half."""
LARGE = {
    f"2026-11-21T{n // 60:02}:{n % 60:02}": PageDelta(1, {NAMES[n]: 1}, pages={NAMES[-n - 1]: 1}) for n in range(1200)
}
MANY = tuple(LandedObject("landing/" + "k" * 300 + str(n), "landing", "2026-11-21T09", 1) for n in range(300))


@pytest.mark.parametrize(
    "fields", [{"deltas": LARGE}, {"deltas": dict(list(LARGE.items())[:700]), "objects": MANY}], ids=["deltas", "both"]
)
def test_a_commit_too_large_for_an_item_keeps_its_deltas_beside_it(
    ledger: Ledger, table: MemoryTable, bucket: MemoryBucket, fields: dict[str, Any]
) -> None:
    """The item stays below DynamoDB's limit, whichever part is large, and reads back the same."""
    large = commit(None, 10, **fields)
    ledger.append(large)
    assert ledger.head(LANE) == large
    assert [key.startswith("ledger_deltas/process_events/") for key in bucket.objects] == [True]
    assert max(map(len, table.items.values())) < ITEM_BYTES


def test_a_lost_delta_object_is_said_aloud(
    ledger: Ledger, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit without its deltas is not taken for one that adds nothing."""
    monkeypatch.setattr(ledger_module, "INLINE_BYTES", 10)
    ledger.append(commit(None, 10))
    bucket.objects.clear()
    with pytest.raises(LakeError, match="ledger_deltas/"):
        ledger.head(LANE)


def test_an_unreadable_commit_is_a_ledger_error(ledger: Ledger, table: MemoryTable) -> None:
    """An item of another shape names itself instead of failing somewhere later."""
    ledger.append(commit(None, 10))
    key = Key(f"commit#{LANE}", START)
    table.put((table.get(key) or {}) | {"records": "many"})
    with pytest.raises(LedgerError, match=r"commit#process_events.*-start cannot be read"):
        ledger.head(LANE)


def test_a_place_in_the_chain_is_taken_once(ledger: Ledger) -> None:
    """The second successor of the same commit conflicts, and the first stays."""
    filled(ledger, 10, 20)
    with pytest.raises(Conflict):
        ledger.append(commit(10, 25))
    assert ledger.at(LANE, padded("10")) == commit(10, 20)
    assert ledger.at(LANE, padded("15")) is None


def test_the_head_is_the_newest_of_its_own_lane(ledger: Ledger) -> None:
    """START sorts before every number, numbers sort as numbers, and lanes do not mix."""
    assert ledger.head(LANE) is None
    filled(ledger, 9, 10, 100)
    filled(ledger, 5000, lane=LANE.fill)
    head = ledger.head(LANE)
    assert head
    assert head.last == padded("100")
    assert [int(found.last) for found in ledger.commits(LANE)] == [9, 10, 100]
    assert ledger.head(LANE._replace(epoch="1")) is None


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(1, 10, [10]), (10, 11, [10, 20]), (11, 20, [20]), (20, 20, [20]), (21, 30, [30]), (5, 25, [10, 20, 30])],
)
def test_covering_finds_every_commit_that_holds_a_record(
    ledger: Ledger, first: int, last: int, expected: list[int]
) -> None:
    """All commits whose ranges meet the records are found, at the boundaries too."""
    filled(ledger, 10, 20, 30)
    found = ledger.covering(LANE, padded(str(first)), padded(str(last)))
    holding = [c for c in found if any(c.covers(padded(str(n))) for n in range(first, last + 1))]
    assert sorted(int(c.last) for c in holding) == expected


def test_covering_reads_a_few_commits_of_a_long_lane(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redelivery near the head does not read the whole lane."""
    filled(ledger, *range(10, 2000, 10))
    original = Ledger._decode
    decoded: list[Item] = []

    def counted(self: Ledger, item: Item) -> Commit:
        decoded.append(item)
        return original(self, item)

    monkeypatch.setattr(Ledger, "_decode", counted)
    ledger.covering(LANE, padded("1975"), padded("1990"))
    assert len(decoded) <= 4


def test_the_fill_lane_covers_too(ledger: Ledger) -> None:
    """A hole in the main lane's ranges that the fill lane has closed is covered."""
    ledger.append(commit(None, 20, ranges=(run(11, 20),)))
    fill = commit(None, 1, LANE.fill, ranges=(run(3, 4), run(7, 9)))
    ledger.append(msgspec.structs.replace(fill, last=ordinal(1)))
    found = ledger.covering(LANE, padded("1"), padded("12"))
    covered = [n for n in range(1, 13) if any(c.covers(padded(str(n))) for c in found)]
    assert covered == [3, 4, 7, 8, 9, 11, 12]


def test_lanes_are_known_by_consumer(ledger: Ledger) -> None:
    """Main and fill lanes of one consumer, and not those of another whose name begins alike."""
    other = Lane("process_events_too", "1", "s")
    for lane in (LANE, LANE.fill, other, LANE):
        ledger.register(lane)
    assert ledger.lanes("process_events") == [LANE, LANE.fill]
    assert ledger.lanes("process_events_too") == [other]


def test_the_work_list_names_each_object_once(ledger: Ledger) -> None:
    """By received hour, of every commit of every lane; adding a commit again changes nothing."""
    a, b, c = (LandedObject(f"k{n}", "landing", f"2026-11-21T{n:02}", n) for n in (9, 10, 11))
    bad = LandedObject("bad", "bad_events", "2026-11-21T09", 1)
    for _ in range(2):
        ledger.add_work(commit(None, 10, objects=(a, b, bad)))
        ledger.add_work(commit(10, 20, objects=(c,)))
        ledger.add_work(commit(None, 1, LANE.fill, objects=(msgspec.structs.replace(a, key="fill"),)))
    assert ledger.hours() == ["2026-11-21T09", "2026-11-21T10", "2026-11-21T11"]
    assert sorted(landed.key for landed in ledger.work("2026-11-21T09")) == ["bad", "fill", "k9"]
    assert ledger.work("2026-11-21T10") == [b]
    assert ledger.work("2026-11-21T12") == []


def test_totals_sum_the_terms_of_the_ledger() -> None:
    """Each term is summed by itself."""
    assert totals([commit(None, 10), commit(10, 20)]) == {"records": 4, "events": 6, "landed": 4, "bad": 2}
    assert totals([]) == {"records": 0, "events": 0, "landed": 0, "bad": 0}
