"""An empty lake as it is deployed, on AWS in memory: bucket, ledger and catalog, and the arguments that name them."""

from datetime import UTC, datetime

import boto3
import pytest

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from clickstream.lake.work import Lake
from clickstream.lake_table import LakeTable
from clickstream.ledger import Ledger
from clickstream.tables import LAKE_TABLES
from tests.aws.empty_stores import new_table

ARGUMENTS = ["--bucket", "lake", "--database", "lake", "--ledger-table", "ledger", "--now", "2026-11-21T12:00:00"]


@pytest.fixture
def lake(aws: None) -> Lake:
    """The resources that the stack deploys, empty."""
    boto3.client("s3").create_bucket(Bucket="lake")
    new_table("ledger")
    boto3.client("glue").create_database(DatabaseInput={"Name": "lake"})
    for table in LAKE_TABLES:
        create_table(table)
    bucket = S3Bucket("lake")
    ledger = Ledger(DynamoTable("ledger"), bucket)
    return Lake(bucket, ledger, GlueCatalog("lake"), lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))


def create_table(table: LakeTable) -> None:
    """The Glue table of a table of the lake."""
    columns = [{"Name": column.name, "Type": column.glue_type} for column in table.columns]
    storage = {"Columns": columns, "Location": f"s3://lake/empty/{table.name}/"}
    keys = [{"Name": key.name, "Type": key.glue_type} for key in table.partition_keys]
    given = {"Name": table.name, "StorageDescriptor": storage, "PartitionKeys": keys}
    boto3.client("glue").create_table(DatabaseName="lake", TableInput=given)  # type: ignore[arg-type]
