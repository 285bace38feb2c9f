"""One batch → archive → commit → counters, exact under every fault.

Nothing counts before the commit, the commit is one conditional write, and everything after it can be done again:

1. the lane's head (newest commit) is applied, in case its writer died after committing;
2. records at or below the head that no commit covers go to the fill lane, records above it extend the lane;
3. the rows are archived as immutable objects, then one commit names them with the exact ranges and counter deltas;
4. the commit is applied: counter pages, then the compactor's work list.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from clickstream.errors import InfrastructureError, LedgerError
from clickstream.intake.deriving import CountryOf
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.landing import landing_files
from clickstream.intake.rows import Pseudonym, Rows, Source, read
from clickstream.ledger import Commit, LandedObject, Ledger, Range
from clickstream.live.counters import minute_deltas
from clickstream.ports import Bucket
from clickstream.positions import Epochs, Lane, ordinal
from clickstream.stream.appending import Writer, appended, commit_of
from clickstream.stream.applying import Applier
from clickstream.tables import hour_text

CONSUMER = "process_events"
ROUNDS = 5
"""How often a lost race is planned again before the invocation fails."""
RANGES_PER_COMMIT = 1_000
"""Each takes 266 bytes of the 400 KB of an item. A fill of more runs is several commits."""
EPOCH_DOUBT = timedelta(minutes=5)
Records = tuple[Record, ...]


@dataclass
class Invocation:
    """One invocation: the id that its commits carry, and what it committed itself."""

    run_id: str
    commits: list[Commit] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Sum of a count (`records`, `events`, `landed`, `bad`) over its commits."""
        return sum(getattr(commit, name) for commit in self.commits)

    @property
    def event_types(self) -> Counter[str]:
        """What landed by type, as the counters take it."""
        counts: Counter[str] = Counter()
        for commit in self.commits:
            for delta in commit.deltas.values():
                counts.update(delta.event_types)
        return counts


@dataclass(frozen=True)
class EventProcessor:
    """Processes batches of one stream. Between batches it keeps only which heads it knows to be applied."""

    ledger: Ledger
    bucket: Bucket
    applier: Applier
    epochs: Epochs
    now: Callable[[], datetime]
    pseudonym: Pseudonym | None = None
    country_of: CountryOf | None = None
    code_version: str = "dev"
    ranges_per_commit: int = RANGES_PER_COMMIT
    _heads: dict[Lane, Commit] = field(default_factory=dict)

    def process(self, batch: Batch, run_id: str) -> Invocation:
        """Make every record of the batch part of exactly one commit, and apply every commit it meets.

        Raises `InfrastructureError` if a service failed (the same batch may be tried again) and `LedgerError` if the
        records contradict the ledger.
        """
        invocation = Invocation(run_id)
        # Asked once: the batch belongs to the stream that existed when it was handed over.
        epoch = self.epochs.of(batch.stream_arn)
        for _ in range(ROUNDS):
            lane = Lane(CONSUMER, epoch, batch.shard_id)
            head = self._applied_head(lane)
            old = tuple(record for record in batch.records if head and record.position <= head.last)
            if head and _contradict(head, old):
                epoch = self._other_epoch(batch.stream_arn, lane)
                continue
            if self._fill(invocation, lane, old) and self._extend(invocation, lane, head, batch.records[len(old) :]):
                return invocation
            self._heads.pop(lane, None)
        raise InfrastructureError(f"{batch.shard_id}: another writer was faster {ROUNDS} times")

    def read(self, records: Iterable[Record], source: Source) -> Rows:
        """The rows of these records, with the key and the country file of this processor: for whoever reads again."""
        return read(records, source, self.pseudonym, self.country_of)

    def _applied_head(self, lane: Lane) -> Commit | None:
        """The lane's newest commit, applied. A warm container may trust its own: a stale one loses the next race."""
        if lane in self._heads:
            return self._heads[lane]
        head = self.ledger.head(lane)
        if head:
            self.applier.apply(head)
            self._heads[lane] = head
        return head

    def _extend(self, invocation: Invocation, lane: Lane, head: Commit | None, records: Records) -> bool:
        """Commit the records above the head as its successor. False if another writer was faster."""
        if not records:
            return True
        ranges = (Range(records[0].position, records[-1].position),)
        commit = self._archived(lane, head, records[-1].position, records, ranges, invocation.run_id)
        if not self._commit(invocation, commit):
            return False
        self._heads[lane] = commit
        return True

    def _fill(self, invocation: Invocation, lane: Lane, records: Records) -> bool:
        """Commit those records at or below the head that no commit covers. False if another writer was faster."""
        if not records:
            return True
        head = self._applied_head(lane.fill)
        covering = self.ledger.covering(lane, records[0].position, records[-1].position)
        todo = tuple(r for r in records if not any(commit.covers(r.position) for commit in covering))
        if not todo:
            return True
        ranges = contiguous(todo, records)
        for start in range(0, len(ranges), self.ranges_per_commit):
            part = ranges[start : start + self.ranges_per_commit]
            held = tuple(record for record in todo if part[0].first <= record.position <= part[-1].last)
            last = ordinal(int(head.last) + 1 if head else 1)
            commit = self._archived(lane.fill, head, last, held, part, invocation.run_id)
            # Coverage was read before the race for this place: a cached head would hide who won it.
            self._heads.pop(lane.fill, None)
            if not self._commit(invocation, commit):
                return False
            head = commit
        return True

    def _archived(
        self, lane: Lane, head: Commit | None, last: str, records: Records, ranges: tuple[Range, ...], run_id: str
    ) -> Commit:
        """The commit of these records, its objects written."""
        source = Source(lane.epoch, lane.main.shard_id)
        rows = self.read(records, source)
        writer = Writer(run_id, self.now(), self.code_version)
        commit = commit_of(rows, tuple(self._written(rows, source)), lane, head, last, ranges, writer)
        deltas, hours = minute_deltas(rows.good), records_by_hour(records)
        return msgspec.structs.replace(commit, records=len(records), deltas=deltas, hours=hours)

    def _written(self, rows: Rows, source: Source) -> Iterator[LandedObject]:
        for file in landing_files(rows, source):
            self.bucket.put(file.entry.key, file.body)
            yield file.entry

    def _commit(self, invocation: Invocation, commit: Commit) -> bool:
        """Append and apply. False if another writer has taken this place in the lane."""
        if not appended(self.ledger, commit):
            return False
        invocation.commits.append(commit)
        self.applier.apply(commit)
        return True

    def _other_epoch(self, stream_arn: str, lane: Lane) -> str:
        """The epoch of the stream that has taken the place of the lane's. Raises `LedgerError` if none has."""
        epoch = self.epochs.anew(stream_arn)
        if epoch == lane.epoch:
            raise LedgerError(f"{lane}: records below the head arrived after it was written, in the same stream")
        return epoch


def _contradict(head: Commit, old: Records) -> bool:
    """Whether records that the head claims to be past arrived after it was written."""
    written = datetime.fromisoformat(head.written_time)
    return any(record.received_time > written + EPOCH_DOUBT for record in old)


def records_by_hour(records: Records) -> dict[str, int]:
    """How many of the records arrived in which hour. A batch rarely spans two, and formatting each time is slow."""
    times = [record.received_time for record in records]
    first, last = hour_text(min(times)), hour_text(max(times))
    return {first: len(times)} if first == last else dict(sorted(Counter(map(hour_text, times)).items()))


def contiguous(chosen: Records, batch: Iterable[Record]) -> tuple[Range, ...]:
    """The chosen records as runs that are unbroken in the batch."""
    positions = {record.position for record in chosen}
    runs: list[list[str]] = []
    is_open = False
    for record in batch:
        if record.position not in positions:
            is_open = False
        elif is_open:
            runs[-1][1] = record.position
        else:
            runs.append([record.position, record.position])
            is_open = True
    return tuple(Range(first, last) for first, last in runs)
