"""A place in a lane is ours if nobody had it, or if it holds this very commit."""

import pytest

from clickstream.ledger import Commit, Ledger, Reparsed
from clickstream.stream.appending import appended
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.unit.test_ledger import LANE, commit, run

OURS = commit(None, 5)


@pytest.mark.parametrize(
    ("winner", "is_ours"),
    [
        (OURS, True),
        (commit(None, 5, written_time="2026-11-21T09:05:31+00:00"), True),
        (commit(None, 5, run_id="other"), False),
        (commit(None, 5, ranges=(run(1, 4),)), False),
        (commit(None, 5, reparsed=(Reparsed("bad_events/1", ((0, 0),)),)), False),
    ],
)
def test_a_taken_place_is_ours_only_with_our_run_and_our_work(winner: Commit, *, is_ours: bool) -> None:
    """A run writes several commits: another one of the same run is as foreign as one of another run."""
    ledger = Ledger(MemoryTable(), MemoryBucket())
    ledger.append(winner)
    assert appended(ledger, OURS) is is_ours
    assert list(ledger.commits(LANE)) == [winner]


def test_a_free_place_is_taken_and_the_lane_known() -> None:
    """Registered before its first commit, and only then."""
    table = MemoryTable()
    ledger = Ledger(table, MemoryBucket())
    assert appended(ledger, commit(5, 9))
    assert ledger.lanes("process_events") == []
    assert appended(ledger, OURS)
    assert ledger.lanes("process_events") == [LANE]
