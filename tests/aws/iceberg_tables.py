"""Iceberg tables of the tests: how one is made, and what it holds."""
# ruff: noqa: S608 - statements name the tables of the tests

import datetime as dt

import boto3

from tests.aws.athena_lake import BUCKET, finished, rows_of, start

COLUMNS = "id string COMMENT 'who', n bigint, day date, at timestamp, tags array<string>"
ROWS = """
    ('a', 1, DATE '2026-01-01', TIMESTAMP '2026-01-01 10:00:00.123456', ARRAY['x', NULL]),
    ('b', 2, DATE '2026-01-02', NULL, NULL),
    ('c', 3, DATE '2026-02-01', TIMESTAMP '2026-02-01 23:59:59', ARRAY[])
"""


def make(name: str, partitioned_by: str = "") -> None:
    """Make a table of three rows."""
    clause = f"PARTITIONED BY ({partitioned_by})" if partitioned_by else ""
    properties = "TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    rows_of(f"CREATE TABLE {name} ({COLUMNS}) {clause} LOCATION 's3://{BUCKET}/{name}/' {properties}")
    rows_of(f"INSERT INTO {name} VALUES {ROWS}")


def numbers(name: str) -> dict[str, str]:
    """Return the number of each id."""
    return {row[0] or "": row[1] or "" for row in rows_of(f"SELECT id, n FROM {name} ORDER BY id")}


def files(name: str) -> set[str]:
    """Return the data files of the newest state."""
    return {row[0] or "" for row in rows_of(f'SELECT file_path FROM "{name}$files"')}


def keys(prefix: str) -> list[str]:
    """Return the keys below a prefix."""
    answer = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for item in answer.get("Contents", [])]


def scanned(query: str) -> int:
    """Return the bytes that a query reads."""
    return int(finished(start(query))["Statistics"]["DataScannedInBytes"])


class Clock:
    """Time that tests move on."""

    ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        """Now, and what was added."""
        return dt.datetime.now(dt.UTC) + self.ahead


CLOCK = Clock()


def make_small(name: str, partitioned_by: str = "") -> None:
    """Make a table of three rows and two columns."""
    clause = f"PARTITIONED BY ({partitioned_by})" if partitioned_by else ""
    place = f"LOCATION 's3://{BUCKET}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    rows_of(f"CREATE TABLE {name} (id string, n bigint) {clause} {place}")
    rows_of(f"INSERT INTO {name} VALUES ('a', 1), ('b', 2), ('c', 3)")


def content(name: str) -> list[str]:
    """Return the rows, each as one text."""
    return [f"{row[0]}{row[1]}" for row in rows_of(f"SELECT id, n FROM {name} ORDER BY 1, 2")]
