"""Archived objects → rows: the way back from the files that commits name."""

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.intake.rows import Row
from clickstream.ledger import LandedObject
from clickstream.ports import Bucket
from clickstream.tables import BAD_EVENTS, RAW_EVENTS, LakeTable

TABLES: dict[str, LakeTable] = {"landing": RAW_EVENTS, "bad_events": BAD_EVENTS}


def rows_of(bucket: Bucket, landed: LandedObject) -> list[Row]:
    """The rows of an object, in the order and with the columns of today's table; a column that it lacks is null.

    Raises `LakeError` if the object is missing, unreadable or holds another number of rows than its commit says.
    """
    rows = unpacked(bucket.get(landed.key), TABLES[landed.kind])
    if len(rows) != landed.rows:
        raise LakeError(f"{landed.key} holds {len(rows)} rows where {landed.rows} were recorded: restore the object")
    return rows


def unpacked(body: bytes, table: LakeTable) -> list[Row]:
    """The rows of one file. Raises `LakeError` if it is no Parquet."""
    try:
        found = pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"an archived object cannot be read ({error}): restore it") from error
    missing = [None] * found.num_rows
    held = set(found.column_names)
    columns = [found.column(name).to_pylist() if name in held else missing for name in table.schema.names]
    return list(zip(*columns, strict=True))
