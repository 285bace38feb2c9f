"""An object of lines becomes a Parquet file, so that it is read, pruned and joined as any other."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from local_aws.athena.column_types import glue_to_arrow
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.text.csv_rows import SeparatedRows
from local_aws.athena.text.formats import TextFormat
from local_aws.athena.text.json_rows import JsonRows
from local_aws.athena.text.lines import lines_of

_ROWS_AT_ONCE = 20_000
_ROW = "tr_row"


class Rows(Protocol):
    """Takes lines apart."""

    def read(self, line: str) -> list[object]:
        """Return the values of the wanted columns."""


class Converter:
    """Makes Parquet files of the objects of one table, with the columns that a query reads.

    Args:
        columns: (name, Hive type) of all columns of the files.
        wanted: Names of the columns to read.
    """

    def __init__(self, form: TextFormat, columns: tuple[tuple[str, str], ...], wanted: frozenset[str]) -> None:
        self._form = form
        chosen = [(name, kind) for name, kind in columns if name in wanted]
        names = [name for name, _ in chosen]
        self._rows: Rows = JsonRows(form, columns, names) if form.is_json else SeparatedRows(form, columns, names)
        # A file without columns would forget how many rows it has.
        fields = [(name, glue_to_arrow(kind)) for name, kind in chosen] or [(_ROW, pa.bool_())]
        self._schema = pa.schema(fields)
        self._is_bare = not chosen

    def convert(self, source: Path, address: str, target: Path) -> None:
        """Write the rows of an object.

        Args:
            source: A local copy of it.
            address: Where it is, for messages and for how it is packed.
            target: The Parquet file to make.

        Raises:
            QueryError: `HIVE_CURSOR_ERROR`, `HIVE_BAD_DATA`, with the place.
            NotSupportedError: What is not certain, with the place.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(target, self._schema, compression="snappy") as writer:
            rows: list[list[object]] = []
            for number, line in lines_of(source, address, self._form.header_lines):
                rows.append(self._read(line, f"{address}, line {number}"))
                if len(rows) == _ROWS_AT_ONCE:
                    writer.write_batch(self._batch(rows))
                    rows = []
            writer.write_batch(self._batch(rows))

    def _read(self, line: str, place: str) -> list[object]:
        if self._form.is_json and not line.strip():
            raise NotSupportedError(f"{place}: an empty line")
        try:
            return self._rows.read(line)
        except NotSupportedError as error:
            raise NotSupportedError(f"{place}: {str(error).partition(': ')[2]}") from error
        except QueryError as error:
            raise QueryError(error.code, f"{str(error).partition(': ')[2]} ({place})") from error

    def _batch(self, rows: list[list[object]]) -> pa.RecordBatch:
        if self._is_bare:
            return pa.record_batch([pa.nulls(len(rows), pa.bool_())], schema=self._schema)
        columns = [[row[place] for row in rows] for place in range(len(self._schema))]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        return pa.record_batch(arrays, schema=self._schema)
