"""A shard as the stream holds it, laid beside its lane: is every record in a commit, given up, or still to be read?

Records and commits come in the same order, so one pass needs one record and one commit at a time. What is in no commit
of the shard's own lane is looked for in the fill lane afterwards: a batch that is being recovered meanwhile must not
look lost.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from clickstream.ledger import Commit, Ledger, Range
from clickstream.positions import Lane


class Seen(NamedTuple):
    """A record that the stream holds: padded sequence number, and the hour it arrived in."""

    position: str
    hour: str


@dataclass
class Coverage:
    """What the records of a shard came to; `read = committed + uncovered + unread` and the records of `holes`."""

    lane: Lane
    read: int = 0
    committed: int = 0
    uncovered: int = 0
    """In the failure bucket and in no commit."""
    unread: Counter[str] = field(default_factory=Counter)
    """Newer than the newest commit, by hour."""
    holes: list[Range] = field(default_factory=list)
    """Runs of records that nothing accounts for: lost."""
    problems: list[str] = field(default_factory=list)
    """Commits that say another number of records than the stream."""


def cover(ledger: Ledger, lane: Lane, records: Iterable[Seen], failed: Callable[[], Collection[str]]) -> Coverage:
    """Account for the records of a shard, which come in order.

    `failed` gives the positions in the shard's given-up batches; it is asked after the stream has been read.
    """
    found = Coverage(lane)
    outside = list(_outside(found, ledger, iter(records)))
    given_up = set(failed())
    fills = list(ledger.commits(lane.fill))
    lost: list[_Outside] = []
    for one in outside:
        if any(commit.covers(one.seen.position) for commit in fills):
            found.committed += 1
        elif one.seen.position in given_up:
            found.uncovered += 1
        elif one.is_ahead:
            found.unread[one.seen.hour] += 1
        else:
            lost.append(one)
    found.holes = _runs(lost)
    return found


class _Outside(NamedTuple):
    """The n-th record of the stream, which no commit of the shard's own lane holds."""

    number: int
    seen: Seen
    is_ahead: bool
    """It is newer than the newest commit."""


def _outside(found: Coverage, ledger: Ledger, records: Iterator[Seen]) -> Iterator[_Outside]:
    first = next(records, None)
    if first is None:
        return
    walk = _Walk(ledger.commits_from(found.lane, first.position), first.position, found)
    position = first.position
    for number, seen in enumerate(chain((first,), records)):
        position = seen.position
        commit = walk.reach(position)
        found.read += 1
        if commit and commit.covers(position):
            walk.hits += 1
            found.committed += 1
        else:
            yield _Outside(number, seen, is_ahead=commit is None)
    if walk.current and walk.current.last <= position:
        # A newer one may hold records that came after the stream was read.
        walk.settle()


@dataclass
class _Walk:
    """The commits of a lane beside its records: where the walk stands, and how many records the commit has had."""

    commits: Iterator[Commit]
    first: str
    found: Coverage
    current: Commit | None = None
    hits: int = 0
    is_begun: bool = False

    def reach(self, position: str) -> Commit | None:
        """The first commit that ends at or after the position; None after the newest."""
        while not self.is_begun or (self.current and position > self.current.last):
            self.settle()
            self.current, self.hits, self.is_begun = next(self.commits, None), 0, True
        return self.current

    def settle(self) -> None:
        """Compare the records that the commit says with those the stream held, if it can hold all of them still."""
        commit = self.current
        if commit and commit.ranges[0].first >= self.first and self.hits != commit.records:
            run = f"{commit.ranges[0].first.lstrip('0')}…{commit.last.lstrip('0')}"
            self.found.problems.append(f"{run} is to hold {commit.records:,} records, the stream held {self.hits:,}")


def _runs(lost: list[_Outside]) -> list[Range]:
    """The records as runs that are unbroken in the stream."""
    runs: list[tuple[_Outside, _Outside]] = []
    for one in lost:
        if runs and runs[-1][1].number == one.number - 1:
            runs[-1] = (runs[-1][0], one)
        else:
            runs.append((one, one))
    return [Range(first.seen.position, last.seen.position) for first, last in runs]
