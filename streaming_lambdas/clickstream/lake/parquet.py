"""Data files of `raw_events`: read in row groups with today's columns, written as sorted runs into parts.

Columns that repeat stay dictionary-encoded from file to file, which is most of the speed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.file_shapes import writer_options
from clickstream.lake.runs import Run
from clickstream.settings import FileShape
from clickstream.tables import RAW_EVENTS

SCHEMA = RAW_EVENTS.schema
MEASURED_SHAPE = FileShape()
RUN_BYTES = 256 * 2**20
"""A run ends here if its rows do not end it before: long properties must not break the memory bound."""
_MIB = 2**20

_TEXT = {field.name for field in SCHEMA if field.type == pa.string()}
REPEATED = tuple(sorted(_TEXT - {"event_id", "properties"}, key=SCHEMA.names.index))
"""Text columns kept as dictionaries in memory: also the long sequence numbers, which packed events share."""
_WORKING = pa.schema(
    [field.with_type(pa.dictionary(pa.int32(), field.type)) if field.name in REPEATED else field for field in SCHEMA]
)


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
    with _file(data.key, data.path, has_dictionaries=True) as file:
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

    def __init__(self, folder: Path, shape: FileShape = MEASURED_SHAPE) -> None:
        self.shape = shape
        self.parts: dict[Path, int] = {}
        self.rows_per_event_date: Counter[str] = Counter()
        self._folder = folder
        self._run = Run()
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
        self._run.add(table, keep)
        if self._run.rows >= self.shape.rows_per_group or self._run.bytes >= RUN_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._run.rows:
            return
        run = self._run.taken(self.shape.sort_columns)
        self.rows_per_event_date.update(_event_dates(run))
        path, writer = self._open(run)
        writer.write_table(run, row_group_size=len(run))
        self.parts[path] += len(run)
        if path.stat().st_size >= self.shape.part_mb * _MIB:
            self._close()

    def _open(self, run: pa.Table) -> tuple[Path, pq.ParquetWriter]:
        """The part being written; a new one, which the run begins, if there is none."""
        if self._writer is None:
            path = self._folder / f"part-{len(self.parts)}.parquet"
            self.parts[path] = 0
            self._writer = path, pq.ParquetWriter(path, _WORKING, **writer_options(self.shape, run))
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer[1].close()
            self._writer = None


def _event_dates(table: pa.Table) -> dict[str, int]:
    """Rows per UTC event date; a row without event time counts under its arrival."""
    times = pc.coalesce(table["event_time"], table["received_time"])
    counted = pc.value_counts(pc.cast(times, pa.date32(), safe=False))
    return {str(entry["values"]): entry["counts"] for entry in counted.to_pylist()}


def _file(key: str, path: Path, *, has_dictionaries: bool = False) -> pq.ParquetFile:
    """The open file; with the repeated columns as dictionaries it is opened twice, for its footer names them."""
    try:
        if not has_dictionaries:
            return pq.ParquetFile(path)
        footer = pq.read_metadata(path)
        return pq.ParquetFile(path, metadata=footer, read_dictionary=_dictionaries(footer))
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"is no readable Parquet file: {error}") from error


def _dictionaries(footer: pq.FileMetaData) -> list[str]:
    """Columns of `REPEATED` that can be read as dictionaries: those that are there, in any encoding but two."""
    names = {name: place for place, name in enumerate(footer.schema.names)}
    found = [name for name in REPEATED if name in names]
    if not footer.num_row_groups:
        return found
    first = footer.row_group(0)
    others = {"DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"}
    return [name for name in found if others.isdisjoint(first.column(names[name]).encodings)]


def _read(key: str, file: pq.ParquetFile, number: int, columns: list[str] | None = None) -> pa.Table:
    try:
        # Threads cost more than they bring on files of this size; hours run side by side instead.
        return file.read_row_group(number, columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"is damaged in row group {number}: {error}") from error
