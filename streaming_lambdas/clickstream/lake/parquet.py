"""Data files of `raw_events`: read in row groups with today's columns, written as sorted runs into parts.

Columns that repeat stay dictionary-encoded from file to file, which is most of the speed; settings by measurement.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.tables import RAW_EVENTS

SCHEMA = RAW_EVENTS.schema
SORT_KEYS = ("event_type", "event_time")
RUN_ROWS = 500_000
RUN_BYTES = 256 * 2**20
"""A run ends at whichever comes first: long properties must not break the memory bound."""
PART_BYTES = 200 * 2**20
"""A part ends with the run that reaches this size: files of 128 to 256 MB."""

_DELTA = {
    "event_time": "DELTA_BINARY_PACKED",
    "received_time": "DELTA_BINARY_PACKED",
    "sent_time": "DELTA_BINARY_PACKED",
    "sub_sequence": "DELTA_BINARY_PACKED",
    "sequence_number": "DELTA_BYTE_ARRAY",
}
_DISTINCT = {"event_id", "properties", *_DELTA}
REPEATED = tuple(field.name for field in SCHEMA if field.type == pa.string() and field.name not in _DISTINCT)
"""Text columns kept as dictionaries in memory."""
_WORKING = pa.schema(
    [field.with_type(pa.dictionary(pa.int32(), field.type)) if field.name in REPEATED else field for field in SCHEMA]
)

_SETTINGS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "use_dictionary": [name for name in SCHEMA.names if name not in _DISTINCT],
    "column_encoding": _DELTA,
    "dictionary_pagesize_limit": 8 * 2**20,
    "write_page_index": True,
    "store_schema": False,
}


class DamagedFileError(LakeError):
    """The bytes of one data file cannot be read as its rows. `key` names the object."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key} {problem}")
        self.key = key


@dataclass(frozen=True)
class DataFile:
    """A local copy of the object `key` with `rows` rows by its footer."""

    key: str
    path: Path
    rows: int


def opened(key: str, path: Path) -> DataFile:
    """Read the footer. Raises `DamagedFileError`, or `LakeError` for columns that this code would drop."""
    with _file(key, path) as file:
        unknown = sorted(set(file.schema_arrow.names) - set(SCHEMA.names))
        if unknown or "event_id" not in file.schema_arrow.names:
            raise LakeError(
                f"{key} has columns {unknown} unknown to this version, or no event_id: deploy the newer code"
            )
        return DataFile(key, path, file.metadata.num_rows)


def ids(data: DataFile) -> Iterator[pa.StringArray]:
    """The event_id column, a row group at a time. Raises `DamagedFileError`, also if an id is null."""
    with _file(data.key, data.path) as file:
        for number in range(file.num_row_groups):
            column = _read(data.key, file, number, ["event_id"])["event_id"].combine_chunks()
            if column.null_count:
                raise DamagedFileError(data.key, "has rows without event_id")
            yield from column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def row_groups(data: DataFile) -> Iterator[pa.Table]:
    """The rows in today's columns, repeated text as dictionaries, a row group at a time."""
    with _file(data.key, data.path) as file:
        for number in range(file.num_row_groups):
            yield conformed(_read(data.key, file, number), data.key)


def conformed(table: pa.Table, key: str) -> pa.Table:
    """The rows in the columns of `_WORKING`; columns that did not exist yet are null."""
    if table.schema.equals(_WORKING):
        return table
    present = set(table.schema.names)
    columns = [table[field.name] if field.name in present else pa.nulls(len(table), field.type) for field in _WORKING]
    try:
        return pa.table(dict(zip(SCHEMA.names, columns, strict=True))).cast(_WORKING)
    except pa.ArrowException as error:
        raise LakeError(f"{key} cannot be read as {RAW_EVENTS.name}: {error}") from error


class PartWriter:
    """Collects rows, sorts them in runs and writes `part-N.parquet` files into a folder. A context manager."""

    def __init__(self, folder: Path, run_rows: int = RUN_ROWS) -> None:
        self.parts: dict[Path, int] = {}
        self.rows_per_event_date: Counter[str] = Counter()
        self._folder = folder
        self._run_rows = run_rows
        self._waiting: list[tuple[pa.Table, pa.BooleanArray]] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._writer: tuple[Path, pq.ParquetWriter] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._flush()
        self._close()

    @property
    def rows(self) -> int:
        """Rows written, in all parts."""
        return sum(self.parts.values())

    def add(self, table: pa.Table, keep: pa.BooleanArray | None = None) -> None:
        """Take rows as `row_groups` gives them: all, or those where `keep` is true, which are sorted out only once."""
        keep = pa.repeat(pa.scalar(value=True), len(table)) if keep is None else keep
        if keep.true_count < len(table) // 2:
            # Rows that go must not take up the run's memory.
            table, keep = table.filter(keep), pa.repeat(pa.scalar(value=True), keep.true_count)
        if not len(table):
            return
        self._waiting.append((table, keep))
        self._waiting_rows += keep.true_count
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= self._run_rows or self._waiting_bytes >= RUN_BYTES:
            self._flush()

    def _flush(self) -> None:
        run = _sorted(self._waiting) if self._waiting_rows else SCHEMA.empty_table()
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        if not len(run):
            return
        self.rows_per_event_date.update(_event_dates(run))
        path, writer = self._open()
        writer.write_table(run, row_group_size=len(run))
        self.parts[path] += len(run)
        if path.stat().st_size >= PART_BYTES:
            self._close()

    def _open(self) -> tuple[Path, pq.ParquetWriter]:
        """The part being written; a new one if there is none."""
        if self._writer is None:
            path = self._folder / f"part-{len(self.parts)}.parquet"
            self.parts[path] = 0
            self._writer = path, pq.ParquetWriter(path, _WORKING, **_SETTINGS)
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer[1].close()
            self._writer = None


def _sorted(waiting: list[tuple[pa.Table, pa.BooleanArray]]) -> pa.Table:
    table = pa.concat_tables([table for table, _ in waiting]).unify_dictionaries().combine_chunks()
    keep = pa.concat_arrays([keep for _, keep in waiting])
    waiting.clear()  # frees a copy of the run before the next one is made
    keys = pa.table({name: _rank(table[name]) for name in SORT_KEYS})
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in SORT_KEYS])
    return table.take(order.filter(keep.take(order)))


def _rank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers in the order of the column's values: a dictionary column itself cannot be sorted."""
    if not pa.types.is_dictionary(column.type):
        return column
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    return pa.chunked_array([pc.rank(array.dictionary, tiebreaker="first").take(array.indices)])


def _event_dates(table: pa.Table) -> dict[str, int]:
    """Rows per UTC event date; a row without event time counts under its arrival."""
    times = pc.coalesce(table["event_time"], table["received_time"])
    counted = pc.value_counts(pc.cast(times, pa.date32(), safe=False))
    return {str(entry["values"]): entry["counts"] for entry in counted.to_pylist()}


def _file(key: str, path: Path) -> pq.ParquetFile:
    try:
        footer = pq.read_metadata(path)
        # A file of an older version lacks the columns that were added since, and may not be asked for them.
        repeated = [name for name in REPEATED if name in footer.schema.names]
        return pq.ParquetFile(path, metadata=footer, read_dictionary=repeated)
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"is no readable Parquet file: {error}") from error


def _read(key: str, file: pq.ParquetFile, number: int, columns: list[str] | None = None) -> pa.Table:
    try:
        return file.read_row_group(number, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"is damaged in row group {number}: {error}") from error
