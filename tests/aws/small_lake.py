"""A lake of a few hand-made rows: bucket, commits, catalog and an Athena endpoint, all on this machine.

Rows are dictionaries of the columns that matter; the rest is filled in. Received hours follow from `received_time`.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import boto3
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from moto import mock_aws

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from batch_jobs.reports.report_list import REPORTS
from clickstream.lake.generations import Generation, OutputFile
from clickstream.lake.mask_building import mask_tables
from clickstream.lake.session_building import build_dates
from clickstream.lake.session_log import unfinished_dates
from clickstream.lake.session_rules import Rules
from clickstream.lake.work import Lake
from clickstream.lake_table import LakeTable
from clickstream.ledger import Ledger
from clickstream.tables import BAD_EVENTS, LAKE_TABLES, RAW_EVENTS, hour_folder, hour_text
from local_aws.athena import AthenaServer

BUCKET, DATABASE, WORKGROUP = "lake", "clickstream_test", "reports"
DAY = datetime(2026, 11, 21, tzinfo=UTC)
Row = Mapping[str, Any]


def at(clock: str, day: int = 0) -> datetime:
    """`09:30` or `09:30:15` on 2026-11-21, or that many days later."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(days=day, hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


def event(event_type: str, event_time: datetime, session_id: str | None = "s1", **more: object) -> dict[str, Any]:
    """A row of raw_events by a person, received a second after it happened."""
    return {
        "app_id": "shop",
        "event_type": event_type,
        "event_time": event_time,
        "received_time": event_time + timedelta(seconds=1),
        "session_id": session_id,
        "time_source": "event",
        "is_bot": False,
        "channel": "direct",
        "device_type": "desktop",
        **more,
    }


@contextmanager
def account(cache_folder: Path) -> Iterator[None]:
    """An empty account: services in memory, and an Athena endpoint that reads them."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict(os.environ, variables), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        _workgroup()
        server = AthenaServer(boto3.Session(), "", cache_folder)
        server.start()
        try:
            with patch.dict(os.environ, {"AWS_ENDPOINT_URL_ATHENA": server.url}):
                yield
        finally:
            server.stop()


def fill(rows: Iterable[Row], bad: Iterable[Row] = (), **counts: int) -> None:
    """Write the rows as one generation per received hour, and the bad rows as landed; create the tables, with sessions.

    `counts` (duplicates, quarantined) go into the commit of the first hour.
    """
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for table in (*LAKE_TABLES, *(report.table for report in REPORTS)):
        glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table))
    write_hours(rows, counts)
    for hour, refused in _by_hour(bad).items():
        _write(BAD_EVENTS, hour, f"bad_events/{hour_folder(hour)}/part.parquet", refused)
    build_sessions()


def write_hours(rows: Iterable[Row], counts: Mapping[str, int] = MappingProxyType({})) -> None:
    """Write the rows as one generation per received hour; `counts` go into the commit of the first one."""
    for hour, good in _by_hour(rows).items():
        key = f"raw_events/{hour_folder(hour)}/g=000001-test/part-0.parquet"
        _write(RAW_EVENTS, hour, key, good)
        _commit(hour, key, good, counts)
        counts = {}


def build_sessions() -> None:
    """Bring the table of sessions up to date."""
    lake = _lake()
    outcomes = list(build_dates(lake, unfinished_dates(lake, Rules())))
    assert all(outcome.result == "built" for outcome in outcomes), outcomes


def mask() -> None:
    """Bring the masked tables up to date."""
    outcomes = list(mask_tables(_lake()))
    assert all(outcome.result == "masked" for outcome in outcomes), outcomes


def _lake() -> Lake:
    bucket = S3Bucket(BUCKET)
    return Lake(bucket, Ledger(DynamoTable("ledger"), bucket), GlueCatalog(DATABASE), lambda: DAY)


def _by_hour(rows: Iterable[Row]) -> dict[str, list[dict[str, Any]]]:
    hours: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for place, row in enumerate(rows):
        filled = {"event_id": f"e{place}", "sequence_number": f"{place:0130}", "sub_sequence": 0, "shard_id": "0"}
        hours[row.get("partition") or hour_text(row["received_time"])].append(filled | dict(row))
    return dict(sorted(hours.items()))


def _write(table: LakeTable, hour: str, key: str, rows: list[dict[str, Any]]) -> None:
    body = BytesIO()
    columns = table.schema.names
    pq.write_table(pa.Table.from_pylist([{n: r.get(n) for n in columns} for r in rows], schema=table.schema), body)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
    date, _, number = hour.partition("T")
    descriptor = _descriptor(table, f"s3://{BUCKET}/{key.rpartition('/')[0]}/")
    boto3.client("glue").create_partition(
        DatabaseName=DATABASE,
        TableName=table.name,
        PartitionInput={"Values": [date, str(int(number))], "StorageDescriptor": descriptor},
    )


def _commit(hour: str, key: str, rows: list[dict[str, Any]], counts: Mapping[str, int]) -> None:
    dates: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        dates[row["event_time"].date().isoformat()] += 1
    generation = Generation(
        generation=1,
        run_id="test",
        hour=hour,
        inputs=(f"landing/{hour}",),
        outputs=(OutputFile(key, len(rows), 1),),
        landed=len(rows) + sum(counts.values()),
        rows=len(rows),
        redelivered=0,
        duplicates=counts.get("duplicates", 0),
        quarantined=counts.get("quarantined", 0),
        erased=0,
        rows_per_event_date=dict(dates),
        previous_generation=None,
        written_time=DAY,
        code_version="test",
    )
    boto3.client("s3").put_object(Bucket=BUCKET, Key=generation.key, Body=msgspec.json.encode(generation))


def table_input(table: LakeTable) -> Any:
    """What Glue is told of a table."""
    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": key.name, "Type": key.glue_type} for key in table.partition_keys],
        "StorageDescriptor": _descriptor(table, f"s3://{BUCKET}/empty/{table.name}/"),
    }


def _descriptor(table: LakeTable, location: str) -> Any:
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Columns": [{"Name": column.name, "Type": column.glue_type} for column in table.columns],
        "Location": location,
        "InputFormat": f"{parquet}.MapredParquetInputFormat",
        "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
    }


def _workgroup() -> None:
    boto3.client("athena").create_work_group(
        Name=WORKGROUP,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena-results/"},
        },
    )
