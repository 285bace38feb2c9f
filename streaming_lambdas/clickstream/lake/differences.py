"""Two states of an hour side by side: rows, metrics, and which columns differ in how many rows of the same event."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.lake.downloads import downloaded, files_of
from clickstream.lake.generations import Generation
from clickstream.lake.parquet import SCHEMA, DataFile
from clickstream.ports import Bucket

BY = ("event_type", "channel", "device_type")
"""Columns by which rows are counted."""
_ID = "event_id"


@dataclass
class Figures:
    """What is counted of a state. `counts` is by column and value; `revenue` by currency."""

    rows: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in BY})
    revenue: Counter[str] = field(default_factory=Counter)
    sessions: set[str] = field(default_factory=set)

    def take(self, table: pa.Table) -> None:
        """Count further rows."""
        self.rows += len(table)
        for name in BY:
            for entry in pc.value_counts(table[name]).to_pylist():
                self.counts[name][str(entry["values"] or "(none)")] += entry["counts"]
        self.sessions.update(found for found in pc.unique(table["session_id"]).to_pylist() if found is not None)
        sums = table.select(["currency", "revenue"]).group_by("currency").aggregate([("revenue", "sum")]).to_pylist()
        for entry in sums:
            if entry["revenue_sum"] is not None:
                self.revenue[entry["currency"] or "(none)"] += entry["revenue_sum"]


@dataclass
class Differences:
    """Figures of two states over some hours. `added` and `removed` are events that only one of them has."""

    before: Figures = field(default_factory=Figures)
    after: Figures = field(default_factory=Figures)
    added: int = 0
    removed: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    """Rows of the same event with another value, by column."""

    @property
    def is_empty(self) -> bool:
        """Whether both states hold the same rows."""
        return not (self.added or self.removed or self.changed)

    def lines(self) -> Iterator[tuple[str, int | Decimal, int | Decimal]]:
        """What was counted, before and after, the total first and then each value."""
        yield "rows", self.before.rows, self.after.rows
        yield "distinct sessions", len(self.before.sessions), len(self.after.sessions)
        for currency in sorted(self.before.revenue.keys() | self.after.revenue.keys()):
            yield f"revenue {currency}", _amount(self.before.revenue[currency]), _amount(self.after.revenue[currency])
        for name in BY:
            one, other = self.before.counts[name], self.after.counts[name]
            for value in sorted(one.keys() | other.keys()):
                yield f"{name} {value}", one[value], other[value]


def compare(found: Differences, bucket: Bucket, before: Generation, after: Generation, folder: Path) -> None:
    """Take the two states of an hour in. Memory: the ids of the hour, and one column of it twice."""
    states = [downloaded(bucket, files_of(one), folder / name) for one, name in ((before, "before"), (after, "after"))]
    for files, figures in zip(states, (found.before, found.after), strict=True):
        for table in _batches(files):
            figures.take(table)
    old, new = (_column(files, _ID) for files in states)
    in_both, in_old = pc.is_in(old, new), pc.is_in(new, old)
    found.removed += len(old) - (in_both.true_count or 0)
    found.added += len(new) - (in_old.true_count or 0)
    orders = [_order(ids, kept) for ids, kept in ((old, in_both), (new, in_old))]
    for name in SCHEMA.names:
        columns = [_column(files, name).take(order) for files, order in zip(states, orders, strict=True)]
        if differing := _differing(*columns):
            found.changed[name] += differing


def _batches(files: Iterable[DataFile]) -> Iterator[pa.Table]:
    names = [*BY, "session_id", "currency", "revenue"]
    for file in files:
        with pq.ParquetFile(file.path) as opened:
            present = set(opened.schema_arrow.names)
            for batch in opened.iter_batches(batch_size=200_000, columns=[name for name in names if name in present]):
                table = pa.Table.from_batches([batch])
                for name in set(names) - present:
                    table = table.append_column(name, pa.nulls(len(table), SCHEMA.field(name).type))
                yield table


def _column(files: Sequence[DataFile], name: str) -> pa.Array:
    """One column of all rows; null where the file is older than the column."""
    kind = SCHEMA.field(name).type
    # One array of all texts of an hour may pass the 2 GB that offsets of 32 bits reach.
    kind = pa.large_string() if kind == pa.string() else kind
    chunks = [pa.array([], kind)]
    for file in files:
        with pq.ParquetFile(file.path) as opened:
            if name in opened.schema_arrow.names:
                chunks += opened.read(columns=[name])[name].cast(kind).chunks
            else:
                chunks.append(pa.nulls(file.rows, kind))
    return pa.concat_arrays(chunks)


def _order(ids: pa.Array, kept: pa.BooleanArray) -> pa.Array:
    """The places of the kept ids, in order of the ids."""
    order = pc.sort_indices(ids)
    return order.filter(kept.take(order))


def _differing(one: pa.Array, other: pa.Array) -> int:
    """In how many places two columns differ, null equal to null."""
    equal = pc.fill_null(pc.equal(one, other), fill_value=False)
    both_null = pc.and_(pc.is_null(one), pc.is_null(other))
    return len(one) - int(pc.sum(pc.or_(equal, both_null)).as_py() or 0)


def _amount(found: int | Decimal) -> Decimal:
    return Decimal(found).quantize(Decimal("0.01"))
