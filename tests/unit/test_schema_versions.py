"""Every version of the columns that ever wrote a file stays readable, beside all others and without rewriting."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream.lake.compaction import compact_hour
from clickstream.lake_table import LakeTable
from clickstream.ledger import LandedObject
from clickstream.tables import LAKE_TABLES, RAW_EVENTS
from tests.simulation.fake_lake import HOUR, add_work, memory_lake, parquet_bytes, rows_under
from tests.unit.golden_files import breaks, files, rows

MAKE = "python -m tests.unit.golden_files"
FILES = [pytest.param(table, path, id=path.stem) for table in LAKE_TABLES for path in files(table)]
SCHEMA = RAW_EVENTS.schema


@pytest.mark.parametrize("table", LAKE_TABLES, ids=lambda table: table.name)
def test_the_present_columns_have_a_golden_file(table: LakeTable) -> None:
    """Who changes a table keeps a file of the new version, and leaves the older ones alone."""
    assert pq.read_schema(files(table)[-1]).equals(table.schema), f"new columns need a file: {MAKE}"


@pytest.mark.parametrize(("table", "path"), FILES)
def test_no_column_of_an_earlier_version_is_broken(table: LakeTable, path: Path) -> None:
    """Columns are only added, and only at the end: partitions keep the columns that they were made with."""
    assert list(breaks(pq.read_schema(path), table.schema)) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ([*SCHEMA][:-1], "sub_sequence is gone or was renamed"),
        ([field.with_name("kind") if field.name == "event_type" else field for field in SCHEMA], "event_type is gone"),
        (
            [field.with_type(pa.int64()) if field.name == "revenue" else field for field in SCHEMA],
            "revenue was decimal",
        ),
        ([pa.field("new", pa.string()), *SCHEMA], "event_id moved from place 0 to 1"),
    ],
)
def test_a_breaking_change_is_named(fields: list[pa.Field], problem: str) -> None:
    """Removed, renamed, of another type, or pushed aside by a new one; a column at the end breaks nothing."""
    assert any(found.startswith(problem) for found in breaks(SCHEMA, pa.schema(fields)))
    assert list(breaks(SCHEMA, pa.schema([*SCHEMA, pa.field("new", pa.string())]))) == []


def without(body: bytes, *names: str) -> bytes:
    """The file as a version wrote it that did not have these columns yet."""
    sink = pa.BufferOutputStream()
    pq.write_table(pq.read_table(pa.BufferReader(body)).drop_columns(list(names)), sink, store_schema=False)
    return bytes(sink.getvalue())


def test_files_of_every_version_are_read_together() -> None:
    """One hour of all golden files and one older still becomes one generation, with null where a column was not yet."""
    lake = memory_lake()
    older = without(parquet_bytes(rows(RAW_EVENTS, 0)), "properties", "key_id")
    bodies = [older, *(path.read_bytes() for path in files(RAW_EVENTS))]
    for number, body in enumerate(bodies):
        key = f"landing/dt=2026-11-21/hour=9/{number}.parquet"
        lake.bucket.put(key, body)
        add_work(lake.ledger, LandedObject(key, "landing", HOUR, 2), str(number), str(number))
    outcome = compact_hour(lake, HOUR)
    assert outcome.generation is not None
    found = {row["event_id"]: row for row in rows_under(lake.bucket, outcome.generation.folder)}
    expected: dict[str, Any] = {
        row["event_id"]: row for version in range(len(bodies)) for row in rows(RAW_EVENTS, version)
    }
    expected["full-0"] |= {"properties": None, "key_id": None}
    assert found == expected


@pytest.mark.parametrize("path", [param.values[1] for param in FILES], ids=lambda path: path.stem)
def test_golden_files_are_small(path: Path) -> None:
    """They live in the repository for good."""
    assert path.stat().st_size < 50_000
