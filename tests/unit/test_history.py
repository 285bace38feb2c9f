"""Files of history as events: formats, ids, times, and CSV columns."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from clickstream.errors import SourceError
from clickstream.intake.csv_mapping import ColumnMapping, read_mapping
from clickstream.intake.history import HistoryFile, Line, examine
from clickstream.stream import importing
from clickstream.stream.importing import chunks, received_times

ORDERS = ColumnMapping(
    {"When": "timestamp", "Price": "revenue", "Pieces": "quantity", "Colour": "properties.colour", "Note": "-"},
    {"event_type": "purchase", "currency": "GBP"},
    "%d/%m/%Y %H:%M",
)
HEADER = "When,Price,Pieces,Colour,Note,Shelf\n"


def write(folder: Path, content: str | bytes) -> Path:
    """A file."""
    path = folder / "history"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def events(file: HistoryFile) -> list[dict[str, Any]]:
    """The good lines, decoded."""
    return [json.loads(line.data) for line in file.events() if not line.rejection]


def test_ndjson_gets_ids_where_it_has_none(tmp_path: Path) -> None:
    """By content and line number: equal lines stay two events; ids that are there stay; an empty one is none."""
    bare, named, empty = '{"event_type":"click"}', '{"event_type":"a","event_id":"x"}', '{"event_id":""}'
    file = examine(write(tmp_path, f"{bare}\n{bare}\n\n{named}\n{empty}\n{{}}\n"))
    found = events(file)
    assert [event["event_id"] for event in found] == [f"{file.digest}-{n}" if n != 4 else "x" for n in (1, 2, 4, 5, 6)]
    assert found[0] == {"event_id": f"{file.digest}-1", "event_type": "click"}


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ('"2025-01-01T10:00:00+02:00"', datetime(2025, 1, 1, 8, tzinfo=UTC)),
        ("1735689600", datetime(2025, 1, 1, tzinfo=UTC)),
        ('"soon"', None),
        ("true", None),
        ("[]", None),
    ],
)
def test_the_time_of_a_line_is_the_events(tmp_path: Path, said: str, time: datetime | None) -> None:
    """Any spelling that the parser takes; what is none is left to the parser to refuse."""
    (line,) = examine(write(tmp_path, f'{{"timestamp":{said}}}')).events()
    assert line.time == time


def test_an_access_log_is_told_by_its_content(tmp_path: Path) -> None:
    """Compressed under any name; a line that is no request is refused with its own reason, and kept as it stands."""
    request = b'10.1.2.3 - - [01/Aug/1995:00:00:07 -0400] "GET /a HTTP/1.0" 200 1713'
    file = examine(write(tmp_path, gzip.compress(request + b"\nnonsense\n")))
    good, bad = file.events()
    assert (file.kind, good.time) == ("access_log", datetime(1995, 8, 1, 4, 0, 7, tzinfo=UTC))
    assert json.loads(good.data)["page_url"] == "http://access.log/a"
    assert bad.data == b"nonsense"
    assert bad.rejection is not None
    assert bad.rejection.reason == "unreadable_line"


def test_csv_columns_become_fields(tmp_path: Path) -> None:
    """Typed fields, constants, named and unnamed properties, a column left out; a row may span lines."""
    file = examine(write(tmp_path, HEADER + '24/12/2025 18:30,12.50,2,"deep\nred",secret,A7\n'), ORDERS)
    (line,) = file.events()
    assert line.number == 3
    assert json.loads(line.data) == {
        "event_id": f"{file.digest}-3",
        "event_type": "purchase",
        "currency": "GBP",
        "timestamp": "2025-12-24T18:30:00+00:00",
        "revenue": "12.50",
        "quantity": 2,
        "properties": {"colour": "deep\nred", "Shelf": "A7"},
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"24/12/2025 18:30,dear,2,red,,", "wrong_type"),
        (b"24/12/2025 18:30,1,two,red,,", "wrong_type"),
        (b"2025-12-24,1,2,red,,", "invalid_time"),
        (b"24/12/2025 18:30,1,2", "unreadable_line"),
        (b"24/12/2025 18:30,1,2,r\xe9d,,", "not_utf8"),
    ],
)
def test_a_bad_row_is_refused_with_its_bytes(tmp_path: Path, row: bytes, reason: str) -> None:
    """The rows around it are taken."""
    good = b"24/12/2025 18:30,1,2,red,,\r\n"
    lines = list(examine(write(tmp_path, HEADER.encode() + good + row + b"\r\n" + good), ORDERS).events())
    assert [line.rejection.reason if line.rejection else None for line in lines] == [None, reason, None]
    assert lines[1].data == row


def test_a_quote_without_end_costs_a_bounded_part(tmp_path: Path) -> None:
    """The reader gives the row up at the longest cell and goes on with the next line."""
    limit = csv.field_size_limit()
    rows = b"24/12/2025 18:30,1,2,red,,\n" * (2 * limit // 27)
    found = list(examine(write(tmp_path, HEADER.encode() + b'"' + rows), ORDERS).events())
    assert found[0].rejection is not None
    assert len(found) > limit // 27


@pytest.mark.parametrize(
    ("columns", "constants", "problem"),
    [
        ({"a": "timestamp"}, {}, "event_type"),
        ({"a": "event_type"}, {}, "timestamp"),
        ({"a": "timestamp", "b": "price"}, {"event_type": "x"}, "no field"),
        ({"a": "timestamp", "b": "timestamp"}, {"event_type": "x"}, "twice"),
        ({"a": "timestamp"}, {"event_type": "x", "quantity": "many"}, "cannot be taken"),
    ],
)
def test_a_mapping_is_checked_at_once(columns: dict[str, str], constants: dict[str, str], problem: str) -> None:
    """Before any file is opened."""
    with pytest.raises(SourceError, match=problem):
        ColumnMapping(columns, constants)


@pytest.mark.parametrize(
    ("content", "mapping", "problem"),
    [
        (b"", None, "is empty"),
        (b"a,b\n1,2\n", None, "neither NDJSON"),
        (b"a,b\n1,2\n", ORDERS, "no column Colour, Note, Pieces, Price, When"),
        (HEADER.encode(), ORDERS, "no row"),
        (HEADER.strip().encode() + b",When\n1\n", ORDERS, "there twice"),
        (gzip.compress(b'{"a":1}\n' * 1000)[:-9], None, "cut off"),
    ],
)
def test_a_file_is_examined_to_its_end(
    tmp_path: Path, content: bytes, mapping: ColumnMapping | None, problem: str
) -> None:
    """Nothing of a file that cannot be used is imported, and the message says why."""
    with pytest.raises(SourceError, match=problem):
        examine(write(tmp_path, content), mapping)


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    """What was examined is what is imported."""
    path = write(tmp_path, b'{"event_type":"a"}\n')
    file = examine(path)
    path.write_bytes(b'{"event_type":"b"}\n')
    with pytest.raises(SourceError, match="changed"):
        list(file.events())


def test_a_mapping_file_says_all_of_it(tmp_path: Path) -> None:
    """TOML or JSON; an unknown table is refused."""
    path = tmp_path / "orders.toml"
    path.write_text('[columns]\nWhen = "timestamp"\n[constants]\nevent_type = "a"\n[format]\ndelimiter = ";"\n')
    expected = ColumnMapping({"When": "timestamp"}, {"event_type": "a"}, None, ";")
    assert read_mapping(path) == expected
    as_json = tmp_path / "orders.json"
    as_json.write_text(
        '{"columns": {"When": "timestamp"}, "constants": {"event_type": "a"}, "format": {"delimiter": ";"}}'
    )
    assert read_mapping(as_json) == expected
    path.write_text('[colums]\na = "b"\n')
    with pytest.raises(SourceError, match="colums"):
        read_mapping(path)


NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


def test_a_line_without_a_time_lies_beside_its_neighbour() -> None:
    """Future and ancient times are brought to the bound, so that every hour can be compacted."""
    now = NOON + timedelta(days=1)
    times = [None, NOON, None, now + timedelta(hours=2), datetime(1, 1, 1, tzinfo=UTC)]
    lines = [Line(number, time, b"") for number, time in enumerate(times)]
    assert received_times(lines, now) == [NOON, NOON, NOON, now, importing.EARLIEST]
    assert received_times(lines[:1], now) == [now]


def test_chunks_are_bounded_three_ways() -> None:
    """By lines, bytes and hours, whichever comes first."""
    lines = [Line(number, NOON + timedelta(hours=number), b"x" * 10) for number in range(10)]
    for bound, value in (("CHUNK_LINES", 4), ("CHUNK_BYTES", 40), ("CHUNK_HOURS", 4)):
        with patch.object(importing, bound, value):
            assert [len(chunk) for chunk in chunks(lines)] == [4, 4, 2]
