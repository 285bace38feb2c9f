"""What the API says about data catalogs, databases, tables and engine versions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_aws.athena.catalog import Catalog, Table
from local_aws.athena.errors import ApiError, QueryError
from local_aws.athena.requests import Answer, Request, need, page_of
from local_aws.athena.workgroups import ENGINE

_NAME = "AwsDataCatalog"
_PAGE = 50
_VERSIONS = [ENGINE, {**ENGINE, "SelectedEngineVersion": ENGINE["EffectiveEngineVersion"]}]


class Metadata:
    """Operations about what can be queried, and with what."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def operations(self) -> dict[str, Callable[[Request], Answer]]:
        """Return the operations of the API about them."""
        return {
            "GetDataCatalog": self.get_data_catalog,
            "GetDatabase": self.get_database,
            "GetTableMetadata": self.get_table,
            "ListDataCatalogs": lambda _: {"DataCatalogsSummary": [{"CatalogName": _NAME, "Type": "GLUE"}]},
            "ListDatabases": self.list_databases,
            "ListEngineVersions": lambda _: {"EngineVersions": _VERSIONS},
            "ListTableMetadata": self.list_tables,
        }

    def get_data_catalog(self, request: Request) -> Answer:
        """Return the one catalog that there is."""
        name = need(request, "Name")
        if name.lower() != _NAME.lower():
            raise ApiError(f"Data catalog {name} was not found; the local engine has {_NAME}")
        return {"DataCatalog": {"Name": _NAME, "Description": "", "Type": "GLUE", "Parameters": {}}}

    def list_databases(self, request: Request) -> Answer:
        """List the databases, by name."""
        _check_catalog(request)
        page, token = page_of([_database(raw) for raw in self._catalog.described_databases()], request, _PAGE)
        return {"DatabaseList": page, **token}

    def get_database(self, request: Request) -> Answer:
        """Return a database."""
        _check_catalog(request)
        name = need(request, "DatabaseName")
        found = [raw for raw in self._catalog.described_databases() if raw["Name"] == name.lower()]
        if not found:
            raise ApiError(f"Database {name} not found.", "MetadataException")
        return {"Database": _database(found[0])}

    def get_table(self, request: Request) -> Answer:
        """Return a table."""
        _check_catalog(request)
        try:
            table = self._catalog.table(need(request, "DatabaseName"), need(request, "TableName"))
        except QueryError as error:
            raise ApiError(str(error), "MetadataException") from error
        return {"TableMetadata": _table(table)}

    def list_tables(self, request: Request) -> Answer:
        """List the tables of a database whose names match an expression, by name."""
        _check_catalog(request)
        try:
            found = self._catalog.tables(need(request, "DatabaseName").lower(), request.get("Expression") or "")
            tables = [_table(table) for table in found]
        except QueryError as error:
            raise ApiError(str(error), "MetadataException") from error
        page, token = page_of(tables, request, _PAGE)
        return {"TableMetadataList": page, **token}


def _check_catalog(request: Request) -> None:
    name = need(request, "CatalogName")
    if name.lower() != _NAME.lower():
        raise ApiError(f"Catalog {name} does not exist; the local engine has {_NAME}", "MetadataException")


def _database(raw: dict[str, Any]) -> dict[str, Any]:
    given = {"Description": raw.get("Description"), "Parameters": raw.get("Parameters")}
    return {"Name": raw["Name"], **{key: value for key, value in given.items() if value}}


def _table(table: Table) -> dict[str, Any]:
    created: datetime | None = table.raw.get("CreateTime")
    storage = table.raw.get("StorageDescriptor") or {}
    return {
        "Name": table.name,
        "TableType": table.raw.get("TableType", ""),
        "Columns": [_column(raw) for raw in storage.get("Columns") or []],
        "PartitionKeys": [_column(raw) for raw in table.raw.get("PartitionKeys") or []],
        "Parameters": {**_storage_parameters(storage), **table.parameters},
        **({"CreateTime": created.timestamp()} if created is not None else {}),
    }


def _column(raw: dict[str, Any]) -> dict[str, str]:
    column = {"Name": raw["Name"].lower(), "Type": raw.get("Type", "string")}
    return {**column, "Comment": raw["Comment"]} if raw.get("Comment") else column


def _storage_parameters(storage: dict[str, Any]) -> dict[str, str]:
    """Return where and how the data lie, which the API shows among the properties."""
    serde = storage.get("SerdeInfo") or {}
    given = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    return {name: value for name, value in given.items() if value}
