"""The register of statements, and what their checks look at."""

from collections.abc import Callable
from typing import Any

import boto3

from tests.aws.athena_lake import BUCKET, finished, rows_of, start

STATEMENTS: dict[str, Callable[[], None]] = {}
"""What is executed, and the check of its effect; each makes its own tables."""


def statement(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register the check of a statement."""

    def register(check: Callable[[], None]) -> Callable[[], None]:
        STATEMENTS[name] = check
        return check

    return register


def keys(prefix: str) -> list[str]:
    """Return the keys below a prefix, in order."""
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))


def glue_table(name: str) -> dict[str, Any]:
    """Return a table as Glue has it."""
    return dict(boto3.client("glue").get_table(DatabaseName="web", Name=name)["Table"])


def glue_partitions(name: str) -> dict[tuple[str, ...], str]:
    """Return the locations of a table's partitions by their values."""
    found = boto3.client("glue").get_partitions(DatabaseName="web", TableName=name)["Partitions"]
    return {tuple(one["Values"]): one["StorageDescriptor"]["Location"].rstrip("/") for one in found}


def result_of(execution: dict[str, Any]) -> str:
    """Return the object of a result."""
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    return boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


def utility(sql: str) -> list[str]:
    """Run a statement that shows something; return its lines, which its object holds as well."""
    execution = finished(start(sql))
    answer = boto3.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    lines = ["\t".join(cell["VarCharValue"] for cell in row["Data"]) for row in answer["ResultSet"]["Rows"]]
    assert (execution["StatementType"], execution["Statistics"]["DataScannedInBytes"]) == ("UTILITY", 0)
    assert result_of(execution).splitlines() == lines
    return lines


def make_daily(name: str) -> None:
    """Make a table of events by type and hour, partitioned by the hour."""
    place = f"external_location = 's3://{BUCKET}/{name}/', partitioned_by = ARRAY['hour']"
    query = "SELECT event_type, count(*) AS n, hour FROM raw_events GROUP BY event_type, hour"
    rows_of(f"CREATE TABLE {name} WITH (format = 'PARQUET', write_compression = 'SNAPPY', {place}) AS {query}")


def make_external(name: str) -> None:
    """Make a table of events, over the folder of its name, that knows no partitions."""
    columns = "event_id string, event_type string"
    rows_of(
        f"CREATE EXTERNAL TABLE {name} ({columns}) PARTITIONED BY (dt date, hour int) "
        f"STORED AS PARQUET LOCATION 's3://{BUCKET}/{name}/'"
    )
