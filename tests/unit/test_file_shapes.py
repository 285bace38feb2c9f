"""The shape of data files: what may be configured, what stands in the footer of the files, and what is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream.errors import ConfigError
from clickstream.lake.compaction import compact_hour
from clickstream.lake.file_shapes import parse, spelled
from clickstream.lake.parquet import PartWriter, conformed, opened, row_groups
from clickstream.lake.restoring import older, roll_back
from clickstream.lake.work import Lake
from clickstream.settings import Encoding, FileShape
from clickstream.tables import RAW_EVENTS
from tests.simulation.fake_lake import HOUR, Sent, land, memory_lake

ROWS = [
    {
        "event_id": f"{number:04}",
        "event_type": ("click", "page_view", "search")[number % 3],
        "event_time": 7_919 * number % 1_000,
        "received_time": number,
        "user_id": f"user-{number % 7}",
        "page_url": f"https://shop.example/{number % 11}",
        "sequence_number": str(number // 4).zfill(130),
        "sub_sequence": number % 4,
        "properties": f'{{"n": {number}}}',
    }
    for number in range(3_000)
]


def written(folder: Path, text: str, rows: Sequence[dict[str, Any]] = ROWS) -> pq.FileMetaData:
    """The footer of the one file that the rows give in this shape."""
    with PartWriter(folder, parse(text)) as writer:
        for first in range(0, len(rows), 500):
            writer.add(conformed(pa.Table.from_pylist(rows[first : first + 500], RAW_EVENTS.schema), "rows"))
    (part,) = writer.parts
    return pq.read_metadata(part)


def columns(footer: pq.FileMetaData) -> dict[str, Any]:
    """The columns of the first row group by name."""
    group = footer.row_group(0)
    return {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}


def stored(folder: Path, text: str, name: str) -> bytes:
    """The bytes of one column in a file of this shape."""
    column = columns(written(folder, text))[name]
    first = column.dictionary_page_offset or column.data_page_offset
    return (folder / "part-0.parquet").read_bytes()[first:][: column.total_compressed_size]


def keys(folder: Path, *names: str) -> list[tuple[Any, ...]]:
    """The values of some columns, in the order of the file."""
    table = pq.read_table(folder / "part-0.parquet", columns=list(names))
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def test_files_have_the_measured_shape(tmp_path: Path) -> None:
    """Without configuration: by type and time, zstd, one row group, page index, each column as fits its values."""
    footer = written(tmp_path, "{}")
    found = columns(footer)
    assert keys(tmp_path, "event_type", "event_time") == sorted(keys(tmp_path, "event_type", "event_time"))
    assert footer.num_row_groups == 1
    assert {column.compression for column in found.values()} == {"ZSTD"}
    assert found["event_time"].has_column_index
    assert found["event_time"].has_offset_index
    packed = {"event_time", "received_time", "sent_time", "sub_sequence"}
    assert {name for name, column in found.items() if "DELTA_BINARY_PACKED" in column.encodings} == packed
    assert not [name for name, column in found.items() if "DELTA_BYTE_ARRAY" in column.encodings]
    assert "DELTA_LENGTH_BYTE_ARRAY" in found["event_id"].encodings
    plain = {name for name, column in found.items() if not column.has_dictionary_page}
    assert plain >= packed | {"event_id", "properties"}
    assert "sequence_number" not in plain
    assert found["event_type"].has_dictionary_page
    assert found["page_url"].has_dictionary_page


@pytest.mark.parametrize(("events", "is_dictionary"), [(1, False), (2, True), (10, True)])
def test_records_that_hold_many_events_are_numbered_in_a_dictionary(
    tmp_path: Path, events: int, *, is_dictionary: bool
) -> None:
    """Numbers that each event has for itself are differences instead, and all are read again as they were."""
    rows = [row | {"sequence_number": str(place // events).zfill(130)} for place, row in enumerate(ROWS)]
    column = columns(written(tmp_path, "{}", rows))["sequence_number"]
    assert column.has_dictionary_page == is_dictionary
    assert ("DELTA_BYTE_ARRAY" in column.encodings) != is_dictionary
    (again,) = row_groups(opened("part", tmp_path / "part-0.parquet"))
    numbers = zip(again["event_id"].to_pylist(), again["sequence_number"].to_pylist(), strict=True)
    assert dict(numbers) == {row["event_id"]: row["sequence_number"] for row in rows}


def test_a_changed_shape_shows_in_the_footer(tmp_path: Path) -> None:
    """Order, codec, rows of a group, page index, encodings and bounds are as configured, and the rows are the same."""
    footer = written(
        tmp_path,
        '{"sort_columns": ["user_id", "received_time"], "codec": "gzip", "codec_level": 9, "rows_per_group": 1000,'
        ' "has_page_index": false, "encodings": {"page_url": "DELTA_BYTE_ARRAY", "event_type": "PLAIN",'
        ' "sub_sequence": "DICTIONARY", "event_id": "DELTA_BYTE_ARRAY"}}',
    )
    found = columns(footer)
    assert [footer.row_group(number).num_rows for number in range(footer.num_row_groups)] == [1_000, 1_000, 1_000]
    first = keys(tmp_path, "user_id", "received_time")[:1_000]
    assert first == sorted(first)
    assert {column.compression for column in found.values()} == {"GZIP"}
    assert not found["event_time"].has_column_index
    assert found["user_id"].statistics.min == "user-0"
    assert "DELTA_BYTE_ARRAY" in found["page_url"].encodings
    assert not found["event_type"].has_dictionary_page
    assert found["sub_sequence"].has_dictionary_page
    again = [table.to_pylist() for table in row_groups(opened("part", tmp_path / "part-0.parquet"))]
    stored = {row["event_id"]: (row["page_url"], row["event_type"]) for group in again for row in group}
    assert stored == {row["event_id"]: (row["page_url"], row["event_type"]) for row in ROWS}


def test_the_level_reaches_the_codec(tmp_path: Path) -> None:
    """Columns of another level are compressed differently; without one zstd has level 3, and 1 for random ids."""
    shapes = ("{}", '{"codec_level": 1}', '{"codec_level": 3}', '{"codec_level": 19}')
    text, ids = ([stored(tmp_path, shape, name) for shape in shapes] for name in ("properties", "event_id"))
    assert text[0] == text[2] != text[3]
    assert ids[0] == ids[1] != ids[2]


def test_every_writer_of_the_lake_keeps_the_shape() -> None:
    """Compaction and rollback write what is configured, into quarantine too."""
    made = memory_lake()
    lake = Lake(made.bucket, made.ledger, made.catalog, made.clock, shape=FileShape(codec="gzip"))
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2), Sent("b", 3, page="/other")])
    first = compact_hour(lake, HOUR).generation
    land(lake, HOUR, [Sent("c", 4)])
    compact_hour(lake, HOUR)
    again = roll_back(lake, HOUR, older(lake, HOUR))
    assert first is not None
    files = [*(output.key for output in (*first.outputs, *again.outputs)), *first.quarantine]
    assert len(files) == 3
    for key in files:
        footer = pq.read_metadata(pa.BufferReader(lake.bucket.get(key)))
        assert footer.row_group(0).column(0).compression == "GZIP"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("codec=snappy", "malformed.*the keys are sort_columns, codec"),
        ('{"compression": "zstd"}', "unknown field `compression`"),
        ('{"codec": "lzma"}', "codec"),
        ('{"rows_per_group": 10}', ">= 1000"),
        ('{"codec": "gzip", "codec_level": 19}', "gzip has levels from 1 to 9"),
        ('{"codec": "snappy", "codec_level": 3}', "snappy has no levels"),
        ('{"sort_columns": []}', "must name columns"),
        ('{"sort_columns": ["user_id", "user_id"]}', "each once"),
        ('{"sort_columns": ["revenue"]}', "revenue cannot be sorted by: event_id, app_id"),
        ('{"encodings": {"page": "PLAIN"}}', "there is no column page"),
        ('{"encodings": {"page_url": "RLE"}}', "encodings"),
        ('{"encodings": {"page_url": "DELTA_BINARY_PACKED"}}', "page_url cannot be DELTA_BINARY_PACKED"),
        ('{"encodings": {"revenue": "DELTA_BYTE_ARRAY"}}', "revenue cannot be DELTA_BYTE_ARRAY"),
    ],
)
def test_what_no_file_can_have_is_refused(text: str, message: str) -> None:
    """The message names the key or the column, and what is possible."""
    with pytest.raises(ConfigError, match=message):
        parse(text)


@pytest.mark.parametrize("encoding", ["DICTIONARY", "PLAIN", "DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY"])
def test_every_possible_encoding_can_be_written_and_read(tmp_path: Path, encoding: str) -> None:
    """For each column: either it is refused, or the rows come back."""
    possible: dict[str, Encoding] = {}
    for name in RAW_EVENTS.schema.names:
        try:
            possible |= parse(f'{{"encodings": {{"{name}": "{encoding}"}}}}').encodings
        except ConfigError:
            continue
    assert possible
    written(tmp_path, spelled(FileShape(encodings=possible)))
    stored = [row for table in row_groups(opened("p", tmp_path / "part-0.parquet")) for row in table.to_pylist()]
    assert {row["event_id"]: row["properties"] for row in stored} == {r["event_id"]: r["properties"] for r in ROWS}


def test_only_departures_are_spelled() -> None:
    """The text of a deployment says what is different, and reads back."""
    assert spelled(parse("{}")) == "{}"
    text = '{"codec":"snappy","rows_per_group":1000000}'
    assert spelled(parse(text)) == text
    assert spelled(parse('{"codec":"zstd","rows_per_group":500000,"sort_columns":["event_type","event_time"]}')) == "{}"
