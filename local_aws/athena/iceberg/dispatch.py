"""What the rest of the endpoint calls: each function imports its part of the package, and with it pyiceberg."""

import re

from sqlglot import exp

from local_aws.athena.catalog import Table
from local_aws.athena.engine import Answer
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg import is_iceberg, need_pyiceberg
from local_aws.athena.names import qualified
from local_aws.athena.outcome import Files, Lines, Nothing, Outcome
from local_aws.athena.statement import Statement
from local_aws.athena.translate.dialect import parse


def create_table(
    statement: Statement,
    name: tuple[str, str],
    columns: list[dict[str, str]],
    location: str | None,
    given: dict[str, str],
) -> None:
    """CREATE TABLE; see `creating.create_table`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import creating

    creating.create_table(statement, name, columns, location, given)


def create_table_as(statement: Statement, name: tuple[str, str], properties: exp.Properties, answer: Answer) -> Files:
    """CREATE TABLE AS; see `creating.create_table_as`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import creating

    return creating.create_table_as(statement, name, properties, answer)


def names_iceberg(properties: exp.Properties) -> bool:
    """Return whether the properties of a CREATE TABLE AS ask for an Iceberg table."""
    return any(
        isinstance(node, exp.Property) and node.name.lower() == "table_type" and node.text("value").upper() == "ICEBERG"
        for node in properties.expressions
    )


def insert(statement: Statement, node: exp.Table, query: exp.Query, given: list[str]) -> Files:
    """INSERT INTO; see `statements.insert`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import statements

    return statements.insert(statement, node, query, given)


def change_rows(statement: Statement) -> Outcome:
    """UPDATE, DELETE or MERGE.

    Raises:
        QueryError: The table is none of Iceberg, and what `statements.change_rows` raises.
    """
    tree = parse(statement.text)
    if not isinstance(tree, (exp.Update, exp.Delete, exp.Merge)) or not isinstance(tree.this, exp.Table):
        raise NotSupportedError("this form of UPDATE, DELETE or MERGE")
    _iceberg_table(statement, tree.this.db or statement.database, tree.this.name)
    from local_aws.athena.iceberg import statements

    return statements.change_rows(statement, tree)


def _iceberg_table(statement: Statement, database: str, name: str) -> Table:
    table = statement.catalog.table(database, name)
    if not is_iceberg(table):
        raise QueryError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables")
    need_pyiceberg()
    return table


def optimize(statement: Statement, match: re.Match[str]) -> Outcome:
    """OPTIMIZE … REWRITE DATA USING BIN_PACK; see `maintaining.optimize`."""
    table = _iceberg_table(statement, *qualified(match[1], statement.database))
    from local_aws.athena.iceberg import maintaining

    maintaining.optimize(statement, table, match[2])
    return Nothing()


def vacuum(statement: Statement, match: re.Match[str]) -> Outcome:
    """VACUUM; see `maintaining.vacuum`."""
    table = _iceberg_table(statement, *qualified(match[1], statement.database))
    from local_aws.athena.iceberg import maintaining

    maintaining.vacuum(statement, table, statement.session.context.start_time)
    return Nothing()


def drop_column(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE … DROP COLUMN; see `altering.drop_column`."""
    table = _iceberg_table(statement, *qualified(match[1], statement.database))
    from local_aws.athena.iceberg import altering

    altering.drop_column(statement, table, qualified(match[2], "")[1])
    return Nothing()


def change_column(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE … CHANGE COLUMN; see `altering.change_column`."""
    table = _iceberg_table(statement, *qualified(match[1], statement.database))
    from local_aws.athena.iceberg import altering

    altering.change_column(statement, table, match[2])
    return Nothing()


def add_columns(statement: Statement, table: Table, columns: list[dict[str, str]]) -> Outcome:
    """ALTER TABLE … ADD COLUMNS; see `altering.add_columns`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import altering

    altering.add_columns(statement, table, columns)
    return Nothing()


def set_properties(statement: Statement, table: Table, given: dict[str, str]) -> Outcome:
    """ALTER TABLE … SET TBLPROPERTIES; see `altering.set_properties`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import altering

    altering.set_properties(statement, table, given)
    return Nothing()


def drop_table(statement: Statement, table: Table) -> Outcome:
    """DROP TABLE; see `altering.drop_table`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import altering

    altering.drop_table(statement, table)
    return Nothing()


def describe(statement: Statement, table: Table) -> Lines:
    """DESCRIBE; see `showing.describe`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import showing

    return showing.describe(statement, table)


def show_create_table(statement: Statement, table: Table) -> Lines:
    """SHOW CREATE TABLE; see `showing.create_table`."""
    need_pyiceberg()
    from local_aws.athena.iceberg import showing

    return showing.create_table(statement, table)
