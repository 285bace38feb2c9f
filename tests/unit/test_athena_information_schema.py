"""`information_schema` without an endpoint: nothing known, and types within types."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from local_aws.athena.catalog import Catalog, Table, to_table
from local_aws.athena.information import information
from local_aws.athena.translate.dialect import generate
from tests.unit.athena_values import opened


def rows(folder: Path, name: str, tables: list[Table]) -> list[tuple[object, ...]]:
    """Return a table of `information_schema` for a catalog of one database that has these tables."""
    catalog = Mock(spec=Catalog)
    catalog.databases.return_value = ["web"]
    catalog.tables.return_value = iter(tables)
    with opened(folder) as database:
        return database.cursor().execute(generate(information(catalog, name))).fetchall()


@pytest.mark.parametrize("name", ["tables", "columns"])
def test_no_tables_give_no_rows(tmp_path: Path, name: str) -> None:
    """It is no error."""
    assert rows(tmp_path, name, []) == []


def test_types_are_written_as_trino_writes_them(tmp_path: Path) -> None:
    """Also those that hold others."""
    kinds = {
        "array<struct<sku:string,price:decimal(9,2)>>": "array(row(sku varchar, price decimal(9,2)))",
        "map<string,timestamp>": "map(varchar, timestamp(3))",
        "binary": "varbinary",
        "float": "real",
        "tinyint": "tinyint",
    }
    columns = [{"Name": f"c{place}", "Type": kind} for place, kind in enumerate(kinds)]
    table = to_table("web", {"Name": "t", "StorageDescriptor": {"Columns": columns, "Location": "s3://lake/t/"}})

    assert [row[-1] for row in rows(tmp_path, "columns", [table])] == list(kinds.values())
