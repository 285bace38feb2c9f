"""Statements about the catalog: databases, tables, views, partitions."""

import re
from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp

from local_aws.athena import altering, showing
from local_aws.athena.altering import column_of
from local_aws.athena.catalog import folder
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg import dispatch as iceberg
from local_aws.athena.iceberg import is_iceberg
from local_aws.athena.names import qualified
from local_aws.athena.outcome import Nothing, Outcome
from local_aws.athena.partitions import add_partitions, drop_partitions, move_partition, rename_partition, repair
from local_aws.athena.statement import Statement
from local_aws.athena.storage import declared_storage
from local_aws.athena.views import create_view

Handler = Callable[[Statement, re.Match[str]], Outcome]
_NAME = r"((?:[`\"]?[\w$-]+[`\"]?\.)*[`\"]?[\w$-]+[`\"]?)"


def _create_database(statement: Statement, match: re.Match[str]) -> Outcome:
    glue = statement.catalog.glue
    location = re.search(r"\bLOCATION\s+'([^']+)'", statement.text, re.IGNORECASE)
    try:
        name = qualified(match[2], "")[1]
        given: Any = {"Name": name, "LocationUri": location[1]} if location else {"Name": name}
        glue.create_database(DatabaseInput=given)
    except glue.exceptions.AlreadyExistsException as error:
        if not match[1]:
            raise QueryError("SCHEMA_ALREADY_EXISTS", f"Database {match[2]} already exists") from error
    return Nothing()


def _drop_database(statement: Statement, match: re.Match[str]) -> Outcome:
    name, glue = qualified(match[2], "")[1], statement.catalog.glue
    if name not in statement.catalog.databases():
        if match[1]:
            return Nothing()
        raise QueryError("SCHEMA_NOT_FOUND", f"Database does not exist: {name}")
    if not match[3] and next(statement.catalog.tables(name), None) is not None:
        raise QueryError("SCHEMA_NOT_EMPTY", f"Database {name} is not empty. One or more tables exist.")
    glue.delete_database(Name=name)
    return Nothing()


def _create_table(statement: Statement, _match: re.Match[str]) -> Outcome:
    try:
        tree = sqlglot.parse_one(statement.text, read="athena")
    except sqlglot.errors.SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", str(error).split("\n", 1)[0]) from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise NotSupportedError("this form of CREATE TABLE")
    database, name = (tree.this.this.db or statement.database).lower(), tree.this.this.name.lower()
    if _own_properties(tree).get("table_type", "").upper() == "ICEBERG":
        return _create_iceberg_table(statement, database, name, tree)
    table = _table_input(name, tree)
    glue = statement.catalog.glue
    try:
        glue.create_table(DatabaseName=database, TableInput=table)
    except glue.exceptions.AlreadyExistsException as error:
        if not tree.args.get("exists"):
            raise QueryError("FAILED", f"AlreadyExistsException: Table {name} already exists") from error
    except glue.exceptions.EntityNotFoundException as error:
        raise QueryError("SCHEMA_NOT_FOUND", f"Database {database} not found") from error
    return Nothing()


def _table_input(name: str, tree: exp.Create) -> Any:  # noqa: ANN401 - a TableInput of the Glue API
    holder = tree.args.get("properties")
    properties = holder.expressions if holder is not None else []
    own = _own_properties(tree)
    if not _is_external(tree):
        raise QueryError("FAILED", "SemanticException: use CREATE EXTERNAL TABLE, or CREATE TABLE AS")
    location = next((p.name for p in properties if isinstance(p, exp.LocationProperty)), None)
    if location is None:
        raise QueryError("FAILED", "SemanticException: an external table needs a LOCATION")
    keys: list[exp.ColumnDef] = next(
        (p.this.expressions for p in properties if isinstance(p, exp.PartitionedByProperty)), []
    )
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **own},
        "StorageDescriptor": declared_storage(
            properties, [column_of(c) for c in tree.this.expressions], folder(location)
        ),
        "PartitionKeys": [column_of(key) for key in keys],
    }


def _own_properties(tree: exp.Create) -> dict[str, str]:
    holder = tree.args.get("properties")
    properties = holder.expressions if holder is not None else []
    return {p.name: p.args["value"].name for p in properties if type(p) is exp.Property}


def _is_external(tree: exp.Create) -> bool:
    return "EXTERNAL" in tree.sql(dialect="athena").upper().split("(")[0]


def _create_iceberg_table(statement: Statement, database: str, name: str, tree: exp.Create) -> Outcome:
    if _is_external(tree):
        raise QueryError("FAILED", "External keyword not supported for table type ICEBERG")
    holder = tree.args["properties"].expressions
    location = next((p.name for p in holder if isinstance(p, exp.LocationProperty)), None)
    columns = [column_of(node) for node in tree.this.expressions]
    try:
        iceberg.create_table(statement, (database, name), columns, location, _own_properties(tree))
    except QueryError as error:
        if error.code != "TABLE_ALREADY_EXISTS" or not tree.args.get("exists"):
            raise
    return Nothing()


def _drop_table(statement: Statement, match: re.Match[str]) -> Outcome:
    database, name = qualified(match[3], statement.database)
    try:
        table = statement.catalog.table(database, name)
    except QueryError as error:
        if match[2]:
            return Nothing()
        raise QueryError("TABLE_NOT_FOUND", f"Table not found {name}") from error
    if table.is_view != (match[1].upper() == "VIEW"):
        raise QueryError(
            "NOT_SUPPORTED", f"{name} is a {'view: use DROP VIEW' if table.is_view else 'table: use DROP TABLE'}"
        )
    if is_iceberg(table):
        return iceberg.drop_table(statement, table)
    statement.catalog.glue.delete_table(DatabaseName=database, Name=name)
    return Nothing()


def _repair(statement: Statement, match: re.Match[str]) -> Outcome:
    repair(statement, statement.catalog.table(*qualified(match[1], statement.database)))
    return Nothing()


def _pattern(text: str) -> re.Pattern[str]:
    words = re.sub(r"\bNAME\b", lambda _: _NAME, text.replace(" ", r"\s+"))
    return re.compile(words + r"\s*\Z", re.IGNORECASE | re.DOTALL)


DDL: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (_pattern(r"CREATE (?:DATABASE|SCHEMA) (IF NOT EXISTS )?NAME(?: .*)?"), _create_database),
    (_pattern(r"DROP (?:DATABASE|SCHEMA) (IF EXISTS )?NAME(?: (CASCADE)| RESTRICT)?"), _drop_database),
    (_pattern(r"CREATE (?:EXTERNAL )?TABLE .*"), _create_table),
    (_pattern(r"DROP (TABLE|VIEW) (IF EXISTS )?NAME"), _drop_table),
    (_pattern(r"CREATE (OR REPLACE )?VIEW NAME AS (.*)"), create_view),
    (_pattern(r"ALTER TABLE NAME SET TBLPROPERTIES\s*\((.*)\)"), altering.set_properties),
    (_pattern(r"ALTER TABLE NAME ADD COLUMNS\s*\((.*)\)"), altering.add_columns),
    (_pattern(r"ALTER TABLE NAME REPLACE COLUMNS\s*\((.*)\)"), altering.replace_columns),
    (_pattern(r"ALTER TABLE NAME SET LOCATION '(.*)'"), altering.set_location),
    (_pattern(r"ALTER TABLE NAME (PARTITION\b.*) SET LOCATION '(.*)'"), move_partition),
    (_pattern(r"ALTER TABLE NAME (PARTITION\b.*) RENAME TO (PARTITION\b.*)"), rename_partition),
    (
        _pattern(r"ALTER (?:DATABASE|SCHEMA) NAME SET DBPROPERTIES\s*\((.*)\)"),
        altering.set_database,
    ),
    (_pattern(r"ALTER TABLE NAME DROP COLUMN NAME"), iceberg.drop_column),
    (_pattern(r"ALTER TABLE NAME CHANGE (?:COLUMN )?(.*)"), iceberg.change_column),
    (_pattern(r"OPTIMIZE NAME REWRITE DATA USING BIN_PACK(?: WHERE (.*))?"), iceberg.optimize),
    (_pattern(r"VACUUM NAME"), iceberg.vacuum),
    (_pattern(r"ALTER TABLE NAME ADD (IF NOT EXISTS )?(PARTITION\b.*)"), add_partitions),
    (_pattern(r"ALTER TABLE NAME DROP (IF EXISTS )?(PARTITION\b.*)"), drop_partitions),
    (_pattern(r"MSCK REPAIR TABLE NAME"), _repair),
    (_pattern(r"SHOW (?:DATABASES|SCHEMAS)(?: LIKE '(.*)')?"), showing.databases),
    (_pattern(r"SHOW TABLES(?: (?:IN|FROM) NAME)?(?: (?:LIKE )?'(.*)')?"), showing.tables),
    (_pattern(r"SHOW VIEWS(?: (?:IN|FROM) NAME)?(?: (?:LIKE )?'(.*)')?"), showing.views),
    (_pattern(r"SHOW PARTITIONS NAME"), showing.partitions),
    (_pattern(r"SHOW COLUMNS (?:IN|FROM) NAME(?: (?:IN|FROM) NAME)?"), showing.columns),
    (_pattern(r"SHOW CREATE TABLE NAME"), showing.create_table),
    (_pattern(r"SHOW CREATE VIEW NAME"), showing.create_view),
    (_pattern(r"SHOW TBLPROPERTIES NAME(?:\s*\('([^']*)'\))?"), showing.properties),
    (_pattern(r"(?:DESCRIBE|DESC) (EXTENDED |FORMATTED )?NAME"), showing.describe),
)
