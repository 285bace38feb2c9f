"""Files of every version of each table behind one table, as Athena reads them: nothing is written again."""

from collections.abc import Iterator
from pathlib import Path

import awswrangler as wr
import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream.lake_table import LakeTable
from clickstream.tables import LAKE_TABLES
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, table_input
from tests.unit.golden_files import files

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture(scope="module", autouse=True)
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tables with the columns of today, one partition per golden file, and one that is older still."""
    with account(tmp_path_factory.mktemp("cache")):
        boto3.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        for table in LAKE_TABLES:
            boto3.client("glue").create_table(DatabaseName=DATABASE, TableInput=table_input(table))
            add(table, 0, older(files(table)[0]), list(table.schema.names[:-2]))
            for number, path in enumerate(files(table), start=1):
                add(table, number, path.read_bytes(), pq.read_schema(path).names)
        yield


def older(path: Path) -> bytes:
    """The file as a version wrote it that did not have the last two columns yet."""
    sink = pa.BufferOutputStream()
    found = pq.read_table(path)
    pq.write_table(found.select(found.schema.names[:-2]), sink, store_schema=False)
    return bytes(sink.getvalue())


def add(table: LakeTable, number: int, body: bytes, columns: list[str]) -> None:
    """A partition that keeps the columns which the table had when it was made."""
    folder = f"{table.name}/version={number}/"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{folder}part-0.parquet", Body=body)
    descriptor = table_input(table)["StorageDescriptor"]
    kept = [column for column in descriptor["Columns"] if column["Name"] in columns]
    values = ["2026-11-21", str(number)] if len(table.partition_keys) > 1 else [f"2026-11-{number + 1:02}"]
    boto3.client("glue").create_partition(
        DatabaseName=DATABASE,
        TableName=table.name,
        PartitionInput={
            "Values": values,
            "StorageDescriptor": descriptor | {"Columns": kept, "Location": f"s3://{BUCKET}/{folder}"},
        },
    )


@pytest.mark.parametrize("table", LAKE_TABLES, ids=lambda table: table.name)
def test_versions_are_read_together(table: LakeTable) -> None:
    """Two rows of each version; every column is filled in one of them, but for the two that were added later."""
    counts = ", ".join(f"COUNT({name}) AS {name}" for name in table.schema.names)
    found = wr.athena.read_sql_query(
        f"SELECT COUNT(*) AS all_rows, {counts} FROM {table.name}",  # noqa: S608  names of our own tables
        database=DATABASE,
        workgroup=WORKGROUP,
        ctas_approach=False,
    ).iloc[0]
    versions = len(files(table))
    assert found["all_rows"] == 2 * (versions + 1)
    names = table.schema.names
    assert all(found[name] >= versions + 1 for name in names[:-2])
    assert all(versions <= found[name] <= 2 * versions for name in names[-2:])
