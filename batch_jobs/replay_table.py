"""The shadow table of a replay in the Glue catalog: made when one begins, dropped when it is decided."""

from typing import Any

import boto3

from aws_stores import CONFIG, call
from clickstream.lake.replaying import SHADOW
from clickstream.tables import RAW_EVENTS

_KEPT = ("TableType", "Parameters", "PartitionKeys", "StorageDescriptor")


def make(database: str, bucket: str) -> None:
    """Make the shadow table anew, with the columns that `raw_events` has now and no partition."""
    glue = boto3.client("glue", config=CONFIG)
    drop(database)
    found: dict[str, Any] = call(glue.get_table, DatabaseName=database, Name=RAW_EVENTS.name)["Table"]
    table: Any = {"Name": SHADOW} | {name: found[name] for name in _KEPT if name in found}
    table["StorageDescriptor"] = found["StorageDescriptor"] | {"Location": f"s3://{bucket}/{SHADOW}/"}
    call(glue.create_table, DatabaseName=database, TableInput=table)


def is_there(database: str) -> bool:
    """Whether there is one."""
    glue = boto3.client("glue", config=CONFIG)
    found = call(glue.get_tables, DatabaseName=database, Expression=SHADOW)["TableList"]
    return any(table["Name"] == SHADOW for table in found)


def drop(database: str) -> None:
    """Drop it with its partitions, if it is there. No file is touched."""
    if is_there(database):
        call(boto3.client("glue", config=CONFIG).delete_table, DatabaseName=database, Name=SHADOW)
