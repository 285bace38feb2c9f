"""A table of clicks for the benchmark of the local Athena: Parquet files here, the same in S3, and their catalog."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BUCKET, DATABASE, TABLE, SMALL = "bench", "bench", "clicks", "few_clicks"
SMALL_ROWS = 1000
_ROWS = 500_000
"""Rows of a file, about 17 MB."""
_COLUMNS = {
    "event_id": "string",
    "event_type": "string",
    "user_id": "bigint",
    "amount": "double",
    "page_path": "string",
    "event_time": "timestamp",
}
_TYPES = ("page_view", "click", "add_to_cart", "purchase")


@dataclass(frozen=True)
class Data:
    """The files of the large table, one a partition, and the one of the small table."""

    files: list[Path]
    small: Path

    @property
    def size_bytes(self) -> int:
        """Of the large table."""
        return sum(path.stat().st_size for path in self.files)


def make(folder: Path, megabytes: int) -> Data:
    """Write files until the large table has this size."""
    random = np.random.default_rng(7)
    small = folder / "small.parquet"
    pq.write_table(_rows(random, SMALL_ROWS), small)
    files: list[Path] = []
    while sum(path.stat().st_size for path in files) < megabytes * 1_000_000:
        path = folder / f"part-{len(files)}.parquet"
        pq.write_table(_rows(random, _ROWS), path, compression="zstd", use_dictionary=["event_type", "page_path"])
        files.append(path)
    return Data(files, small)


def _rows(random: np.random.Generator, count: int) -> pa.Table:
    text = random.bytes(16 * count).hex().encode()
    offsets = np.arange(0, 32 * (count + 1), 32, dtype=np.int32)
    ids = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))
    times = np.sort(random.integers(0, 86_400_000, count)) + 1_795_000_000_000
    pages = [f"/page/{number}" for number in range(500)]
    return pa.table(
        {
            "event_id": ids,
            "event_type": pa.array(_TYPES).take(pa.array(random.integers(0, len(_TYPES), count))),
            "user_id": random.integers(0, 1 << 40, count),
            "amount": random.random(count) * 100,
            "page_path": pa.array(pages).take(pa.array(random.integers(0, len(pages), count))),
            "event_time": pa.array(times, pa.timestamp("ms")),
        }
    )


def publish(data: Data, session: boto3.Session, endpoint: str) -> None:
    """Put the files into S3 and the tables into the catalog."""
    s3 = session.client("s3", endpoint_url=endpoint)
    glue: Any = session.client("glue", endpoint_url=endpoint)
    s3.create_bucket(Bucket=BUCKET)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(DatabaseName=DATABASE, TableInput=_table(TABLE, [{"Name": "part", "Type": "int"}]))
    glue.create_table(DatabaseName=DATABASE, TableInput=_table(SMALL, []))
    s3.upload_file(str(data.small), BUCKET, f"{SMALL}/part-0.parquet")
    for number, path in enumerate(data.files):
        s3.upload_file(str(path), BUCKET, f"{TABLE}/part={number}/part-0.parquet")
        location = f"s3://{BUCKET}/{TABLE}/part={number}/"
        one = {"Values": [str(number)], "StorageDescriptor": _storage(location)}
        glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput=one)


def _table(name: str, keys: list[dict[str, str]]) -> dict[str, Any]:
    storage = _storage(f"s3://{BUCKET}/{name}/")
    return {"Name": name, "TableType": "EXTERNAL_TABLE", "PartitionKeys": keys, "StorageDescriptor": storage}


def _storage(location: str) -> dict[str, Any]:
    columns = [{"Name": name, "Type": kind} for name, kind in _COLUMNS.items()]
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}
    return {"Columns": columns, "Location": location, "SerdeInfo": serde}
