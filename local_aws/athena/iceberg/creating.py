"""CREATE TABLE and CREATE TABLE AS of Iceberg tables."""

import re

from sqlglot import exp

from local_aws.athena.column_types import arrow_to_glue
from local_aws.athena.engine import Answer
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.column_types import to_schema
from local_aws.athena.iceberg.partitioning import to_spec
from local_aws.athena.iceberg.properties import to_iceberg
from local_aws.athena.iceberg.tables import athena_errors
from local_aws.athena.iceberg.writing import write_files
from local_aws.athena.outcome import Files
from local_aws.athena.parameters import split_list
from local_aws.athena.statement import Statement

_PARTITIONED_BY = re.compile(r"\bPARTITIONED\s+BY\s*\(", re.IGNORECASE)
_OWN = frozenset({"table_type", "is_external", "location", "partitioning"})


def create_table(
    statement: Statement,
    name: tuple[str, str],
    columns: list[dict[str, str]],
    location: str | None,
    given: dict[str, str],
) -> None:
    """Create an empty table.

    Args:
        statement: What runs.
        name: (database, table).
        columns: As Glue has them.
        location: S3 folder; there must be one.
        given: Table properties of the statement.

    Raises:
        QueryError: Anything that Athena refuses about it.
    """
    if location is None:
        raise QueryError("FAILED", "SemanticException: an Iceberg table needs a LOCATION")
    if any(table.name == name[1] for table in statement.catalog.tables(name[0], name[1])):
        raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: Table '{'.'.join(name)}' already exists")
    schema = to_schema(columns)
    spec = to_spec(_partition_fields(statement.text), schema)
    properties = to_iceberg({key: value for key, value in given.items() if key not in _OWN})
    with athena_errors(".".join(name), creates=True):
        statement.session.iceberg.create(*name, schema, location, spec, properties).commit_transaction()


def _partition_fields(text: str) -> list[str]:
    """Return the parts of PARTITIONED BY (…)."""
    start = _PARTITIONED_BY.search(text)
    if start is None:
        return []
    depth = 1
    for position in range(start.end(), len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return split_list(text[start.end() : position].replace("`", '"'))
    raise QueryError("SYNTAX_ERROR", "line 1:1: PARTITIONED BY without a closing parenthesis")


def create_table_as(statement: Statement, name: tuple[str, str], properties: exp.Properties, answer: Answer) -> Files:
    """Create a table with the rows of a query: it is there with all of them, or not at all.

    Raises:
        QueryError: Anything that Athena refuses about it.
    """
    given = _given(properties)
    if given.get("is_external", ["false"])[0].lower() != "false":
        raise QueryError(
            "INVALID_TABLE_PROPERTY", "External Iceberg tables are not supported: set is_external to false"
        )
    if "location" not in given:
        raise QueryError("INVALID_TABLE_PROPERTY", "An Iceberg table needs the table property 'location'")
    location = given["location"][0]
    if statement.store.list_objects(location.rstrip("/") + "/"):
        text = f"Cannot create a table on a non-empty location: {location}"
        raise QueryError("ICEBERG_FILESYSTEM_ERROR", text)
    schema = to_schema([{"Name": field.name, "Type": arrow_to_glue(field.type)} for field in answer.schema])
    spec = to_spec(given.get("partitioning", []), schema)
    own = to_iceberg({key: value[0] for key, value in given.items() if key not in _OWN})
    with athena_errors(".".join(name), creates=True):
        transaction = statement.session.iceberg.create(*name, schema, location, spec, own)
        files = write_files(answer, transaction)
        with transaction.update_snapshot().fast_append() as update:
            for file in files:
                update.append_data_file(file)
        transaction.commit_transaction()
    return Files([file.file_path for file in files], sum(file.record_count for file in files))


def _given(properties: exp.Properties) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in properties.expressions:
        if isinstance(node, exp.LocationProperty):
            found["location"] = [node.name]
        elif isinstance(node, exp.FileFormatProperty):
            found["format"] = [node.name]
        elif isinstance(node, exp.Property) and isinstance(node.args.get("value"), exp.Expr):
            value = node.args["value"]
            items = value.expressions if isinstance(value, exp.Array) else [value]
            found[node.name.lower()] = [item.name if isinstance(item, exp.Literal) else item.sql() for item in items]
        else:
            raise NotSupportedError(f"table property {node.sql()}")
    return found
