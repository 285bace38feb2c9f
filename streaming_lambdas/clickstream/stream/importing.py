"""Files of history → landing, by the protocol of the stream: archive, commit, work list.

A file is a lane: its content hash is the epoch, line numbers are the sequence numbers, and the chain says how far it
has come. So an import can die anywhere and go on, and a second import of the same content finds nothing to do, whoever
starts it, under whatever name. Received time is the event's own time: history lies where questions look for it.

Live counters are not touched: their minutes are over or their pages expired. So the commits carry no deltas and count
no stream records, and `Σ counters = landed` is said of the stream's lanes only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from clickstream.errors import InfrastructureError, LedgerError
from clickstream.intake.history import Line
from clickstream.intake.kinesis import Record
from clickstream.intake.landing import LandingFile, landing_files
from clickstream.intake.rows import Row, Rows, Source
from clickstream.ledger import Commit, LandedObject, Ledger, Range
from clickstream.ports import Bucket
from clickstream.positions import IMPORT, Lane, padded
from clickstream.stream.appending import Writer, appended, commit_of
from clickstream.stream.processing import CONSUMER
from clickstream.stream.reparsing import Reader
from clickstream.tables import BAD_EVENTS

ROUNDS = 5
CHUNK_LINES = 50_000
CHUNK_BYTES = 64 << 20
CHUNK_HOURS = 500
"""A chunk ends at whichever comes first. The hours bound the item of its commit: two objects for each of them."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION = BAD_EVENTS.schema.names.index("sequence_number")
Lines = Sequence[Line]


class Progress(NamedTuple):
    """What one commit took in: lines up to `line`, and what they came to."""

    line: int
    commit: Commit


@dataclass
class Importer:
    """Imports files into landing; `each` is `map`, or a parallel one for the objects of a commit."""

    ledger: Ledger
    bucket: Bucket
    now: Callable[[], datetime]
    read: Reader
    """The code of today: records and their source → rows."""
    code_version: str = "dev"
    each: Callable[..., Iterable[LandedObject]] = map
    _heads: dict[Lane, Commit] = field(default_factory=dict)

    def run(self, epoch: str, options: str, lines: Iterable[Line], run_id: str) -> Iterator[Progress]:
        """Commit what no commit holds yet, a chunk at a time; yields each commit of this run.

        `options` is a hash of what decides about the events beside the content. Raises `LedgerError` if the file was
        begun with other ones: its lines would be other events under the same ids.
        """
        lane = Lane(CONSUMER, epoch, IMPORT)
        head = self._head(lane)
        if head and head.run_id.partition("-")[0] != options:
            raise LedgerError(
                f"{epoch}: this content was imported up to line {int(head.last):,} with other options (columns, "
                "format, site); import it with the same ones"
            )
        done = int(head.last) if head else 0
        for chunk in chunks(line for line in lines if line.number > done):
            commit = self._committed(lane, chunk, f"{options}-{run_id}")
            if commit:
                yield Progress(chunk[-1].number, commit)

    def _committed(self, lane: Lane, chunk: Lines, run_id: str) -> Commit | None:
        """The commit of these lines, or of those that no other run has committed meanwhile; None if it has all."""
        for _ in range(ROUNDS):
            head = self._head(lane)
            todo = [line for line in chunk if not head or padded(str(line.number)) > head.last]
            if not todo:
                return None
            commit = self._archived(lane, head, todo, run_id)
            if appended(self.ledger, commit):
                self.ledger.add_work(commit)
                self._heads[lane] = commit
                return commit
            self._heads.pop(lane, None)
        raise InfrastructureError(f"{lane}: another run was faster {ROUNDS} times")

    def _head(self, lane: Lane) -> Commit | None:
        """The newest commit, on the work list even if its writer died before putting it there."""
        if lane not in self._heads:
            head = self.ledger.head(lane)
            if head is None:
                return None
            self.ledger.add_work(head)
            self._heads[lane] = head
        return self._heads[lane]

    def _archived(self, lane: Lane, head: Commit | None, lines: Lines, run_id: str) -> Commit:
        source = Source(lane.epoch, lane.shard_id)
        rows = self.rows(lines, source)
        first, last = padded(str(lines[0].number)), padded(str(lines[-1].number))
        objects = tuple(self.each(self._put, landing_files(rows, source)))
        writer = Writer(run_id, self.now(), self.code_version)
        return commit_of(rows, objects, lane, head, last, (Range(first, last),), writer)

    def rows(self, lines: Lines, source: Source) -> Rows:
        """Every line as rows, in order: through the parser of the stream, or bad already."""
        times = received_times(lines, self.now())
        records = [
            Record(str(line.number), padded(str(line.number)), time, line.data)
            for line, time in zip(lines, times, strict=True)
        ]
        found = self.read((r for r, line in zip(records, lines, strict=True) if not line.rejection), source)
        refused = [_bad(record, line, source) for record, line in zip(records, lines, strict=True) if line.rejection]
        bad = sorted([*found.bad, *refused], key=lambda row: str(row[_POSITION])) if refused else found.bad
        return Rows(found.good, bad, found.events + len(refused))

    def _put(self, file: LandingFile) -> LandedObject:
        self.bucket.put(file.entry.key, file.body)
        return file.entry


def chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in runs of bounded number, size and hours."""
    chunk, size, hours = list[Line](), 0, set[int]()
    for line in lines:
        chunk.append(line)
        size += len(line.data)
        if line.time:
            hours.add(int(line.time.timestamp()) // 3600)
        if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES or len(hours) >= CHUNK_HOURS:
            yield chunk
            chunk, size, hours = [], 0, set()
    if chunk:
        yield chunk


def received_times(lines: Lines, now: datetime) -> list[datetime]:
    """When each line counts as received: at its own time; without one, at that of its neighbour.

    A time after `now` would lie in an hour that is never over, one before 1970 in a folder without a name: both are
    brought to the bound.
    """
    last = next((line.time for line in lines if line.time), now)
    times = []
    for line in lines:
        last = line.time or last
        times.append(min(max(last, EARLIEST), now))
    return times


def _bad(record: Record, line: Line, source: Source) -> Row:
    reason, detail = (line.rejection.reason.value, line.rejection.detail) if line.rejection else ("", "")
    return (reason, detail, record.data, record.received_time, *source, record.position, 0)
