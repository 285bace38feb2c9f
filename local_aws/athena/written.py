"""Statements that write the rows of a query: CREATE TABLE AS, INSERT INTO, UNLOAD."""

import re

import pyarrow as pa
from sqlglot import exp

from local_aws.athena.casts import ColumnCast
from local_aws.athena.catalog import Table, error_code, folder
from local_aws.athena.column_types import arrow_to_glue, glue_to_duckdb
from local_aws.athena.engine import Answer
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg import dispatch as iceberg
from local_aws.athena.iceberg import is_iceberg
from local_aws.athena.names import check_names
from local_aws.athena.outcome import Files
from local_aws.athena.statement import Statement
from local_aws.athena.storage import parquet_storage
from local_aws.athena.translate.dialect import parse
from local_aws.athena.writer import Target, write

_NO_DATA = re.compile(r"\bWITH\s+NO\s+DATA\s*\Z", re.IGNORECASE)
_WITH_DATA = re.compile(r"\bWITH\s+DATA\s*\Z", re.IGNORECASE)
_UNLOAD_END = re.compile(r"\s*TO\s*'((?:[^']|'')+)'\s*(?:WITH\s*\((.*)\)\s*)?\Z", re.IGNORECASE | re.DOTALL)
_KNOWN_PROPERTIES = frozenset(
    {"format", "external_location", "write_compression", "parquet_compression", "partitioned_by", "bucketed_by",
     "bucket_count", "field_delimiter", "compression", "table_type", "is_external"}
)  # fmt: skip


def create_table_as(statement: Statement) -> Files:
    """CREATE TABLE … AS: write the rows, then create the table over them.

    Raises:
        QueryError: `HIVE_PATH_ALREADY_EXISTS`, `TABLE_ALREADY_EXISTS`, partition columns that are not last …
    """
    text = _WITH_DATA.sub("", statement.text)
    keeps_rows = _NO_DATA.search(text) is None
    tree = parse(_NO_DATA.sub("", text))
    if not isinstance(tree, exp.Create) or not isinstance(tree.expression, exp.Query):
        raise NotSupportedError("this form of CREATE TABLE AS")
    node = _target(tree)
    database, name = (node.db or statement.database).lower(), node.name.lower()
    if _exists(statement, database, name):
        if tree.args.get("exists"):
            return Files([], 0)
        raise QueryError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
        )
    given = tree.args.get("properties")
    if isinstance(given, exp.Properties) and iceberg.names_iceberg(given):
        answer = _named(statement.session.run(tree.expression, stored=True))
        rows = answer.batches if keeps_rows else iter(())
        return iceberg.create_table_as(statement, (database, name), given, Answer(answer.schema, rows))
    properties = _properties(tree)
    location = _location(statement, properties, f"{database}.{name}")
    answer = _named(statement.session.run(tree.expression, stored=True))
    target = _parquet_target(statement, properties, location, answer)
    if not keeps_rows:
        answer = Answer(answer.schema, iter(()))
    written = write(statement.s3, answer, target, statement.workspace)
    _create(statement, (database, name), answer.schema, target)
    if target.partitioned_by:
        statement.catalog.add_partitions(statement.catalog.table(database, name), written.partitions)
    return Files(written.uris, written.row_count)


def insert_into(statement: Statement) -> Files:
    """INSERT INTO: append objects, register partitions that are new.

    Raises:
        QueryError: Columns that do not fit the table.
    """
    tree = parse(statement.text)
    query = tree.expression
    if isinstance(query, exp.Values):
        query = exp.select("*").from_(exp.Subquery(this=query))
    if not isinstance(tree, exp.Insert) or not isinstance(query, exp.Query):
        raise NotSupportedError("this form of INSERT")
    node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    table = statement.catalog.table(node.db or statement.database, node.name)
    given = [column.name.lower() for column in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    if is_iceberg(table):
        return iceberg.insert(statement, node, query, given)
    if table.is_view or "parquet" not in table.serde:
        raise NotSupportedError(f"INSERT INTO {table.name}: only Parquet tables are written")
    answer = statement.session.run(query, _insert_columns(table, given))
    keys = tuple(name for name, _ in table.keys)
    target = Target(table.location, keys, _compression(table), statement.id.replace("-", "_"))
    written = write(statement.s3, answer, target, statement.workspace)
    if keys:
        statement.catalog.add_partitions(table, written.partitions)
    return Files(written.uris, written.row_count)


def unload(statement: Statement) -> Files:
    """UNLOAD (query) TO 's3://…': write the rows without a table.

    Raises:
        QueryError: `HIVE_PATH_ALREADY_EXISTS`, bad syntax.
    """
    query, location, options = _unload_parts(statement.text)
    tree = parse(f"CREATE TABLE t WITH ({options}) AS SELECT 1 AS x" if options else "CREATE TABLE t AS SELECT 1 AS x")
    properties = _properties(tree)
    if "format" not in properties:
        raise QueryError("INVALID_PROPERTY", "UNLOAD needs the property format")
    _refuse_existing(statement, location, "UNLOAD")
    answer = _named(statement.session.run(parse(query), stored=True))
    target = _parquet_target(statement, properties, location, answer)
    written = write(statement.s3, answer, target, statement.workspace)
    return Files(written.uris, written.row_count)


def _unload_parts(text: str) -> tuple[str, str, str]:
    """Return (query, location, options); the query ends at the parenthesis that closes the first one."""
    start = text.index("(") if "(" in text else -1
    depth, quote = 0, ""
    for position in range(max(start, 0), len(text)):
        char = text[position]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0 and (end := _UNLOAD_END.match(text, position + 1)):
                return text[start + 1 : position], end[1].replace("''", "'"), end[2] or ""
    raise QueryError("SYNTAX_ERROR", "line 1:1: expected UNLOAD (query) TO 's3://…' WITH (…)")


def _target(tree: exp.Create) -> exp.Table:
    node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(node, exp.Table):
        raise NotSupportedError("this form of CREATE TABLE AS")
    return node


def _properties(tree: exp.Expr) -> dict[str, list[str]]:
    """Return the table properties, each with its value or values."""
    found: dict[str, list[str]] = {}
    holder = tree.args.get("properties")
    for node in holder.expressions if holder is not None else []:
        name, value = _property(node)
        if name not in _KNOWN_PROPERTIES:
            raise QueryError("INVALID_TABLE_PROPERTY", f"Catalog 'awshive' table property '{name}' does not exist")
        found[name] = [item.name for item in value.expressions] if value.expressions else [value.name]
    if "bucketed_by" in found:
        raise NotSupportedError("bucketed_by: rows are not put into buckets here")
    return found


def _property(node: exp.Expr) -> tuple[str, exp.Expr]:
    if isinstance(node, exp.FileFormatProperty):
        return "format", node.this
    if isinstance(node, exp.PartitionedByProperty):
        return "partitioned_by", node.this
    if isinstance(node, exp.Property) and node.args.get("value") is not None:
        return node.name.lower(), node.args["value"]
    raise NotSupportedError(f"table property {node.sql()}")


def _location(statement: Statement, properties: dict[str, list[str]], name: str) -> str:
    if "external_location" not in properties:
        return folder(statement.output_base.rsplit("/", 1)[0] + f"/tables/{statement.id}")
    location = folder(properties["external_location"][0])
    _refuse_existing(statement, location, name)
    return location


def _refuse_existing(statement: Statement, location: str, name: str) -> None:
    if statement.store.list_objects(folder(location)):
        text = f"Target directory for table '{name}' already exists: {location}"
        raise QueryError("HIVE_PATH_ALREADY_EXISTS", text)


def _parquet_target(statement: Statement, properties: dict[str, list[str]], location: str, answer: Answer) -> Target:
    kind = properties.get("format", ["PARQUET"])[0].upper()
    if kind != "PARQUET":
        raise NotSupportedError(f"writing format {kind}; PARQUET is")
    keys = tuple(name.lower() for name in properties.get("partitioned_by", []))
    if keys and tuple(answer.schema.names[-len(keys) :]) != keys:
        text = "Partition keys must be the last columns in the table and in the same order as the table properties"
        raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", f"{text}: {list(keys)}")
    names = ("write_compression", "parquet_compression", "compression")
    compression = next((properties[name][0] for name in names if name in properties), "GZIP")
    return Target(location, keys, compression, statement.id.replace("-", "_"))


def _named(answer: Answer) -> Answer:
    """Refuse columns without a name, or with the same."""
    names = [name.lower() for name in answer.schema.names]
    check_names(names)
    schema = pa.schema([field.with_name(name) for field, name in zip(answer.schema, names, strict=True)])
    return Answer(schema, (batch.rename_columns(names) for batch in answer.batches))


def _exists(statement: Statement, database: str, name: str) -> bool:
    try:
        statement.catalog.table(database, name)
    except QueryError:
        return False
    return True


def _create(statement: Statement, name: tuple[str, str], schema: pa.Schema, target: Target) -> None:
    columns = [{"Name": field.name, "Type": arrow_to_glue(field.type)} for field in schema]
    split = len(columns) - len(target.partitioned_by)
    glue = statement.catalog.glue
    try:
        glue.create_table(
            DatabaseName=name[0],
            TableInput={
                "Name": name[1],
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", "has_encrypted_data": "false"},
                "StorageDescriptor": parquet_storage(columns[:split], target.location),
                "PartitionKeys": columns[split:],  # type: ignore[typeddict-item]  # plain dictionaries of text
            },
        )
    except glue.exceptions.ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{name[0]}' does not exist") from error
        raise


def _compression(table: Table) -> str:
    names = ("write.compression", "parquet.compress", "parquet.compression")
    return next((table.parameters[name] for name in names if name in table.parameters), "SNAPPY")


def _insert_columns(table: Table, given: list[str]) -> list[ColumnCast]:
    """Return how the columns of the query become those of the table; what the statement does not name becomes NULL."""
    declared = table.columns + table.keys
    names = given or [name for name, _ in declared]
    unknown = sorted(set(names) - {name for name, _ in declared})
    if unknown:
        raise QueryError(
            "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {unknown[0]}"
        )
    places = {name: position for position, name in enumerate(names)}
    return [ColumnCast(places.get(name), name, glue_to_duckdb(kind)) for name, kind in declared]
