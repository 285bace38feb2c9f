"""The two that are asked: the local Athena's engine, and Velox with Presto's functions."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from local_aws.athena.casts import in_result_types
from local_aws.athena.duck import Database
from local_aws.athena.errors import QueryError, from_duckdb
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite
from tests.fuzz_sql.dirty_rows import Row
from tests.fuzz_sql.expressions import Expression
from tests.fuzz_sql.portable import portable
from tests.unit.athena_values import NOON

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".build/velox/bin/python"
"""Of the environment that `make fuzz-sql` makes."""
KINDS = {
    "s": "text", "w": "text", "u": "text", "j": "text", "i": "integer", "k": "integer", "d": "double", "b": "truth",
    "t": "time", "t2": "time", "y": "date", "l": "texts", "n": "integers",
}  # fmt: skip
_ARROW = {
    "text": pa.string(), "integer": pa.int64(), "double": pa.float64(), "truth": pa.bool_(),
    "time": pa.timestamp("us"), "date": pa.date32(), "texts": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
}  # fmt: skip
_HIVE = {
    "text": "string", "integer": "bigint", "double": "double", "truth": "boolean", "time": "timestamp", "date": "date",
    "texts": "array<string>", "integers": "array<bigint>",
}  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What an engine says to one expression.

    Attributes:
        rows: For each row (value, nothing) or (nothing, error).
        refusal: Why it does not answer at all; the rows are empty then.
    """

    rows: list[tuple[Any, str | None]]
    refusal: str = ""


class LocalEngine:
    """The translation and the DuckDB of `local_aws/athena`, without an endpoint."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self, rows: list[Row], expressions: list[Expression]) -> list[Answers]:
        """Answer each expression for all rows."""
        cursor = self._database.cursor()
        fields = [(name, _ARROW[kind]) for name, kind in KINDS.items()]
        table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
        cursor.register("fuzzed_rows", table.append_column("place", pa.array(range(len(rows)), pa.int64())))
        cursor.execute("CREATE TEMP TABLE fuzzed AS SELECT * FROM fuzzed_rows")
        try:
            return [self._answer(cursor, len(rows), expression.text()) for expression in expressions]
        finally:
            cursor.execute("DROP TABLE fuzzed")
            cursor.close()

    def _answer(self, cursor: duckdb.DuckDBPyConnection, count: int, expression: str) -> Answers:
        try:
            sql = _translated(cursor, expression)
        except QueryError as error:
            if error.code.startswith("NOT_SUPPORTED"):
                return Answers([], str(error))
            return Answers([(None, str(error))] * count)
        try:
            return Answers([(value, None) for value in _asked(cursor, f"{sql} ORDER BY place")])
        except QueryError:  # some row fails, and all with it: ask for each alone
            found = [_one(cursor, f"{sql} WHERE place = {place}") for place in range(count)]
        refusals = [error for _, error in found if error is not None and error.startswith("NOT_SUPPORTED")]
        return Answers([], refusals[0]) if refusals else Answers(found)


def _translated(cursor: duckdb.DuckDBPyConnection, expression: str) -> str:
    tree = parse(f"SELECT {expression} AS answer, place FROM fuzzed")  # noqa: S608 - of our own grammar
    annotate(tree, {"fuzzed": {name: _HIVE[kind] for name, kind in KINDS.items()} | {"place": "bigint"}})
    try:
        return f"SELECT answer FROM ({in_result_types(cursor, generate(rewrite(tree, NOON)))})"  # noqa: S608 - no table's text
    except duckdb.Error as error:
        raise from_duckdb(error) from error


def _asked(cursor: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    try:
        return [portable(value) for value in cursor.sql(sql).to_arrow_table().column(0).to_pylist()]
    except duckdb.Error as error:
        raise from_duckdb(error) from error


def _one(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, str | None]:
    try:
        return _asked(cursor, sql)[0], None
    except QueryError as error:
        return None, str(error)


class Velox:
    """Velox behind a pipe; its process is started here and ended by `close` or a `with` statement."""

    def __init__(self, python: Path = PYTHON) -> None:
        command = [str(python), "-m", "tests.fuzz_sql.velox_child"]
        self._child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answers(self, rows: list[Row], expressions: list[Expression]) -> list[Answers]:
        """Answer each expression for all rows.

        Raises:
            ChildProcessError: Velox's process has ended.
        """
        columns = {name: [_plain(row[name]) for row in rows] for name in KINDS}
        request = {"rows": columns, "types": KINDS, "expressions": [_asked_for(one) for one in expressions]}
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise ChildProcessError(
                f"Velox ended with status {self._child.wait()}; run `make fuzz-sql` to install it anew"
            )
        return [_read(answer) for answer in json.loads(line)]

    def close(self) -> None:
        """End its process."""
        self._child.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _asked_for(expression: Expression) -> dict[str, Any]:
    return {"text": expression.text(velox=True), "is_array": expression.rule.kind in {"texts", "integers"}}


def _plain(value: Any) -> Any:
    """Return a value of a row as JSON; doubles as text, because JSON has no NaN."""
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _read(answer: dict[str, Any]) -> Answers:
    if "refused" in answer:
        return Answers([], answer["refused"])
    return Answers([(item.get("value"), item.get("error")) for item in answer["rows"]])
