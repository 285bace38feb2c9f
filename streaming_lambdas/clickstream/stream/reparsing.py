"""Bad events → events, once the code accepts them: a third lane beside the shard's own and its fill lane.

A bad event stays where it is, in an immutable object that a commit names. A commit of the reparse lane lands the rows
that today's code makes of some rows of that object, says which rows those were, and counts them off: its `bad` is
negative, so `events = landed + bad` holds in every commit and in every sum. The chain decides who was first, exactly as
for records: what a commit has taken back, no other one takes back again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from clickstream.errors import InfrastructureError
from clickstream.intake import archive
from clickstream.intake.envelopes import payloads
from clickstream.intake.kinesis import Record
from clickstream.intake.landing import landing_files
from clickstream.intake.reasons import OF_THE_COLLECTOR, Reason, Rejected
from clickstream.intake.rows import Row, Rows, Source
from clickstream.ledger import Commit, LandedObject, Ledger, Reparsed
from clickstream.live.counters import minute_deltas
from clickstream.ports import Bucket
from clickstream.positions import START, Lane, ordinal
from clickstream.stream.appending import appended
from clickstream.stream.applying import Applier
from clickstream.tables import BAD_EVENTS, RAW_EVENTS

Reader = Callable[[Iterable[Record], Source], Rows]
ROUNDS = 5
ROWS_PER_COMMIT = 10_000
"""At most this many bad events are looked at for one commit: bounds its item and the memory."""
OF_THE_RECORD = {
    Reason.EMPTY_RECORD.value,
    Reason.UNREADABLE_RECORD.value,
    Reason.RECORD_TOO_LARGE.value,
    Reason.TOO_MANY_EVENTS.value,
}
"""Reasons that concern a whole record: its payload may open into several events."""
_COLUMN = {name: index for index, name in enumerate(BAD_EVENTS.schema.names)}
_GOOD_SUB, _BAD_SUB = (table.schema.names.index("sub_sequence") for table in (RAW_EVENTS, BAD_EVENTS))


@dataclass(frozen=True)
class Reparse:
    """What one bad object came to: bad events looked at, and how many of them were taken back as how many events."""

    key: str
    looked_at: int = 0
    recovered: int = 0
    landed: int = 0


@dataclass(frozen=True)
class Taken:
    """The rows that a set of bad events gives today, and which bad events those were."""

    numbers: tuple[int, ...]
    rows: Rows


@dataclass
class _Lane:
    """What the chain of a reparse lane says: its newest position, and which rows of which object are taken back."""

    last: str = START
    taken: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class Reparser:
    """Takes bad events back that the code of today accepts."""

    ledger: Ledger
    bucket: Bucket
    applier: Applier
    now: Callable[[], datetime]
    read: Reader
    """The code of today: records and their source → rows."""
    code_version: str = "dev"

    def reparse(self, lane: Lane, landed: LandedObject, run_id: str, reason: str | None = None) -> Reparse:
        """Take back what can be taken back of one bad object that a commit of the lane names.

        Raises `InfrastructureError` if a service failed (the same may be tried again) and `LakeError` if the object is
        missing or damaged.
        """
        rows = archive.rows_of(self.bucket, landed)
        asked = [number for number, row in enumerate(rows) if reason in (None, row[_COLUMN["reason"]])]
        found = [
            self._committed(lane.main, landed.key, rows, asked[at : at + ROWS_PER_COMMIT], run_id)
            for at in range(0, len(asked), ROWS_PER_COMMIT)
        ]
        commits = [commit for commit in found if commit]
        recovered = sum(commit.recovered for commit in commits)
        return Reparse(landed.key, len(asked), recovered, sum(commit.landed for commit in commits))

    def look(self, lane: Lane, landed: LandedObject, reason: str | None = None) -> Reparse:
        """What `reparse` would take back now, without changing anything."""
        rows = archive.rows_of(self.bucket, landed)
        done = self._chain(lane.main.reparse).taken[landed.key]
        asked = [n for n, row in enumerate(rows) if reason in (None, row[_COLUMN["reason"]]) and n not in done]
        taken = accepted(rows, asked, _source(lane), self.read)
        return Reparse(landed.key, len(asked), len(taken.numbers), len(taken.rows.good))

    def _committed(self, lane: Lane, key: str, rows: list[Row], asked: list[int], run_id: str) -> Commit | None:
        """The commit that takes back what is still to be taken back; None if there is nothing."""
        for _ in range(ROUNDS):
            known = self._chain(lane.reparse)
            # Taken back by somebody who died before applying: only the newest commit can be waiting for that.
            head = self.ledger.head(lane.reparse)
            if head:
                self.applier.apply(head)
            todo = [number for number in asked if number not in known.taken[key]]
            taken = accepted(rows, todo, _source(lane), self.read)
            if not taken.numbers:
                return None
            commit = self._archived(lane, known.last, key, taken, run_id)
            if appended(self.ledger, commit):
                self.applier.apply(commit)
                return commit
        raise InfrastructureError(f"{key}: another run was faster {ROUNDS} times")

    def _chain(self, lane: Lane) -> _Lane:
        """What is known up to the newest commit. If the chain grows meanwhile, it refuses our commit."""
        known = _Lane()
        for commit in self.ledger.commits(lane):
            known.last = commit.last
            for taken in commit.reparsed:
                known.taken[taken.key].update(taken.numbers())
        return known

    def _archived(self, lane: Lane, previous: str, key: str, taken: Taken, run_id: str) -> Commit:
        files = list(landing_files(taken.rows, _source(lane)))
        for file in files:
            self.bucket.put(file.entry.key, file.body)
        landed, bad = len(taken.rows.good), len(taken.rows.bad) - len(taken.numbers)
        return Commit(
            lane=lane.reparse,
            previous=previous,
            last=ordinal(1 if previous == START else int(previous) + 1),
            ranges=(),
            objects=tuple(file.entry for file in files),
            records=0,
            events=landed + bad,
            landed=landed,
            bad=bad,
            run_id=run_id,
            written_time=self.now().astimezone(UTC).isoformat(),
            code_version=self.code_version,
            deltas={} if lane.is_import else minute_deltas(taken.rows.good),
            reparsed=(Reparsed(key, runs(taken.numbers)),),
        )


def accepted(rows: Sequence[Row], numbers: Iterable[int], source: Source, read: Reader) -> Taken:
    """Parse these bad events again, and keep those that give at least one event now."""
    good: list[Row] = []
    bad: list[Row] = []
    taken = []
    for number in numbers:
        found = parsed(rows[number], source, read)
        if found.good:
            taken.append(number)
            good += found.good
            bad += found.bad
    return Taken(tuple(taken), Rows(good, bad, len(good) + len(bad)))


def parsed(row: Row, source: Source, read: Reader) -> Rows:
    """What today's code makes of one bad event, at its own position and time of arrival."""
    position, sub, reason = row[_COLUMN["sequence_number"]], row[_COLUMN["sub_sequence"]], row[_COLUMN["reason"]]
    if reason in OF_THE_COLLECTOR:
        # In a tracker's own format, and refused by it: what the parser made of it would not be what was meant.
        return Rows([], [row], 1)
    received = row[_COLUMN["received_time"]]
    record = Record(position.lstrip("0") or "0", position, received, row[_COLUMN["payload"]])
    if reason in OF_THE_RECORD:
        return read([record], source)
    found = read([Record(record.sequence_number, position, received, _event_bytes(row))], source)
    if found.events != 1:
        # An event that looks like a packed record: what was one event stays one.
        return Rows([], [row], 1)
    return Rows([_at(r, _GOOD_SUB, sub) for r in found.good], [_at(r, _BAD_SUB, sub) for r in found.bad], 1)


def _event_bytes(row: Row) -> bytes:
    """The bytes of the event. Of an over-long one the whole packed record was kept."""
    payload: bytes = row[_COLUMN["payload"]]
    if row[_COLUMN["reason"]] != Reason.TOO_LARGE:
        return payload
    try:
        found = payloads(payload)
    except Rejected:
        return payload
    sub_sequence: int = row[_COLUMN["sub_sequence"]]
    return found[min(sub_sequence, len(found) - 1)]


def _at(row: Row, column: int, sub_sequence: int) -> Row:
    return (*row[:column], sub_sequence, *row[column + 1 :])


def _source(lane: Lane) -> Source:
    return Source(lane.epoch, lane.main.shard_id)


def runs(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as runs without a gap, first and last included."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def bad_objects(
    ledger: Ledger, lanes: Iterable[Lane], since: datetime | None = None
) -> Iterator[tuple[Lane, LandedObject]]:
    """Every bad object that commits of the lanes name, with its lane; from `since` on, by time of the commit."""
    for lane in lanes:
        commits = ledger.commits_since(lane, since) if since else ledger.commits(lane)
        objects = chain.from_iterable(commit.objects for commit in commits)
        yield from ((lane, landed) for landed in objects if landed.kind == "bad_events")
