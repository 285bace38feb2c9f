"""One small data file per version of each table of the lake, as that version wrote it; never changed afterwards.

python -m tests.unit.golden_files       writes a file for the next version of each table whose columns have changed
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake_table import LakeTable
from clickstream.positions import padded
from clickstream.tables import DATED_TABLES, LAKE_TABLES, MASKED_EVENTS, MASKED_SESSIONS

FOLDER = Path(__file__).parent / "golden"
NEVER_NULL = {table.name: ("session_id", "start_time") for table in DATED_TABLES} | {
    MASKED_EVENTS.name: ("received_time",),
    MASKED_SESSIONS.name: ("start_time",),
}
OF_AN_ARRIVAL = ("received_time", "shard_id", "epoch", "sub_sequence")
"""Columns without null: of a session, and of what the stream brought."""
RECEIVED = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)


def files(table: LakeTable) -> list[Path]:
    """The table's files, oldest version first."""
    return sorted(FOLDER.glob(f"{table.name}-*.parquet"))


def breaks(old: pa.Schema, new: pa.Schema) -> Iterator[str]:
    """What of the old columns the new ones break: readers of old files need each in its place, with its type."""
    for place, field in enumerate(old):
        found = new.get_field_index(field.name)
        if found < 0:
            yield f"{field.name} is gone or was renamed"
        elif found != place:
            yield f"{field.name} moved from place {place} to {found}: add columns at the end"
        elif new.field(found).type != field.type:
            yield f"{field.name} was {field.type} and is {new.field(found).type}"


def rows(table: LakeTable, version: int) -> list[dict[str, Any]]:
    """Two rows: every column filled, and only what is never null."""
    full = {column.name: _value(column.type, f"{column.name}-{version}") for column in table.columns}
    least = {name: full[name] for name in NEVER_NULL.get(table.name, OF_AN_ARRIVAL)}
    return [
        _placed(full, f"full-{version}", 2 * version),
        _placed(dict.fromkeys(full) | least, f"least-{version}", 2 * version + 1),
    ]


def _placed(row: dict[str, Any], event_id: str, place: int) -> dict[str, Any]:
    given = {"event_id": event_id, "sequence_number": padded(str(place))}
    return row | {name: value for name, value in given.items() if name in row}


def _value(kind: pa.DataType, text: str) -> object:
    if pa.types.is_timestamp(kind):
        return RECEIVED
    if pa.types.is_decimal(kind):
        return Decimal("12.50")
    if pa.types.is_boolean(kind):
        return True
    return text if pa.types.is_string(kind) else text.encode() if pa.types.is_binary(kind) else 7


def main() -> None:
    """Write what is missing."""
    for table in LAKE_TABLES:
        known = files(table)
        if known and pq.read_schema(known[-1]).equals(table.schema):
            continue
        version = len(known) + 1
        path = FOLDER / f"{table.name}-{version}.parquet"
        pq.write_table(pa.Table.from_pylist(rows(table, version), schema=table.schema), path, store_schema=False)
        print(path)


if __name__ == "__main__":
    main()
