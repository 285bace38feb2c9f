"""A shard laid beside its lane: every record is in a commit, given up, unread, or named as lost."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from clickstream.ledger import Commit, Ledger, Range
from clickstream.positions import START, Lane, ordinal, padded
from clickstream.stream.coverage import Coverage, Seen, cover
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.unit.test_accounting import commit

LANE = Lane("process_events", "1763000000", "shardId-0")


def main_commit(first: int, last: int, previous: int | None, records: int | None = None) -> Commit:
    """A commit that extends the lane."""
    return commit(first, last, previous, records=last - first + 1 if records is None else records)


def fill_commit(*runs: tuple[int, int]) -> Commit:
    """The first commit of the fill lane."""
    ranges = tuple(Range(padded(str(first)), padded(str(last))) for first, last in runs)
    return commit(1, 1, None, lane=LANE.fill, previous=START, last=ordinal(1), ranges=ranges)


def covered(numbers: Iterable[int], commits: Iterable[Commit], failed: Iterable[int] = ()) -> Coverage:
    """What becomes of records with these numbers."""
    ledger = Ledger(MemoryTable(), MemoryBucket())
    for one in commits:
        ledger.append(one)
    given_up = {padded(str(number)) for number in failed}
    return cover(ledger, LANE, [Seen(padded(str(n)), "2026-11-21T09") for n in numbers], lambda: given_up)


def numbers(runs: Iterable[Range]) -> list[tuple[int, int]]:
    """The runs as numbers."""
    return [(int(run.first), int(run.last)) for run in runs]


def test_everything_has_its_place() -> None:
    """Committed, filled, given up and unread records are told apart, and a lost run is named exactly."""
    commits = [main_commit(1, 4, None), main_commit(11, 14, 4), fill_commit((5, 6))]
    found = covered(range(1, 18), commits, failed=[7, 17])
    assert (found.read, found.committed, found.uncovered, found.unread.total()) == (17, 10, 2, 2)
    assert numbers(found.holes) == [(8, 10)]
    assert found.problems == []


def test_lost_runs_are_unbroken_in_the_stream() -> None:
    """A committed record between two lost ones parts them."""
    commits = [main_commit(1, 1, None), main_commit(5, 9, 1), fill_commit((3, 3))]
    assert numbers(covered(range(1, 10), commits).holes) == [(2, 2), (4, 4)]


def test_a_commit_that_claims_other_records_is_named() -> None:
    """A commit with another number of records than the stream held in its range."""
    found = covered(range(1, 9), [main_commit(1, 4, None, records=5), main_commit(5, 8, 4)])
    assert found.problems == ["1…4 is to hold 5 records, the stream held 4"]


def test_what_the_stream_has_forgotten_is_no_fault() -> None:
    """A commit that began before the oldest record the stream still holds is not judged by its count."""
    found = covered(range(3, 9), [main_commit(1, 4, None), main_commit(5, 8, 4)])
    assert (found.committed, found.problems, found.holes) == (6, [], [])


def test_a_commit_made_while_the_stream_was_read_is_no_fault() -> None:
    """The newest commit may hold records that came after the stream was read."""
    found = covered(range(1, 7), [main_commit(1, 4, None), main_commit(5, 9, 4)])
    assert (found.committed, found.problems) == (6, [])


def test_an_empty_shard() -> None:
    """Nothing in the stream is nothing to account for."""
    assert covered([], [main_commit(1, 4, None)]).read == 0


@given(st.lists(st.sampled_from(["main", "fill", "failed", "lost"]), min_size=1, max_size=30), st.integers(0, 4))
def test_every_record_is_counted_once(kinds: list[str], unread: int) -> None:
    """Whatever became of the records, the terms add up to what was read, and lost ones are those in the holes."""
    kinds = ["main", *kinds, "main"]
    previous, commits, count = None, [], len(kinds)
    for number, kind in enumerate(kinds, start=1):
        if kind == "main":
            commits.append(main_commit(number, number, previous))
            previous = number
    of = {kind: [n for n, found in enumerate(kinds, start=1) if found == kind] for kind in set(kinds)}
    fills = [fill_commit(*((n, n) for n in of["fill"]))] if "fill" in of else []
    found = covered(range(1, count + unread + 1), [*commits, *fills], failed=of.get("failed", []))
    lost = [n for first, last in numbers(found.holes) for n in range(first, last + 1)]
    assert lost == of.get("lost", [])
    assert found.unread.total() == unread
    assert found.uncovered == len(of.get("failed", []))
    assert found.read == found.committed + found.uncovered + unread + len(lost)
