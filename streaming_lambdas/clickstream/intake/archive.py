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
    return _rows(_read(bucket, landed), TABLES[landed.kind])


def rows_by_minute(bucket: Bucket, landed: LandedObject) -> Counter[str]:
    """How many rows of an object arrived in each minute, `2026-11-21T09:05`. Reads all of it, and makes no rows.

    Raises `LakeError` as `rows_of`.
    """
    found = Counter[str]()
    for entry in _read(bucket, landed).column("received_time").cast(_SECONDS, safe=False).value_counts().to_pylist():
        found[entry["values"].isoformat()[:16]] += entry["counts"]
    return found


def unpacked(body: bytes, table: LakeTable) -> list[Row]:
    """The rows of one file. Raises `LakeError` if it is no Parquet."""
    return _rows(_parquet(body), table)


def _read(bucket: Bucket, landed: LandedObject) -> pa.Table:
    found = _parquet(bucket.get(landed.key))
    if len(found) != landed.rows:
        raise LakeError(f"{landed.key} holds {len(found)} rows where {landed.rows} were recorded: restore the object")
    return found


def _parquet(body: bytes) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"an archived object cannot be read ({error}): restore it") from error


def _rows(found: pa.Table, table: LakeTable) -> list[Row]:
    missing = [None] * found.num_rows
    held = set(found.column_names)
    columns = [found.column(name).to_pylist() if name in held else missing for name in table.schema.names]
    return list(zip(*columns, strict=True))
