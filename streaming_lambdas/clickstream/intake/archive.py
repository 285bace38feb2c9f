"""Archived objects → rows: the way back from the files that commits name."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.intake.rows import Row
from clickstream.lake_table import LakeTable
from clickstream.ledger import LandedObject
from clickstream.ports import Bucket
from clickstream.tables import BAD_EVENTS, RAW_EVENTS

_SECONDS = pa.timestamp("s", tz="UTC")
TABLES: dict[str, LakeTable] = {"landing": RAW_EVENTS, "bad_events": BAD_EVENTS}


def rows_of(bucket: Bucket, landed: LandedObject) -> list[Row]:
    """The rows of an object, in the order and with the columns of today's table; a column that it lacks is null.

    Raises `LakeError` if the object is missing, unreadable or holds another number of rows than its commit says.
    """
    rows = unpacked(bucket.get(landed.key), TABLES[landed.kind])
    _check(landed, len(rows))
    return rows


def rows_by_minute(bucket: Bucket, landed: LandedObject) -> Counter[str]:
    """How many rows of an object arrived in each minute, `2026-11-21T09:05`. Reads all of it, and makes no rows.

    Raises `LakeError` as `rows_of`.
    """
    table = _parquet(bucket.get(landed.key))
    _check(landed, len(table))
    found = Counter[str]()
    for entry in table.column("received_time").cast(_SECONDS, safe=False).value_counts().to_pylist():
        found[entry["values"].isoformat()[:16]] += entry["counts"]
    return found


def unpacked(body: bytes, table: LakeTable) -> list[Row]:
    """The rows of one file. Raises `LakeError` if it is no Parquet."""
    found = _parquet(body)
    missing = [None] * found.num_rows
    held = set(found.column_names)
    columns = [found.column(name).to_pylist() if name in held else missing for name in table.schema.names]
    return list(zip(*columns, strict=True))


def _check(landed: LandedObject, rows: int) -> None:
    if rows != landed.rows:
        raise LakeError(f"{landed.key} holds {rows} rows where {landed.rows} were recorded: restore the object")


def _parquet(body: bytes) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"an archived object cannot be read ({error}): restore it") from error
