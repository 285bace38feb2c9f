"""ALTER TABLE and DROP TABLE of Iceberg tables."""

import itertools
import re

from pyiceberg.exceptions import ValidationError
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import PrimitiveType

from local_aws.athena.catalog import Table
from local_aws.athena.errors import QueryError
from local_aws.athena.iceberg.column_types import to_iceberg as to_iceberg_type
from local_aws.athena.iceberg.properties import to_iceberg
from local_aws.athena.iceberg.reachable import delete_objects, metadata_files, objects_of, reachable
from local_aws.athena.iceberg.tables import athena_errors
from local_aws.athena.statement import Statement

_CHANGE = re.compile(
    r"\s*[`\"]?([\w$]+)[`\"]?\s+[`\"]?([\w$]+)[`\"]?\s+(.+?)(?:\s+COMMENT\s+'((?:[^']|'')*)')?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)


def set_properties(statement: Statement, table: Table, given: dict[str, str]) -> None:
    """ALTER TABLE … SET TBLPROPERTIES.

    Raises:
        QueryError: A property that Athena does not take, `ICEBERG_COMMIT_ERROR`.
    """
    iceberg = _load(statement, table)
    with athena_errors(table.name), iceberg.transaction() as transaction:
        transaction.set_properties(to_iceberg(given))


def add_columns(statement: Statement, table: Table, columns: list[dict[str, str]]) -> None:
    """ALTER TABLE … ADD COLUMNS: files written before have NULL there.

    Raises:
        QueryError: A column that is there already, a type that Iceberg lacks, `ICEBERG_COMMIT_ERROR`.
    """
    iceberg = _load(statement, table)
    with athena_errors(table.name), iceberg.update_schema(case_sensitive=False) as update:
        for column in columns:
            kind = to_iceberg_type(column["Type"], itertools.count(1))
            update.add_column(column["Name"], kind, doc=column.get("Comment"))


def drop_column(statement: Statement, table: Table, name: str) -> None:
    """ALTER TABLE … DROP COLUMN.

    Raises:
        QueryError: No such column, or the partitioning needs it; `ICEBERG_COMMIT_ERROR`.
    """
    iceberg = _load(statement, table)
    source = _field_id(iceberg, name)
    if any(field.source_id == source for field in iceberg.spec().fields):
        raise QueryError("NOT_SUPPORTED", f"Cannot drop column {name}, the partitioning of the table uses it")
    with athena_errors(table.name), iceberg.update_schema(case_sensitive=False) as update:
        update.delete_column(name)


def change_column(statement: Statement, table: Table, text: str) -> None:
    """ALTER TABLE … CHANGE COLUMN old new type: another name, a wider type, or both.

    Raises:
        QueryError: A type that does not hold all values of the old one, `ICEBERG_COMMIT_ERROR`.
    """
    found = _CHANGE.match(text)
    if found is None:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: cannot read column change {text!r}")
    old, new = found[1].lower(), found[2].lower()
    iceberg = _load(statement, table)
    current = iceberg.schema().find_field(_field_id(iceberg, old)).field_type
    wanted = to_iceberg_type(found[3], itertools.count(1))
    if not isinstance(wanted, PrimitiveType) and str(wanted) != str(current):
        raise QueryError("NOT_SUPPORTED", f"Cannot change column type: {old}: {current} -> {wanted}")
    try:
        with athena_errors(table.name), iceberg.update_schema(case_sensitive=False) as update:
            doc = found[4].replace("''", "'") if found[4] is not None else None
            if isinstance(wanted, PrimitiveType) or doc is not None:
                update.update_column(old, wanted if isinstance(wanted, PrimitiveType) else None, doc=doc)
            if new != old:
                update.rename_column(old, new)
    except (ValidationError, ValueError) as error:
        raise QueryError("NOT_SUPPORTED", str(error)) from error


def drop_table(statement: Statement, table: Table) -> None:
    """DROP TABLE: the table goes first, then everything that it wrote; other objects at its location stay."""
    iceberg = _load(statement, table)
    files = reachable(iceberg, iceberg.snapshots()) | {*metadata_files(iceberg)}
    files |= {address for address, _ in objects_of(statement.s3, iceberg)}
    statement.catalog.glue.delete_table(DatabaseName=table.database, Name=table.name)
    delete_objects(statement.s3, files)


def _load(statement: Statement, table: Table) -> IcebergTable:
    return statement.session.iceberg.load(table.database, table.name)


def _field_id(iceberg: IcebergTable, name: str) -> int:
    try:
        return iceberg.schema().find_field(name, case_sensitive=False).field_id
    except ValueError as error:
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved") from error
