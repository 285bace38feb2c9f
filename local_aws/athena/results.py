"""The rows of a finished query: a CSV or text object on S3, and pages for GetQueryResults from a local spool."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from local_aws.athena.column_types import arrow_to_api
from local_aws.athena.errors import ApiError

_PRECISIONS = {
    "varchar": 2147483647, "bigint": 19, "integer": 10, "smallint": 5, "tinyint": 3, "double": 17, "float": 17,
    "timestamp": 3, "timestamp with time zone": 3, "varbinary": 1073741824,
}  # fmt: skip
MAX_PAGE_ROWS = 1000


@dataclass(frozen=True)
class ResultColumn:
    """One column of a result, in the words of the API."""

    name: str
    kind: str
    precision: int = 0
    scale: int = 0

    def describe(self) -> dict[str, Any]:
        """Return it as GetQueryResults does."""
        names = {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": self.name, "Label": self.name}
        is_text = self.kind in {"varchar", "string"}
        numbers = {"Precision": self.precision, "Scale": self.scale}
        return {**names, "Type": self.kind, **numbers, "Nullable": "UNKNOWN", "CaseSensitive": is_text}


def columns_of(schema: pa.Schema) -> list[ResultColumn]:
    """Return the columns of an Arrow schema."""
    return [_column(field) for field in schema]


def _column(field: pa.Field) -> ResultColumn:
    kind = arrow_to_api(field.type)
    if pa.types.is_decimal(field.type):
        return ResultColumn(field.name.lower(), kind, field.type.precision, field.type.scale)
    return ResultColumn(field.name.lower(), kind, _PRECISIONS.get(kind, 0))


def csv_line(row: Iterable[str | None]) -> str:
    """Return a row as Athena's CSV: every value quoted, NULL as nothing at all."""
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row) + "\n"


class Spool:
    """The rows of one result in a local file, one JSON list a line, so that a page costs no more than its rows."""

    def __init__(self, path: Path, columns: list[ResultColumn]) -> None:
        self.path = path
        self.columns = columns
        self.row_count = 0

    def write(self, rows: Iterable[list[str | None]]) -> Iterator[list[str | None]]:
        """Keep the rows and hand each on."""
        with self.path.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row) + "\n")
                self.row_count += 1
                yield row

    def page(self, token: str | None, size: int) -> tuple[list[list[str | None]], str | None]:
        """Return (rows, token of the next page, if any).

        Raises:
            ApiError: The token is not one of this result.
        """
        rows: list[list[str | None]] = []
        with self.path.open("rb") as file:
            try:
                file.seek(int(token) if token else 0)
                for _ in range(size):
                    line = file.readline()
                    if not line:
                        return rows, None
                    rows.append(json.loads(line))
            except ValueError as error:
                raise ApiError("NextToken is invalid") from error
            position = file.tell()
            return rows, str(position) if file.read(1) else None

    def twin(self, name: str) -> "Spool":
        """Return another spool of the same rows, which outlives this one."""
        other = Spool(self.path.with_name(name), self.columns)
        other.row_count = self.row_count
        os.link(self.path, other.path)
        return other

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


def result_set(columns: list[ResultColumn], rows: list[list[str | None]]) -> dict[str, Any]:
    """Return rows as GetQueryResults does: a NULL has no value at all."""
    data = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
    return {"Rows": data, "ResultSetMetadata": {"ColumnInfo": [column.describe() for column in columns]}}
