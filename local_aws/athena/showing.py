"""SHOW and DESCRIBE, in the text layout of Athena."""

import re
from collections.abc import Mapping
from typing import Any

from local_aws.athena.catalog import Table, view_definition
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg import dispatch as iceberg
from local_aws.athena.iceberg import is_iceberg
from local_aws.athena.names import qualified
from local_aws.athena.outcome import Lines
from local_aws.athena.scan import text_literal
from local_aws.athena.statement import Statement
from local_aws.athena.text.formats import is_read


def _table(statement: Statement, name: str) -> Table:
    return statement.catalog.table(*qualified(name, statement.database))


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Filter names by a Hive pattern: `*` for any text, `|` between choices."""
    if pattern is None:
        return names
    choices = [re.escape(choice).replace(r"\*", ".*").replace("%", ".*") for choice in pattern.split("|")]
    wanted = re.compile("|".join(choices), re.IGNORECASE)
    return [name for name in names if wanted.fullmatch(name)]


def databases(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW DATABASES."""
    return Lines(("database_name",), _matching(statement.catalog.databases(), match[1]))


def tables(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW TABLES, views among them."""
    database = qualified(match[1], "")[1] if match[1] else statement.database
    return Lines(("tab_name",), _matching([table.name for table in statement.catalog.tables(database)], match[2]))


def views(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW VIEWS."""
    database = qualified(match[1], "")[1] if match[1] else statement.database
    names = [table.name for table in statement.catalog.tables(database) if table.is_view]
    return Lines(("views",), _matching(names, match[2]))


def partitions(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW PARTITIONS."""
    table = _table(statement, match[1])
    if not table.keys:
        raise QueryError("FAILED", f"SemanticException: Table {table.name} is not a partitioned table")
    names = [name for name, _ in table.keys]
    rows = [
        "/".join(f"{n}={v}" for n, v in zip(names, p.values, strict=True)) for p in statement.catalog.partitions(table)
    ]
    return Lines(("partition",), sorted(rows))


def columns(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW COLUMNS."""
    name = f"{match[2]}.{match[1]}" if match[2] else match[1]
    table = _table(statement, name)
    return Lines(("field",), [column for column, _ in table.columns + table.keys])


def properties(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW TBLPROPERTIES."""
    given = _table(statement, match[1]).parameters
    rows = [f"{name}\t{value}" for name, value in sorted(given.items()) if match[2] in {None, name}]
    return Lines(("prpt_name", "prpt_value"), rows)


def describe(statement: Statement, match: re.Match[str]) -> Lines:
    """DESCRIBE: all columns, then the partition columns again under a heading.

    Raises:
        NotSupportedError: EXTENDED or FORMATTED.
    """
    if match[1]:
        raise NotSupportedError(f"DESCRIBE {match[1].strip().upper()}")
    table = _table(statement, match[2])
    if is_iceberg(table):
        return iceberg.describe(statement, table)
    comments = _comments(table)
    rows = [_padded(name, kind, comments.get(name, "")) for name, kind in table.columns + table.keys]
    if table.keys:
        heading = f"{'# col_name':<24}\t{'data_type':<24}\t{'comment':<24}"
        rows += ["\t \t ", "# Partition Information\t \t ", heading, "\t \t "]
        rows += [_padded(name, kind, comments.get(name, "")) for name, kind in table.keys]
    return Lines(("col_name", "data_type", "comment"), rows)


def _padded(name: str, kind: str, comment: str) -> str:
    return f"{name:<20}\t{kind:<20}\t{comment:<20}"


def _comments(table: Table) -> dict[str, str]:
    storage = table.raw.get("StorageDescriptor") or {}
    every = (storage.get("Columns") or []) + (table.raw.get("PartitionKeys") or [])
    return {column["Name"].lower(): column.get("Comment", "") for column in every}


def create_table(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW CREATE TABLE."""
    table = _table(statement, match[1])
    if table.is_view:
        raise QueryError("NOT_SUPPORTED", f"{table.name} is a view: use SHOW CREATE VIEW")
    if is_iceberg(table):
        return iceberg.show_create_table(statement, table)
    storage = table.raw.get("StorageDescriptor") or {}
    text = [f"CREATE EXTERNAL TABLE `{table.name}`(", *_column_lines(table.columns)]
    if table.keys:
        text += ["PARTITIONED BY ( ", *_column_lines(table.keys)]
    text += ["ROW FORMAT SERDE ", f"  '{(storage.get('SerdeInfo') or {}).get('SerializationLibrary', '')}' "]
    given = _parameters(storage)
    if given:
        text += ["WITH SERDEPROPERTIES ( ", *(f"{line}, " for line in given[:-1]), f"{given[-1]}) "]
    text += ["STORED AS INPUTFORMAT ", f"  '{storage.get('InputFormat', '')}' "]
    text += ["OUTPUTFORMAT ", f"  '{storage.get('OutputFormat', '')}'"]
    text += ["LOCATION", f"  '{table.location.rstrip('/')}'", "TBLPROPERTIES ("]
    given = [f"  '{name}'='{value}'" for name, value in sorted(table.parameters.items())]
    return Lines(("createtab_stmt",), [*text, *(line + "," for line in given[:-1]), (given[-1] if given else "") + ")"])


def _parameters(storage: Mapping[str, Any]) -> list[str]:
    """Return the serializer's parameters of a table of lines; those of Parquet tables say nothing."""
    serde = storage.get("SerdeInfo") or {}
    if not is_read(serde.get("SerializationLibrary", "")):
        return []
    return [f"  {text_literal(n)}={text_literal(v)}" for n, v in sorted((serde.get("Parameters") or {}).items())]


def _column_lines(given: tuple[tuple[str, str], ...]) -> list[str]:
    lines = [f"  `{name}` {kind}" for name, kind in given]
    return [f"{line}, " for line in lines[:-1]] + [f"{lines[-1]})"]


def create_view(statement: Statement, match: re.Match[str]) -> Lines:
    """SHOW CREATE VIEW."""
    table = _table(statement, match[1])
    if not table.is_view:
        raise QueryError("NOT_SUPPORTED", f"{table.name} is not a view")
    sql, _ = view_definition(table)
    return Lines(("Create View",), [f"CREATE VIEW {table.database}.{table.name} AS", *sql.splitlines()])
