"""Iceberg tables of a query, and tables about them, become views."""

import dataclasses
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from sqlglot import exp

from local_aws.athena.catalog import Table
from local_aws.athena.column_types import arrow_to_glue
from local_aws.athena.iceberg.column_types import to_glue
from local_aws.athena.iceberg.filters import FilterMaker
from local_aws.athena.iceberg.inspecting import inspect
from local_aws.athena.iceberg.scanning import Places, View, show
from local_aws.athena.iceberg.snapshots import schema_of, snapshot_of
from local_aws.athena.iceberg.tables import IcebergTables
from local_aws.athena.predicates import Source, demands, is_optional
from local_aws.athena.scan import Scan, Scanner

PLACES = "tr_places"
"""A table node whose notes have this word gets the columns that say where its rows lie."""


class IcebergBinder:
    """Binds Iceberg tables.

    Args:
        generate: Turns an expression into DuckDB's words.

    Attributes:
        places: How the table was read whose rows the statement changes.
    """

    def __init__(self, tables: IcebergTables, scanner: Scanner, generate: Callable[[exp.Expr], str]) -> None:
        self._tables = tables
        self._scanner = scanner
        self._generate = generate
        self.places: Places | None = None

    def bind(self, node: exp.Table, table: Table, alias: str, mentioned: frozenset[str], *, has_star: bool) -> Scan:
        """Make the view that a table of a query stands for.

        Raises:
            QueryError: There is no such version, or the data are bad.
            NotSupportedError: What of the Iceberg format is not read here.
        """
        iceberg = self._tables.load(table.database, table.name)
        snapshot_id = snapshot_of(iceberg, node.args.pop("version", None), self._value)
        if node.name.lower() != table.name:
            return self._about(iceberg, table, node.name.rpartition("$")[2].lower())
        schema = schema_of(iceberg, snapshot_id)
        scan = self._scanner.begin(dataclasses.replace(table, columns=_columns(schema), keys=()))
        row_filter = FilterMaker(schema, self._value, optional=is_optional(node)).of(
            demands(node, Source(alias.lower(), frozenset(field.name.lower() for field in schema.fields)))
        )
        if schema != iceberg.schema():
            row_filter = AlwaysTrue()  # pyiceberg resolves filters by the newest schema alone
        view = View(iceberg, schema, snapshot_id, row_filter, mentioned, has_star, with_places=PLACES in node.meta)
        files = show(self._scanner, scan, view)
        if view.with_places:
            self.places = Places(view, scan, files)
        return scan

    def _about(self, iceberg: IcebergTable, table: Table, kind: str) -> Scan:
        rows = inspect(iceberg, kind)
        columns = tuple((field.name, _named(field.type)) for field in rows.schema)
        scan = self._scanner.begin(dataclasses.replace(table, columns=columns, keys=()))
        self._scanner.cursor.register(scan.view, rows)
        return scan

    def _value(self, node: exp.Expr) -> Any:  # noqa: ANN401 - a value of any type
        """Return the value of an expression without columns; nothing when it has none."""
        if node.find(exp.Select, exp.Column, exp.AggFunc, exp.Window, exp.Rand, exp.Uuid, exp.Placeholder) is not None:
            return None
        try:
            value = self._scanner.cursor.sql(f"SELECT {self._generate(node)}").to_arrow_table().column(0)[0]
        except duckdb.Error:
            return None
        return value.as_py() if not pa.types.is_nested(value.type) else None


def _columns(schema: Schema) -> tuple[tuple[str, str], ...]:
    """Columns of a type that Athena does not read count as text until a query reads them."""
    return tuple((field.name.lower(), to_glue(field.field_type) or "string") for field in schema.fields)


def _named(kind: pa.DataType) -> str:
    return "timestamptz" if pa.types.is_timestamp(kind) and kind.tz is not None else arrow_to_glue(kind)
