"""Counter pages compared with the ledger, and made anew from the archive.

A page is what the commits of its lane up to its `lsn` add to its minute. Whoever finds it different can make it anew
while events keep coming: the revision is read first, the commits after it, and the page is written only if the revision
is still the same. A commit that is applied meanwhile changes the revision; one that is only committed meanwhile is
either in the new page with its `lsn`, or is applied to it later. So nothing is lost, doubled or undone.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clickstream.errors import Conflict, InfrastructureError, LakeError
from clickstream.intake import archive
from clickstream.intake.rows import Row
from clickstream.ledger import Commit, Ledger, PageDelta
from clickstream.live.counters import minute_deltas, page_key
from clickstream.live.lifetimes import first_whole_minute, lifetime
from clickstream.ports import Bucket, Item, Key, Table
from clickstream.positions import Lane
from clickstream.stream.comparing import Difference, Kind, kinds, summed
from clickstream.tables import RAW_EVENTS

ROUNDS = 20
AHEAD = timedelta(days=2)
"""A commit is written after its records arrived, by clocks that differ by seconds. A simulated day may lie ahead."""
COMMITS_PER_PART = 1_000
"""After so many commits, minutes that are complete are compared and forgotten."""
_RECEIVED = RAW_EVENTS.schema.names.index("received_time")


@dataclass(frozen=True)
class Repair:
    """A page made anew: its total before and after."""

    table: str
    lane: Lane
    minute: str
    before: int
    after: int


@dataclass
class _Minute:
    """What commits add to a minute; the newest commit, which may not be applied yet, apart."""

    deltas: list[PageDelta] = field(default_factory=list)
    newest: PageDelta = field(default_factory=PageDelta)

    def close(self) -> None:
        """Keep the sum alone. More may be added all the same."""
        if self.deltas:
            self.deltas = [summed(self.deltas)]


@dataclass(frozen=True)
class Pages:
    """The pages of all lanes of one consumer. `retention_days` is how long they outlive their last write."""

    ledger: Ledger
    bucket: Bucket
    counters: Table
    page_metrics: Table
    retention_days: int
    now: Callable[[], datetime]
    _kinds: tuple[Kind, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kinds", kinds(self.counters, self.page_metrics))

    def differences(self, lane: Lane, since: datetime) -> Iterator[Difference]:
        """Pages that differ, among those that commits written from `since` on add to. Memory: the pages of two days."""
        for minutes in self._added(lane, since):
            for kind in self._kinds:
                stored = kind.table.get_many(page_key(minute, lane) for minute in minutes)
                for minute, added in sorted(minutes.items()):
                    key = page_key(minute, lane)
                    if not _may_be(kind, key, stored.get(key), added):
                        yield from filter(None, [self.difference(lane, minute, kind.name)])

    def difference(self, lane: Lane, minute: str, table: str) -> Difference | None:
        """Whether this page differs, whatever is going on. Raises `InfrastructureError` if it never stands still."""
        (kind,) = (kind for kind in self._kinds if kind.name == table)
        key = page_key(minute, lane)
        for _ in range(ROUNDS):
            stored = kind.table.get(key)
            commits = self._touching(lane, minute)
            if _revision(kind.table.get(key)) == _revision(stored):
                return self._judged(kind, lane, minute, stored, commits)
        raise InfrastructureError(f"{key.pk} {key.sk}: changed {ROUNDS} times while it was compared; try again later")

    def repair(self, lane: Lane, minute: str) -> list[Repair]:
        """Make the pages of the minute anew from the objects that the lane's commits name, up to its newest commit.

        Where the objects have been removed already, the deltas of their commit stand for them. Also brings pages of
        an older backup up to date. Raises `InfrastructureError` if other writers keep being faster.
        """
        return [found for kind in self._kinds if (found := self._repaired(kind, lane, minute))]

    def _repaired(self, kind: Kind, lane: Lane, minute: str) -> Repair | None:
        key = page_key(minute, lane)
        for _ in range(ROUNDS):
            stored = kind.table.get(key)
            commits = [commit for commit in self._touching(lane, minute) if kind.count(commit.deltas[minute])]
            if not commits or self._is_past(minute):
                return None
            page: Item = {}
            for commit in commits:
                page = kind.build(page or None, key, self._delta(commit, minute))
            try:
                kind.table.put_revision(page | self._guard(stored, commits), _revision(stored))
            except Conflict:
                continue
            return Repair(kind.name, lane, minute, kind.total_of(stored), kind.total_of(page))
        raise InfrastructureError(f"{key.pk} {key.sk}: {ROUNDS} other writers were faster; try again later")

    def _guard(self, stored: Item | None, commits: list[Commit]) -> Item:
        """What makes a later writer see that the page has these commits, and an earlier one that it has changed."""
        expires_at = int((self.now() + lifetime(self.retention_days)).timestamp())
        return {"lsn": commits[-1].last, "rev": (_revision(stored) or 0) + 1, "expires_at": expires_at}

    def _added(self, lane: Lane, since: datetime) -> Iterator[dict[str, _Minute]]:
        """What the commits add, newest first, in parts: a minute comes once no older commit can add to it."""
        minutes: defaultdict[str, _Minute] = defaultdict(_Minute)
        before: dict[str, PageDelta] = {}
        for number, commit in enumerate(self.ledger.commits_since(lane, since)):
            for minute, delta in commit.deltas.items():
                if number == 0:
                    minutes[minute].newest = delta
                else:
                    minutes[minute].deltas.append(delta)
            # Most minutes are over when a commit no longer adds to them.
            for minute in before.keys() - commit.deltas.keys() & minutes.keys():
                minutes[minute].close()
            before = commit.deltas
            if number % COMMITS_PER_PART == COMMITS_PER_PART - 1:
                settled = (datetime.fromisoformat(commit.written_time) + AHEAD).isoformat()
                yield {minute: minutes.pop(minute) for minute in list(minutes) if minute > settled}
        yield minutes

    def _touching(self, lane: Lane, minute: str) -> list[Commit]:
        """The lane's commits that add to the minute, oldest first."""
        since = datetime.fromisoformat(f"{minute}+00:00") - AHEAD
        found = [commit for commit in self.ledger.commits_since(lane, since) if minute in commit.deltas]
        return found[::-1]

    def _judged(
        self, kind: Kind, lane: Lane, minute: str, stored: Item | None, commits: list[Commit]
    ) -> Difference | None:
        """Compare with the commits; the page may lack the newest one of the lane, which somebody is about to apply."""
        if self._is_past(minute):
            return None
        head = self.ledger.head(lane)
        lsn = str(stored["lsn"]) if stored else ""
        deltas = [
            commit.deltas[minute] for commit in commits if commit.last <= lsn or head is None or commit.last < head.last
        ]
        key = page_key(minute, lane)
        expected = kind.page(key, deltas)
        parts = kind.differing(key, stored, expected)
        totals = kind.total_of(expected), kind.total_of(stored)
        return Difference(kind.name, lane, minute, *totals, parts) if parts else None

    def _is_past(self, minute: str) -> bool:
        """Whether pages of the minute may have expired; then nobody writes them any more."""
        return minute < first_whole_minute(self.now(), self.retention_days).isoformat()[:16]

    def _delta(self, commit: Commit, minute: str) -> PageDelta:
        """What the commit adds to the minute, by its objects; by itself where those are gone."""
        objects = [landed for landed in commit.objects if landed.kind == "landing" and landed.hour == minute[:13]]
        try:
            rows = [row for landed in objects for row in archive.rows_of(self.bucket, landed)]
        except LakeError:
            return commit.deltas[minute]
        return minute_deltas(row for row in rows if minute_of(row) == minute).get(minute, PageDelta())


def miscounted(bucket: Bucket, commit: Commit) -> Iterator[str]:
    """Minutes of which the commit counts another number of events than its objects hold; imports count none."""
    if commit.lane.is_import:
        return
    counted = Counter({minute: delta.events for minute, delta in commit.deltas.items()})
    held = Counter[str]()
    for landed in commit.objects:
        if landed.kind == "landing":
            held += archive.rows_by_minute(bucket, landed)
    for minute in sorted(counted.keys() | held.keys()):
        if counted[minute] != held[minute]:
            yield f"{minute}: {counted[minute]:,} events are counted, its objects hold {held[minute]:,}"


def minute_of(row: Row) -> str:
    """The received minute of a row, `2026-11-21T09:05`."""
    received: datetime = row[_RECEIVED]
    return received.isoformat()[:16]


def _revision(stored: Item | None) -> int | None:
    return int(stored["rev"]) if stored else None


def _may_be(kind: Kind, key: Key, stored: Item | None, added: _Minute) -> bool:
    """Whether the stored page holds what was added, with the newest commit or without it."""
    added.close()
    applied = kind.page(key, added.deltas)
    if not kind.differing(key, stored, applied):
        return True
    return not kind.differing(key, stored, kind.build(applied, key, added.newest))
