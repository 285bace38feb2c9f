"""Which partitions of a table a query needs: DuckDB evaluates the query's own conditions over the partition values."""

import contextlib
from collections.abc import Callable

import duckdb
import pyarrow as pa
from sqlglot import exp

from local_aws.athena.catalog import DEFAULT_PARTITION, Partition, Table
from local_aws.athena.column_types import glue_to_duckdb
from local_aws.athena.errors import QueryError
from local_aws.athena.predicates import Source, demands, is_optional

Generate = Callable[[exp.Expr], str]


def prune(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    partitions: list[Partition],
    conditions: list[str],
    *,
    optional: bool,
) -> list[Partition]:
    """Return the partitions that may hold rows of the answer, in the order given.

    Args:
        cursor: Any cursor with Athena's settings.
        table: Its partition columns give the types.
        partitions: All partitions of the table.
        conditions: DuckDB conditions over the partition columns; each must hold for a row to matter.
        optional: Whether an outer join may show NULL for this table; a condition that NULLs meet then says nothing.

    Raises:
        QueryError: `HIVE_INVALID_PARTITION_VALUE`, a value that is not of its column's type.
    """
    if not conditions or not partitions:
        return partitions
    cursor.register("tr_partitions", _values(table, partitions))
    try:
        useful = [c for c in conditions if not (optional and _accepts_nulls(cursor, table, c))]
        kept = _evaluate(cursor, table, useful)
    finally:
        cursor.unregister("tr_partitions")
    return partitions if kept is None else [p for number, p in enumerate(partitions) if number in kept]


def conditions_of(node: exp.Table, table: Table, alias: str, generate: Generate) -> tuple[list[str], bool]:
    """Return (conditions in DuckDB's words, whether the table is optional) for a table of a query."""
    source = Source(alias.lower(), frozenset(name for name, _ in table.keys))
    return [generate(condition) for condition in demands(node, source)], is_optional(node)


def _values(table: Table, partitions: list[Partition]) -> pa.Table:
    columns: dict[str, pa.Array] = {"tr_number": pa.array(range(len(partitions)), pa.int64())}
    for position, (name, _) in enumerate(table.keys):
        values = [partition.values[position] for partition in partitions]
        columns[f"tr_{name}"] = pa.array([None if v == DEFAULT_PARTITION else v for v in values], pa.string())
    return pa.table(columns)


def _evaluate(cursor: duckdb.DuckDBPyConnection, table: Table, conditions: list[str]) -> set[int] | None:
    """Return the numbers of the partitions to keep; nothing when a condition fails: then the query itself decides."""
    typed = ", ".join(f'CAST("tr_{name}" AS {glue_to_duckdb(kind)}) AS "{name}"' for name, kind in table.keys)
    relation = f"(SELECT tr_number, {typed} FROM tr_partitions)"  # noqa: S608 - names of the catalog, quoted
    try:
        cursor.execute(f"SELECT count(*) FROM {relation} WHERE {_any_null(table)}")  # noqa: S608 - quoted names
    except duckdb.Error as error:
        raise QueryError("HIVE_INVALID_PARTITION_VALUE", str(error).split("\n", 1)[0]) from error
    where = " AND ".join(f"({condition})" for condition in conditions) or "true"
    sql = f"SELECT tr_number FROM {relation} WHERE {where}"  # noqa: S608 - the conditions are those of the query
    with contextlib.suppress(duckdb.Error):
        return {row[0] for row in cursor.execute(sql).fetchall()}
    return None


def _any_null(table: Table) -> str:
    return " OR ".join(f'"{name}" IS NULL' for name, _ in table.keys)


def _accepts_nulls(cursor: duckdb.DuckDBPyConnection, table: Table, condition: str) -> bool:
    nulls = ", ".join(f'CAST(NULL AS {glue_to_duckdb(kind)}) AS "{name}"' for name, kind in table.keys)
    sql = f"SELECT coalesce(({condition}), false) FROM (SELECT {nulls})"  # noqa: S608 - as above
    try:
        row = cursor.execute(sql).fetchone()
    except duckdb.Error:
        return True
    return bool(row is None or row[0])
