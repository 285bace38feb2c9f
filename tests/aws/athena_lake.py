"""A small lake with dated partitions behind the local Athena, and what its tests share."""

import datetime as dt
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from local_aws.athena import AthenaServer
from local_aws.athena.requests import Clock
from tests.aws.glue_versions import honour_versions

BUCKET = "lake"
OUTPUT = f"s3://{BUCKET}/results/"
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("event_time", pa.timestamp("us", tz="UTC")),
        ("revenue", pa.decimal128(18, 2)),
        ("is_bot", pa.bool_()),
        ("quantity", pa.int32()),
        ("properties", pa.string()),
    ]
)
GLUE_TYPES = ["string", "string", "timestamp", "decimal(18,2)", "boolean", "int", "string"]
PARTITIONS = [("2026-11-21", 23), ("2026-11-22", 0), ("2026-11-22", 1)]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as one Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer)
    return buffer.getvalue()


def events(day: str, hour: int) -> list[dict[str, Any]]:
    """Return three events of an hour: two views and a purchase."""
    start = dt.datetime.fromisoformat(f"{day}T{hour:02d}:00:00.123456+00:00")
    common = {"is_bot": False, "properties": json.dumps({"plan": "pro", "list": [1, 2]})}
    return [
        {**common, "event_id": f"{day}-{hour}-1", "event_type": "page_view", "event_time": start},
        {
            **common,
            "event_id": f"{day}-{hour}-2",
            "event_type": "page_view",
            "event_time": start + dt.timedelta(minutes=1),
        },
        {
            **common,
            "event_id": f"{day}-{hour}-3",
            "event_type": "purchase",
            "event_time": start + dt.timedelta(minutes=2),
            "revenue": Decimal("19.90"),
            "quantity": 2,
        },
    ]


def storage(location: str) -> Any:
    """Return the storage descriptor of a Parquet table of events."""
    columns = [{"Name": n, "Type": t} for n, t in zip(SCHEMA.names, GLUE_TYPES, strict=True)]
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}
    return {"Columns": columns, "Location": location, "SerdeInfo": serde}


@contextmanager
def serving(cache: Path, clock: Clock | None = None) -> Iterator[str]:
    """Serve the lake; the AWS account is in memory, only the endpoint is real."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        honour_versions(patch)
        fill()
        server = AthenaServer(boto3.Session(), "", cache, clock=clock or (lambda: dt.datetime.now(dt.UTC)))
        server.start()
        patch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
        try:
            yield server.url
        finally:
            server.stop()


def fill() -> None:
    """Make the table; its objects lie under generations, of which the partitions name the second."""
    s3, glue = boto3.client("s3"), boto3.client("glue")
    s3.create_bucket(Bucket=BUCKET)
    glue.create_database(DatabaseInput={"Name": "web"})
    table: Any = {
        "Name": "raw_events",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "dt", "Type": "date"}, {"Name": "hour", "Type": "int"}],
        "StorageDescriptor": storage(f"s3://{BUCKET}/empty/"),
    }
    glue.create_table(DatabaseName="web", TableInput=table)
    for day, hour in PARTITIONS:
        folder = f"raw_events/dt={day}/hour={hour}"
        for key, body in (
            ("g=000001-run/part-0.parquet", b"replaced"),
            ("g=000002-run/_SUCCESS", b"no data"),
            ("g=000002-run/part-0.parquet", parquet(events(day, hour))),
        ):
            s3.put_object(Bucket=BUCKET, Key=f"{folder}/{key}", Body=body)
        one: Any = {"Values": [day, str(hour)], "StorageDescriptor": storage(f"s3://{BUCKET}/{folder}/g=000002-run/")}
        glue.create_partition(DatabaseName="web", TableName="raw_events", PartitionInput=one)


def start(query: str, **arguments: Any) -> str:
    """Start a query and return its id."""
    given: Any = {"QueryExecutionContext": {"Database": "web"}, "ResultConfiguration": {"OutputLocation": OUTPUT}}
    answer = boto3.client("athena").start_query_execution(QueryString=query, **(given | arguments))
    return str(answer["QueryExecutionId"])


def finished(execution_id: str) -> dict[str, Any]:
    """Return an execution when it is over."""
    for _ in range(1_200):
        execution: Any = boto3.client("athena").get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            return dict(execution)
        time.sleep(0.05)
    raise AssertionError(f"{execution_id} does not end")


def rows_of(query: str) -> list[list[str | None]]:
    """Run a query and return the text of its rows.

    Raises:
        AssertionError: It failed; the text is the reason.
    """
    execution = finished(start(query))
    status = execution["Status"]
    assert status["State"] == "SUCCEEDED", status.get("StateChangeReason")
    answer = boto3.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    skipped = 1 if execution["StatementType"] == "DML" else 0
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"]][skipped:]


def columns_of(query: str) -> list[str]:
    """Run a query and return the names of its columns."""
    answer = boto3.client("athena").get_query_results(QueryExecutionId=finished(start(query))["QueryExecutionId"])
    return [column["Name"] for column in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]


def reason_of(query: str) -> str:
    """Return why a query failed."""
    status = finished(start(query))["Status"]
    assert status["State"] == "FAILED", status
    return str(status["StateChangeReason"])
