"""Sorted runs: the order, what stays, and files whose footers say no more than they need."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake.parquet import PartWriter, conformed, opened, row_groups
from clickstream.lake.runs import Run
from clickstream.tables import RAW_EVENTS

INSTANT = pa.timestamp("us", "UTC")


def table(rows: list[tuple[str | None, int | None, int]]) -> pa.Table:
    """Rows of (type, time, number), the type in a dictionary of this table alone."""
    kinds, times, numbers = zip(*rows, strict=True)
    columns = {"kind": pa.array(kinds, pa.string()).dictionary_encode(), "time": pa.array(times, INSTANT)}
    return pa.table(columns | {"number": pa.array(numbers)})


def in_order(row: tuple[str | None, int | None, int]) -> tuple[Any, ...]:
    """What Python sorts by: nulls last, equal rows by number, which is how they came in."""
    kind, time, number = row
    return kind is None, kind or "", time is None, time or 0, number


def test_rows_of_many_tables_come_in_order() -> None:
    """By type, then by time, nulls last, equal rows as they came; rows that go are not there."""
    chance = random.Random(3)  # noqa: S311  reproducible, not secret
    rows = [
        (chance.choice(["page_view", "click", "ä", "", None]), chance.choice([None, -5, 0, 7, 2**50]), number)
        for number in range(400)
    ]
    keep = [chance.random() < 0.7 for _ in rows]
    run = Run()
    for first in range(0, len(rows), 40):
        run.add(table(rows[first : first + 40]), pa.array(keep[first : first + 40]))
    assert run.rows == sum(keep)
    expected = [
        number for _, _, number in sorted((r for r, stays in zip(rows, keep, strict=True) if stays), key=in_order)
    ]
    assert run.taken(["kind", "time"])["number"].to_pylist() == expected
    assert (run.rows, run.bytes) == (0, 0)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Long sequence numbers are packed in a way that cannot be read as a dictionary, and come back all the same."""
    rows = [
        {"event_id": f"{n}", "event_type": "click", "received_time": n, "sequence_number": str(n // 2).zfill(130)}
        for n in range(50)
    ]
    with PartWriter(tmp_path) as writer:
        writer.add(conformed(pa.Table.from_pylist(rows, schema=RAW_EVENTS.schema), "rows"))
    (part,) = writer.parts
    (found,) = row_groups(opened("part", part))
    assert found["sequence_number"].to_pylist() == [row["sequence_number"] for row in rows]


def test_bounds_are_kept_only_where_they_exclude_pages(tmp_path: Path) -> None:
    """Type and times have bounds in the footer and a page index; identifiers of people appear in neither."""
    row = {"event_id": "a", "event_type": "click", "event_time": 1, "user_id": "somebody"}
    with PartWriter(tmp_path) as writer:
        writer.add(conformed(pa.Table.from_pylist([row], schema=RAW_EVENTS.schema), "rows"))
    (part,) = writer.parts
    group = pq.read_metadata(part).row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert columns["event_type"].statistics.min == "click"
    assert columns["event_time"].has_column_index
    assert not any(columns[name].is_stats_set for name in ("event_id", "user_id", "anonymous_id", "ip_address"))
