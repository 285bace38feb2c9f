"""ALTER TABLE and ALTER DATABASE: properties, columns, location."""

import re
from typing import Any

import sqlglot
from sqlglot import exp

from local_aws.athena.catalog import Table, folder
from local_aws.athena.errors import QueryError
from local_aws.athena.iceberg import dispatch as iceberg
from local_aws.athena.iceberg import is_iceberg
from local_aws.athena.names import qualified
from local_aws.athena.outcome import Nothing, Outcome
from local_aws.athena.statement import Statement

_KEPT = frozenset(
    {"Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText",
     "ViewExpandedText", "TableType", "Parameters"}
)  # fmt: skip


def _update(statement: Statement, table: Table, changes: dict[str, Any]) -> Outcome:
    given = {key: value for key, value in table.raw.items() if key in _KEPT and value not in ("", None)}
    new: Any = given | changes  # an emulator gives texts, such as the owner, that it does not take back empty
    statement.catalog.glue.update_table(DatabaseName=table.database, TableInput=new)
    return Nothing()


def set_properties(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE SET TBLPROPERTIES: those named are set, others stay."""
    table = _table(statement, match)
    if is_iceberg(table):
        return iceberg.set_properties(statement, table, _pairs(match[2]))
    return _update(statement, table, {"Parameters": {**table.parameters, **_pairs(match[2])}})


def set_location(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE SET LOCATION: the table lies elsewhere, its partitions stay where they are."""
    table = _hive_table(statement, match, "SET LOCATION")
    storage = {**table.raw["StorageDescriptor"], "Location": folder(match[2])}
    return _update(statement, table, {"StorageDescriptor": storage})


def add_columns(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE ADD COLUMNS: after those that there are.

    Raises:
        QueryError: A name is taken.
    """
    table = _table(statement, match)
    new = _columns(match[2])
    _refuse_taken(new, {name for name, _ in table.columns + table.keys})
    if is_iceberg(table):
        return iceberg.add_columns(statement, table, new)
    storage: dict[str, Any] = table.raw["StorageDescriptor"]
    return _update(statement, table, {"StorageDescriptor": {**storage, "Columns": [*storage["Columns"], *new]}})


def replace_columns(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE REPLACE COLUMNS: the files stay; columns of a Parquet file that are not named are not read.

    Raises:
        QueryError: A name is that of a partition column.
    """
    table = _hive_table(statement, match, "REPLACE COLUMNS")
    new = _columns(match[2])
    _refuse_taken(new, {name for name, _ in table.keys})
    storage: dict[str, Any] = table.raw["StorageDescriptor"]
    return _update(statement, table, {"StorageDescriptor": {**storage, "Columns": new}})


def set_database(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER DATABASE SET DBPROPERTIES: those named are set, others stay.

    Raises:
        QueryError: `SCHEMA_NOT_FOUND`.
    """
    name = qualified(match[1], "")[1]
    raw = next((raw for raw in statement.catalog.described_databases() if raw["Name"] == name), None)
    if raw is None:
        raise QueryError("SCHEMA_NOT_FOUND", f"Database does not exist: {name}")
    kept = {key: raw[key] for key in ("Name", "Description", "LocationUri") if raw.get(key)}
    given: Any = {**kept, "Parameters": {**raw.get("Parameters", {}), **_pairs(match[2])}}
    statement.catalog.glue.update_database(Name=name, DatabaseInput=given)
    return Nothing()


def _table(statement: Statement, match: re.Match[str]) -> Table:
    return statement.catalog.table(*qualified(match[1], statement.database))


def _hive_table(statement: Statement, match: re.Match[str], what: str) -> Table:
    table = _table(statement, match)
    if is_iceberg(table) or table.is_view:
        raise QueryError("NOT_SUPPORTED", f"ALTER TABLE {what} of {table.name}: it is no table of Hive")
    return table


def _pairs(text: str) -> dict[str, str]:
    return dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", text))


def _columns(text: str) -> list[dict[str, str]]:
    try:
        tree = sqlglot.parse_one(f"CREATE EXTERNAL TABLE t ({text}) LOCATION 's3://b/k'", read="athena")
    except sqlglot.errors.SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", str(error).split("\n", 1)[0]) from error
    return [column_of(column) for column in tree.this.expressions]


def _refuse_taken(new: list[dict[str, str]], known: set[str]) -> None:
    taken = known & {column["Name"] for column in new}
    if taken:
        raise QueryError("FAILED", f"SemanticException: Duplicate column name: {min(taken)}")


def column_of(node: exp.ColumnDef) -> dict[str, str]:
    """Return a column of a CREATE or ALTER TABLE as Glue keeps it."""
    kind = node.args["kind"].sql(dialect="hive").lower().replace(" ", "").replace("struct<", "struct<")
    column = {"Name": node.name.lower(), "Type": kind}
    comment = node.find(exp.CommentColumnConstraint)
    return {**column, "Comment": comment.this.name} if comment is not None else column
