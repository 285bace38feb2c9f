"""Runs one query: bind its tables, translate it, ask DuckDB."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from sqlglot import exp

from local_aws.athena.binder import Binder
from local_aws.athena.casts import ColumnCast, check_storable, in_declared_types, in_result_types
from local_aws.athena.catalog import Catalog
from local_aws.athena.duck import Database
from local_aws.athena.errors import QueryCancelledError, from_duckdb
from local_aws.athena.iceberg import need_pyiceberg
from local_aws.athena.objects import ObjectStore
from local_aws.athena.plans import note_columns
from local_aws.athena.scan import Scan, Scanner
from local_aws.athena.translate.dialect import generate
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite

if TYPE_CHECKING:
    from local_aws.athena.iceberg.binding import IcebergBinder
    from local_aws.athena.iceberg.tables import IcebergTables

_BATCH_ROWS = 10_000


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
        self._store = engine.store
        self._iceberg: IcebergTables | None = None
        self._iceberg_binder: IcebergBinder | None = None
        self.scanner = Scanner(engine.catalog, engine.store, self.cursor, folder)

    @property
    def scans(self) -> list[Scan]:
        """The tables read so far."""
        return self.scanner.scans

    @property
    def scanned_bytes(self) -> int:
        """Compressed bytes of the column chunks read so far."""
        return sum(scan.scanned_bytes for scan in self.scans)

    @property
    def iceberg(self) -> "IcebergTables":
        """The Iceberg tables that the statement names; pyiceberg is imported at the first.

        Raises:
            NotSupportedError: pyiceberg is not installed.
        """
        if self._iceberg is None:
            need_pyiceberg()
            from local_aws.athena.iceberg.tables import IcebergTables

            self._iceberg = IcebergTables(self._catalog.glue, self._store.s3)
        return self._iceberg

    def iceberg_binder(self) -> "IcebergBinder":
        """Return what binds Iceberg tables of the statement."""
        if self._iceberg_binder is None:
            tables = self.iceberg
            from local_aws.athena.iceberg.binding import IcebergBinder

            self._iceberg_binder = IcebergBinder(tables, self.scanner, self._expression)
        return self._iceberg_binder

    def translate(self, tree: exp.Expr) -> str:
        """Return DuckDB's text of a query and make the views that it reads.

        Raises:
            QueryError: What Athena would fail with.
        """
        binder = Binder(self._catalog, self.scanner, self.context.database, self._expression, self.iceberg_binder)
        bound = binder.bind(tree.copy())
        annotate(bound, binder.schema)
        return generate(rewrite(bound, self.context.start_time))

    def _expression(self, node: exp.Expr) -> str:
        select = exp.Select().select(node)
        return generate(rewrite(select, self.context.start_time).expressions[0].unalias())

    def run(self, tree: exp.Expr, casts: list[ColumnCast] | None = None, *, stored: bool = False) -> Answer:
        """Run a query.

        Args:
            tree: The query as parsed.
            casts: Columns to return, when a table prescribes them.
            stored: Whether the rows are for a table that is made of them.

        Raises:
            QueryError: What Athena would fail with.
            QueryCancelledError: It would read more bytes than its workgroup allows.
        """
        try:
            return self.answer(self._prepared(tree, casts, stored=stored))
        except duckdb.Error as error:
            raise from_duckdb(error) from error

    def _prepared(self, tree: exp.Expr, casts: list[ColumnCast] | None, *, stored: bool = False) -> str:
        """Return DuckDB's text of a query whose cost is known and allowed."""
        plain = self.translate(tree)
        if stored:
            check_storable(self.cursor, plain)
        sql = in_declared_types(self.cursor, plain, casts) if casts else in_result_types(self.cursor, plain)
        self._count(sql)
        return sql

    def answer(self, sql: str) -> Answer:
        """Run DuckDB's text of a query.

        Raises:
            QueryError: What Athena would fail with.
        """
        try:
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
        """Note what a query reads beyond what the statement has read, and stop one that reads too much."""
        note_columns(self.cursor, sql, [scan for scan in self.scans if scan.columns is None])
        cutoff = self.context.bytes_cutoff
        if cutoff is not None and self.scanned_bytes > cutoff:
            raise QueryCancelledError("Bytes scanned limit was exceeded")

    def keep(self, name: str, tree: exp.Expr, casts: list[ColumnCast]) -> None:
        """Run a query and keep its rows in a temporary table.

        Raises:
            QueryError: What Athena would fail with.
            QueryCancelledError: It would read more bytes than its workgroup allows.
        """
        try:
            self.cursor.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {self._prepared(tree, casts)}')
        except duckdb.Error as error:
            raise from_duckdb(error) from error


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
