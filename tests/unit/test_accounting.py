"""The ledger's account: what it counts per hour, and that each identity, broken, is named with lane and range."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from clickstream.lake.accounting import Account, account_fill, account_lake, account_lane, account_objects
from clickstream.lake.generations import Generation, OutputFile
from clickstream.ledger import Commit, LandedObject, Ledger, PageDelta, Range, Reparsed
from clickstream.positions import START, Lane, ordinal, padded
from tests.simulation.fakes import MemoryBucket, MemoryTable

LANE = Lane("process_events", "1763000000", "shardId-0")
HOUR = "2026-11-21T09"
BAD_KEY = "bad_events/dt=2026-11-21/hour=9/x.parquet"


def commit(first: int, last: int, before: int | None, /, **fields: Any) -> Commit:
    """A sound commit of some records: two events landed, one is bad."""
    usual: dict[str, Any] = {
        "lane": LANE,
        "previous": START if before is None else padded(str(before)),
        "last": padded(str(last)),
        "ranges": (Range(padded(str(first)), padded(str(last))),),
        "objects": (LandedObject(f"landing/{last}", "landing", HOUR, 2), LandedObject(BAD_KEY, "bad_events", HOUR, 1)),
        "records": 3,
        "events": 3,
        "landed": 2,
        "bad": 1,
        "run_id": "run",
        "written_time": f"2026-11-21T09:{last:02}:00+00:00",
        "code_version": "test",
        "deltas": {f"{HOUR}:05": PageDelta(events=2)},
        "hours": {HOUR: 3},
    }
    return Commit(**usual | fields)


def reparse(**fields: Any) -> Commit:
    """A commit that takes one bad event back."""
    usual: dict[str, Any] = {
        "lane": LANE.reparse,
        "previous": START,
        "last": ordinal(1),
        "ranges": (),
        "objects": (LandedObject("landing/r", "landing", HOUR, 1),),
        "records": 0,
        "events": 0,
        "landed": 1,
        "bad": -1,
        "deltas": {f"{HOUR}:05": PageDelta(events=1)},
        "hours": {},
        "reparsed": (Reparsed(BAD_KEY, ((0, 0),)),),
    }
    return commit(1, 1, None, **usual | fields)


def generation(**fields: Any) -> Generation:
    """The generation of the two commits below."""
    usual: dict[str, Any] = {
        "generation": 1,
        "run_id": "run",
        "hour": HOUR,
        "inputs": ("landing/3", "landing/6"),
        "outputs": (),
        "landed": 4,
        "rows": 3,
        "redelivered": 0,
        "duplicates": 1,
        "quarantined": 0,
        "erased": 0,
        "rows_per_event_date": {},
        "previous_generation": None,
        "written_time": datetime(2026, 11, 21, tzinfo=UTC),
        "code_version": "test",
    }
    return Generation(**usual | fields)


FIRST, SECOND = commit(1, 3, None), commit(4, 6, 3)


def ledger_of(*commits: Commit) -> Ledger:
    """A ledger with these commits, all applied."""
    ledger = Ledger(MemoryTable(), MemoryBucket())
    for one in commits:
        ledger.register(one.lane)
        ledger.append(one)
        ledger.add_work(one)
    return ledger


def problems(*commits: Commit, since: datetime | None = None, lake: tuple[Generation, ...] = ()) -> list[str]:
    """What the account finds."""
    ledger, account = ledger_of(*commits), Account()
    for lane in ledger.lanes("process_events"):
        list(account_lane(account, ledger, lane, since))
    account_fill(account, ledger, LANE)
    account_lake(account, ledger, lake)
    return [str(disagreement) for disagreement in account.disagreements]


def test_counts_of_an_hour() -> None:
    """Records, events, landed, open bad and recovered events, rows and what waits, each from its own place."""
    ledger, account = ledger_of(FIRST, SECOND, reparse()), Account()
    for lane in ledger.lanes("process_events"):
        list(account_lane(account, ledger, lane))
    account_lake(account, ledger, [generation()])
    expected = {"records": 6, "events": 6, "landed": 5, "bad": 1, "recovered": 1, "rows": 3, "waiting": 1}
    assert {name: account.hours[HOUR][name] for name in expected} == expected
    assert account.total("duplicates") == 1
    assert account.disagreements == []


def test_a_late_start_is_no_broken_chain() -> None:
    """With `since`, what lies before is neither counted nor missed; without it, a missing beginning is named."""
    later = datetime(2026, 11, 21, 9, 4, tzinfo=UTC)
    assert problems(SECOND, since=later) == []
    assert "the commits up to 3 are missing" in problems(SECOND)[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"events": 4}, "4 events are not 2 landed and 1 bad"),
        ({"landed": 3, "events": 4}, "its objects hold 2 rows"),
        ({"bad": 2, "events": 4}, "2 bad events, but 1 archived and 0 taken back"),
        ({"deltas": {f"{HOUR}:05": PageDelta(events=1)}}, "its minutes count 1"),
        ({"hours": {HOUR: 2}}, "3 records, but its hours count 2"),
        ({"ranges": (Range(padded("3"), padded("6")),)}, "its range does not follow its predecessor"),
        ({"ranges": (Range(padded("4"), padded("5")),)}, "its range does not follow its predecessor"),
    ],
)
def test_a_commit_that_does_not_add_up_is_named(change: dict[str, Any], problem: str) -> None:
    """Each identity within a commit, broken alone, is said with the lane and the range of that commit."""
    found = problems(FIRST, msgspec.structs.replace(SECOND, **change))
    assert any(str(LANE) in sentence and "…" in sentence and problem in sentence for sentence in found)


def test_a_broken_chain_is_named() -> None:
    """A commit that does not begin where its predecessor ends."""
    assert any("the chain is broken: its predecessor ends at 3" in text for text in problems(FIRST, commit(6, 8, 5)))


@pytest.mark.parametrize(
    ("ranges", "problem"),
    [((4, 5), "its records are in the lane"), ((2, 9), "its records are in the lane"), ((7, 8), None)],
)
def test_a_fill_commit_repeats_nothing(ranges: tuple[int, int], problem: str | None) -> None:
    """A fill range that meets a range of the lane itself is named, one in a gap is not."""
    first, last = ranges
    fields: dict[str, Any] = {"lane": LANE.fill, "last": ordinal(1)}
    found = problems(FIRST, SECOND, commit(9, 11, 6), commit(first, last, None, **fields))
    repeats = [text for text in found if "its records are" in text]
    assert bool(repeats) == bool(problem)
    assert all(str(problem) in text for text in repeats)


def test_two_fill_commits_share_no_record() -> None:
    """Ranges of two fill commits that meet are named."""
    one = commit(1, 2, None, lane=LANE.fill, last=ordinal(1))
    two = commit(2, 3, None, lane=LANE.fill, previous=ordinal(1), last=ordinal(2))
    assert any("in another fill commit too" in text for text in problems(one, two))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"landed": 3, "rows": 2}, "4 events landed, 3 are compacted and 0 wait for it"),
        ({"rows": 4}, "4 rows are not 4 landed less 1 removed"),
        ({"redelivered": 1, "duplicates": 0}, "1 rows were landed twice"),
    ],
)
def test_a_lake_that_does_not_add_up_is_named(change: dict[str, Any], problem: str) -> None:
    """Each identity of an hour of the lake, broken alone."""
    assert problems(FIRST, SECOND, lake=(generation(),)) == []
    assert any(problem in text for text in problems(FIRST, SECOND, lake=(generation(**change),)))


def test_rows_that_are_nowhere_else_must_be_there() -> None:
    """A landing object that waits, and a file of the newest generation: each is named once it is gone."""
    ledger, bucket = ledger_of(FIRST, SECOND), MemoryBucket()
    output = OutputFile("raw_events/dt=2026-11-21/hour=9/g=000001-run/part-0.parquet", 2, 100)
    newest = generation(inputs=("landing/3",), outputs=(output,))
    bucket.put("landing/6", b"waits")
    bucket.put(output.key, b"compacted")
    for gone in ("", "landing/6", output.key):
        account = Account()
        bucket.delete(gone)
        account_objects(account, bucket, ledger, [newest])
        assert any(gone in str(found) for found in account.disagreements) == bool(gone)
        expired = Account()
        account_objects(expired, bucket, ledger, [newest], "2026-11-21T11")
        assert not expired.disagreements
        if gone:
            bucket.put(gone, b"restored")
