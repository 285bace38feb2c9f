"""One payload → one row: of `raw_events` if it is an event, of `bad_events` if not. Never both, never neither.

A row is a tuple in the order of the table's columns. It depends on the record, the payload, the pseudonym key, the
country file and this code, never on the clock, so that a second try gives the same row. Payloads are worked on some
thousand at a time, which makes columns cheap and keeps what is held at once small.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple

from clickstream.enrichment.pseudonyms import Pseudonym
from clickstream.errors import LedgerError
from clickstream.intake.bulk import defect, parse_all
from clickstream.intake.collection import paused
from clickstream.intake.columns import Coded, Column, Columns, Row
from clickstream.intake.deriving import CountryOf, Positions, derive
from clickstream.intake.envelopes import PACKED_MAGICS, payloads
from clickstream.intake.events import MAX_EVENT_BYTES
from clickstream.intake.kinesis import Record
from clickstream.intake.reasons import Rejected

__all__ = ["Pseudonym", "Row", "Rows", "Source", "read"]
_Derive = Callable[[Sequence[Column], Positions], list[Column]]
_RUN = 4000
"""Payloads worked on together: what a column costs whatever its length is shared by many."""
_RUN_BYTES = 4 << 20
"""A run ends here too, but for a single record: long events must not multiply in memory."""
_PACKED_STARTS = frozenset(magic[:1] for magic in PACKED_MAGICS)
"""First bytes of records that may be packed; no JSON object begins with them."""


class Source(NamedTuple):
    """The stream that records come from."""

    epoch: str
    shard_id: str


class Rows(NamedTuple):
    """The events of some records: accepted and bad rows, in order of position, and their number by the envelopes."""

    good: Sequence[Row]
    bad: Sequence[Row]
    events: int


@dataclass
class _Run:
    """Payloads that are worked on together, each with its record and its place in it."""

    payloads: list[bytes] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    """Which of the records each payload is from."""
    places: list[int] = field(default_factory=list)
    size: int = 0

    @classmethod
    def of_whole(cls, records: list[Record], payloads: list[bytes]) -> "_Run":
        """Records that are one payload each."""
        return cls(payloads, records, list(range(len(records))), [0] * len(records))

    def is_full(self, more: int) -> bool:
        """Whether so many more payloads are too many."""
        return len(self.payloads) + more > _RUN or self.size > _RUN_BYTES

    def add_whole(self, record: Record) -> None:
        """Put a record that is one payload at the end."""
        self.payloads.append(record.data)
        self.owners.append(len(self.records))
        self.records.append(record)
        self.places.append(0)
        self.size += len(record.data)

    def add(self, found: list[bytes], record: Record, first: int) -> None:
        """Put payloads of a record at the end, of which the first one is number `first` in it."""
        self.payloads += found
        self.owners += [len(self.records)] * len(found)
        self.records.append(record)
        self.places += range(first, first + len(found))
        self.size += sum(map(len, found))

    def positions(self, source: Source) -> Positions:
        """Where all the payloads stand."""
        received, numbers = [r.received_time for r in self.records], [r.position for r in self.records]
        if len(self.records) == len(self.payloads):
            return Positions(*source, received, numbers, self.places)
        return Positions(*source, Coded(self.owners, received), Coded(self.owners, numbers), self.places)

    def bad_row(self, place: int, rejection: Rejected, source: Source) -> Row:
        """The row of a rejected payload. An over-long line is kept as what was received, the packed record."""
        payload, record = self.payloads[place], self.records[self.owners[place]]
        if rejection.payload is not None:
            kept = rejection.payload
        else:
            kept = payload if len(payload) <= MAX_EVENT_BYTES else record.data
        return _bad_row(rejection, kept, record, source, self.places[place])


@paused()
def read(
    records: Iterable[Record], source: Source, pseudonym: Pseudonym | None, country_of: CountryOf | None = None
) -> Rows:
    """Every event of the records, exactly once, as a good or a bad row.

    Raises `LedgerError` if the rows are not as many as the envelopes announced: a defect, and nothing may be committed.
    """
    good, bad, events = Columns(), list[Row](), 0
    work = partial(derive, pseudonym=pseudonym, country_of=country_of)
    for run in _runs(records):
        if isinstance(run, _Run):
            events += len(run.payloads)
            _add(good, bad, run, source, work)
        else:
            events += 1
            bad.append(_bad_row(*run, source, 0))
    if events != len(good) + len(bad):
        raise LedgerError(f"{events} events became {len(good)} good and {len(bad)} bad rows")
    return Rows(good, bad, events)


def _runs(records: Iterable[Record]) -> Iterator["_Run | tuple[Rejected, bytes, Record]"]:
    """The payloads of the records in runs; a record that cannot be opened is a single rejected event between two."""
    rest = iter(records)
    while some := list(islice(rest, _RUN)):
        found = [record.data for record in some]
        if _PACKED_STARTS.isdisjoint({data[:1] for data in found}) and sum(map(len, found)) <= _RUN_BYTES:
            yield _Run.of_whole(some, found)
        else:
            yield from _mixed_runs(some)


def _mixed_runs(records: list[Record]) -> Iterator["_Run | tuple[Rejected, bytes, Record]"]:
    """The same where records may hold many payloads, or large ones."""
    run = _Run()
    for record in records:
        if not record.data.startswith(PACKED_MAGICS):
            if run.is_full(1):
                yield run
                run = _Run()
            run.add_whole(record)
            continue
        try:
            found = payloads(record.data)
        except Rejected as rejection:
            yield run
            yield rejection, record.data, record
            run = _Run()
            continue
        for first in range(0, len(found), _RUN):
            if run.is_full(len(found)):
                yield run
                run = _Run()
            run.add(found[first : first + _RUN], record, first)
    yield run


def _add(good: Columns, bad: list[Row], run: _Run, source: Source, work: _Derive) -> None:
    parsed = parse_all(run.payloads)
    rejected = dict(parsed.rejected)
    if parsed.places:
        todo = _Accepted(parsed.columns, run.positions(source).part(parsed.places), parsed.places)
        for part in _derived(todo, work):
            if isinstance(part, _Refused):
                rejected[part.place] = part.rejection
            else:
                good.add(part)
    bad += [run.bad_row(place, rejected[place], source) for place in sorted(rejected)]


class _Accepted(NamedTuple):
    """Accepted events as columns, where they stand, and their places in the run."""

    columns: Sequence[Column]
    positions: Positions
    places: Sequence[int]

    def halves(self) -> Iterator["_Accepted"]:
        """The first and the second half of them."""
        middle = len(self.places) // 2
        for cut in (slice(None, middle), slice(middle, None)):
            places = self.places[cut]
            columns = [column[cut] for column in self.columns]
            yield _Accepted(columns, self.positions.part(range(*cut.indices(len(self.places)))), places)


class _Refused(NamedTuple):
    """An event that parses, and still cannot become a row."""

    place: int
    rejection: Rejected


def _derived(events: _Accepted, work: _Derive) -> "Iterator[list[Column] | _Refused]":
    """The rows of these events in order, as columns, and those that cannot be taken."""
    try:
        columns = work(events.columns, events.positions)
    except Rejected as rejection:
        refused = rejection
    except Exception as error:  # noqa: BLE001  a defect of ours on one event must not hold up its neighbours
        refused = defect(error)
    else:
        yield columns
        return
    if len(events.places) == 1:
        yield _Refused(events.places[0], refused)
    else:
        for half in events.halves():
            yield from _derived(half, work)


def _bad_row(rejection: Rejected, payload: bytes, record: Record, source: Source, index: int) -> Row:
    position = (source.epoch, source.shard_id, record.position, index)
    return (rejection.reason.value, rejection.detail, payload, record.received_time, *position)
