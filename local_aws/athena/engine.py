"""Runs one query: bind its tables, translate it, ask DuckDB."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from local_aws.athena.binder import Binder
from local_aws.athena.catalog import Catalog
from local_aws.athena.duck import Database
from local_aws.athena.errors import QueryCancelledError, QueryError, from_duckdb
from local_aws.athena.objects import ObjectStore
from local_aws.athena.plans import note_columns
from local_aws.athena.scan import Scan, Scanner
from local_aws.athena.translate.dialect import generate
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite

_BATCH_ROWS = 10_000
_REPLACED = (
    ("UHUGEINT", "BIGINT"), ("HUGEINT", "BIGINT"), ("UBIGINT", "BIGINT"), ("UINTEGER", "BIGINT"), ("JSON", "VARCHAR"),
    ("TIMESTAMP_MS", "TIMESTAMP"), ("TIMESTAMP_NS", "TIMESTAMP"), ("TIMESTAMP_S", "TIMESTAMP"), ('"NULL"', "VARCHAR"),
    ("UUID", "VARCHAR"),
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What a query runs with.

    Attributes:
        database: Where names without a database are looked up.
        start_time: When it began, UTC.
        bytes_cutoff: The workgroup's limit of bytes scanned, if it has one.
    """

    database: str
    start_time: datetime
    bytes_cutoff: int | None = None


@dataclass(frozen=True)
class ColumnCast:
    """One column of a result: where it comes from (nothing: NULL), its name, and its DuckDB type."""

    place: int | None
    name: str
    kind: str


@dataclass(frozen=True)
class Answer:
    """Rows of a query, still to be read, in Athena's types.

    Attributes:
        schema: Names and Arrow types of the columns.
        batches: The rows; can be read once, while the session is open.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class Session:
    """One query under way, with its own cursor, its own temporary views and its own folder."""

    def __init__(self, engine: "Engine", context: Context, folder: Path) -> None:
        self.cursor = engine.database.cursor()
        self.context = context
        self._catalog = engine.catalog
        self._scanner = Scanner(engine.catalog, engine.store, self.cursor, folder)

    @property
    def scans(self) -> list[Scan]:
        """The tables read so far."""
        return self._scanner.scans

    @property
    def scanned_bytes(self) -> int:
        """Compressed bytes of the column chunks read so far."""
        return sum(scan.scanned_bytes for scan in self.scans)

    def translate(self, tree: exp.Expr) -> str:
        """Return DuckDB's text of a query and make the views that it reads.

        Raises:
            QueryError: What Athena would fail with.
        """
        binder = Binder(self._catalog, self._scanner, self.context.database, self._expression)
        bound = binder.bind(tree.copy())
        annotate(bound, binder.schema)
        return generate(rewrite(bound, self.context.start_time))

    def _expression(self, node: exp.Expr) -> str:
        select = exp.Select().select(node)
        return generate(rewrite(select, self.context.start_time).expressions[0].unalias())

    def run(self, tree: exp.Expr, casts: list[ColumnCast] | None = None) -> Answer:
        """Run a query.

        Args:
            tree: The query as parsed.
            casts: Columns to return, when a table prescribes them.

        Raises:
            QueryError: What Athena would fail with.
            QueryCancelledError: It would read more bytes than its workgroup allows.
        """
        try:
            plain = self.translate(tree)
            sql = _in_declared_types(self.cursor, plain, casts) if casts else in_result_types(self.cursor, plain)
            self._count(sql)
            reader: pa.RecordBatchReader = self.cursor.sql(sql).to_arrow_reader(_BATCH_ROWS)
        except duckdb.Error as error:
            raise from_duckdb(error) from error
        return Answer(reader.schema, _translated(reader))

    def explain(self, tree: exp.Expr, *, analyze: bool) -> list[str]:
        """Return the lines of DuckDB's plan, which reads nothing, or of what running it took.

        Raises:
            QueryError: What Athena would fail with.
            QueryCancelledError: Running it would read more bytes than its workgroup allows.
        """
        sql = self.translate(tree)
        try:
            if analyze:
                self._count(sql)
            else:
                for scan in self.scans:
                    scan.columns = frozenset()
            plan = self.cursor.execute(f"EXPLAIN {'ANALYZE ' if analyze else ''}{sql}").fetchall()
        except duckdb.Error as error:
            raise from_duckdb(error) from error
        return [line for row in plan for line in str(row[1]).splitlines()]

    def _count(self, sql: str) -> None:
        """Note what a query reads, and stop one that reads too much."""
        note_columns(self.cursor, sql, self.scans)
        cutoff = self.context.bytes_cutoff
        if cutoff is not None and self.scanned_bytes > cutoff:
            raise QueryCancelledError("Bytes scanned limit was exceeded")


class Engine:
    """Everything that queries share."""

    def __init__(self, database: Database, catalog: Catalog, store: ObjectStore, cache_folder: Path) -> None:
        self.database = database
        self.catalog = catalog
        self.store = store
        self._folder = cache_folder / "queries"
        shutil.rmtree(self._folder, ignore_errors=True)  # what an earlier run left behind
        self._folder.mkdir(parents=True)

    @contextmanager
    def session(self, context: Context) -> Iterator[Session]:
        """Open a session; its cursor and its folder go with it."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        session = Session(self, context, folder)
        try:
            yield session
        finally:
            session.cursor.close()
            shutil.rmtree(folder, ignore_errors=True)


def _translated(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except (duckdb.Error, pa.ArrowException) as error:
        raise from_duckdb(duckdb.Error(str(error))) from error


def in_result_types(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Cast columns of types that only DuckDB has: a sum of integers is a bigint in Athena, JSON shows as text."""
    described = [(str(row[0]), str(row[1])) for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    casts = [ColumnCast(place, name, _result_type(kind)) for place, (name, kind) in enumerate(described)]
    if all(cast.kind == kind for cast, (_, kind) in zip(casts, described, strict=True)):
        return sql
    return _casting(sql, len(described), casts)


def _in_declared_types(cursor: duckdb.DuckDBPyConnection, sql: str, casts: list[ColumnCast]) -> str:
    """Cast columns to those of a table, within a family of types, as INSERT does."""
    kinds = [str(row[1]) for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    used = [cast for cast in casts if cast.place is not None]
    matching = len(used) == len(kinds) and all(_fits(kinds[cast.place or 0], cast.kind) for cast in used)
    if not matching:
        text = f"Insert query has mismatched column types: Table: {[cast.kind for cast in used]}, Query: {kinds}"
        raise QueryError("TYPE_MISMATCH", f"line 1:1: {text}")
    return _casting(sql, len(kinds), casts)


def _fits(kind: str, target: str) -> bool:
    numbers = ("INT", "DOUBLE", "FLOAT", "REAL", "DECIMAL")
    both_numbers = any(n in kind for n in numbers) and any(n in target for n in numbers)
    same = kind.split("(")[0] == target.split("(")[0] or (kind == "VARCHAR" and target == "TEXT")
    return (
        same
        or both_numbers
        or kind == '"NULL"'
        or (kind == "DATE" and target == "TIMESTAMP")
        or kind.endswith(("]", ")"))
    )


def _casting(sql: str, count: int, casts: list[ColumnCast]) -> str:
    names = [f"c{position}" for position in range(count)]
    columns = [f"CAST({'NULL' if c.place is None else names[c.place]} AS {c.kind}) AS {_quoted(c.name)}" for c in casts]
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS tr_answer({', '.join(names)})"  # noqa: S608 - names are quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _result_type(kind: str) -> str:
    for theirs, ours in _REPLACED:
        kind = kind.replace(theirs, ours)
    return kind
