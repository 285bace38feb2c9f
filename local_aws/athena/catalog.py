"""Tables, partitions and databases, as the Glue Data Catalog has them."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local_aws.athena.errors import QueryError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")


@dataclass(frozen=True)
class Partition:
    """One partition: its values as text, in the order of the keys, and the folder that holds its objects."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class Table:
    """A table or view of the catalog.

    Attributes:
        columns: (name, Hive type) of the columns that lie in the files.
        keys: (name, Hive type) of the partition columns.
        raw: The table as Glue gave it.
    """

    database: str
    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    location: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def is_view(self) -> bool:
        """Whether it is a view."""
        return str(self.raw.get("TableType", "")) == "VIRTUAL_VIEW"

    @property
    def parameters(self) -> dict[str, str]:
        """Table properties."""
        return dict(self.raw.get("Parameters") or {})

    @property
    def serde(self) -> str:
        """Class names of input format and serializer, lower case: they tell the file format."""
        storage = self.raw.get("StorageDescriptor") or {}
        library = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")
        return f"{storage.get('InputFormat', '')} {library}".lower()


class Catalog:
    """Reads the Glue Data Catalog."""

    def __init__(self, glue: "GlueClient") -> None:
        self.glue = glue

    def table(self, database: str, name: str) -> Table:
        """Return one table.

        Raises:
            QueryError: `TABLE_NOT_FOUND`.
        """
        try:
            raw = self.glue.get_table(DatabaseName=database.lower(), Name=name.lower())["Table"]
        except self.glue.exceptions.EntityNotFoundException as error:
            text = f"line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
            raise QueryError("TABLE_NOT_FOUND", text) from error
        return to_table(database.lower(), dict(raw))

    def tables(self, database: str, expression: str = "") -> Iterator[Table]:
        """Yield the tables of a database, by name; the expression is a regular one, as Hive's."""
        paginator = self.glue.get_paginator("get_tables")
        pages = (
            paginator.paginate(DatabaseName=database, Expression=expression)
            if expression
            else paginator.paginate(DatabaseName=database)
        )
        try:
            raws = [dict(raw) for page in pages for raw in page["TableList"]]
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist") from error
        yield from sorted((to_table(database, raw) for raw in raws), key=lambda table: table.name)

    def databases(self) -> list[str]:
        """Return the names of all databases, in order."""
        return [raw["Name"] for raw in self.described_databases()]

    def described_databases(self) -> list[dict[str, Any]]:
        """Return all databases as Glue describes them, by name."""
        pages = self.glue.get_paginator("get_databases").paginate()
        found = [dict(database) for page in pages for database in page["DatabaseList"]]
        return sorted(found, key=lambda raw: raw["Name"])

    def partitions(self, table: Table) -> list[Partition]:
        """Return the registered partitions of a table."""
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=table.database, TableName=table.name)
        return [
            Partition(tuple(raw["Values"]), folder(raw["StorageDescriptor"]["Location"]))
            for page in pages
            for raw in page["Partitions"]
        ]

    def add_partitions(self, table: Table, partitions: list[Partition]) -> int:
        """Register those partitions that the catalog does not have, and return how many these were."""
        known = {partition.values for partition in self.partitions(table)}
        new = [partition for partition in partitions if partition.values not in known]
        storage = table.raw["StorageDescriptor"]
        for start in range(0, len(new), 100):
            inputs: list[Any] = [
                {"Values": list(part.values), "StorageDescriptor": {**storage, "Location": part.location}}
                for part in new[start : start + 100]
            ]
            self.glue.batch_create_partition(
                DatabaseName=table.database, TableName=table.name, PartitionInputList=inputs
            )
        return len(new)


def to_table(database: str, raw: dict[str, Any]) -> Table:
    """Return Glue's answer as a record."""
    storage = raw.get("StorageDescriptor") or {}
    return Table(
        database=database,
        name=raw["Name"],
        columns=tuple(
            (c["Name"].lower(), c.get("Type", "string")) for c in storage.get("Columns") or [] if _is_current(c)
        ),
        keys=tuple((c["Name"].lower(), c.get("Type", "string")) for c in raw.get("PartitionKeys") or []),
        location=folder(storage.get("Location") or ""),
        raw=raw,
    )


def _is_current(column: Any) -> bool:  # noqa: ANN401 - a column of Glue
    """Glue also keeps the columns that an Iceberg table had before."""
    return bool((column.get("Parameters") or {}).get("iceberg.field.current", "true") == "true")


def folder(location: str) -> str:
    """Return an S3 location with exactly one slash at its end."""
    return location.rstrip("/") + "/" if location else ""


def view_definition(table: Table) -> tuple[str, str]:
    """Return (SQL, database) of a view that Athena's CREATE VIEW wrote.

    Raises:
        QueryError: `INVALID_VIEW`.
    """
    found = _VIEW.search(table.raw.get("ViewOriginalText") or "")
    if found is None:
        raise QueryError("INVALID_VIEW", f"View '{table.database}.{table.name}' has no Presto definition")
    definition = json.loads(base64.b64decode(found[1]))
    return str(definition["originalSql"]), str(definition.get("schema") or table.database)


def error_code(error: ClientError) -> str:
    """Return the exception name of an AWS error."""
    return str(error.response.get("Error", {}).get("Code", ""))
