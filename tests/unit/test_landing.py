"""Rows as immutable objects: one per received hour and kind, with a key that says what is inside."""

import hashlib
import re
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.intake.landing import LandingFile, landing_files, parquet
from clickstream.intake.rows import Rows, Source, read
from clickstream.tables import BAD_EVENTS, RAW_EVENTS
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

KEY = re.compile(
    r"(?P<folder>landing|bad_events)/dt=(?P<dt>[0-9-]{10})/hour=(?P<hour>[0-9]{1,2})/"
    r"(?P<epoch>[0-9]+)-(?P<shard>shardId-[0-9]{12})-(?P<first>[0-9]+)-(?P<last>[0-9]+)-(?P<tag>[0-9a-f]{8})\.parquet"
)


def batch(*hours: int, first: int = 41) -> Rows:
    """Records in the hours after 09:05; every second one holds no event."""
    records = [
        record(encoded(n=n) if n % 2 else b"?", n, ARRIVAL + timedelta(hours=hour))
        for n, hour in enumerate(hours, first)
    ]
    return read(records, SOURCE, None)


def files(rows: Rows, source: Source = SOURCE) -> list[LandingFile]:
    """The objects of the rows."""
    return list(landing_files(rows, source))


def test_one_object_per_received_hour_and_kind() -> None:
    """Rows lie in the hour in which they arrived, good and bad apart, and none is lost or doubled."""
    found = files(batch(0, 0, 0, 1, 1, 15, 15))
    assert [(file.entry.kind, file.entry.hour, file.entry.rows) for file in found] == [
        ("landing", "2026-11-21T09", 2),
        ("landing", "2026-11-21T10", 1),
        ("landing", "2026-11-22T00", 1),
        ("bad_events", "2026-11-21T09", 1),
        ("bad_events", "2026-11-21T10", 1),
        ("bad_events", "2026-11-22T00", 1),
    ]


def test_no_rows_no_object() -> None:
    """Nothing is written for a kind that has no rows."""
    assert files(Rows([], [], 0)) == []
    assert {file.entry.kind for file in files(batch(0))} == {"landing"}


def test_a_key_says_what_is_inside() -> None:
    """Folder of the hour, epoch, shard, first and last sequence number, hash of the content."""
    for file in files(batch(0, 0, 15, 15, 15)):
        parts = KEY.fullmatch(file.entry.key)
        assert parts, file.entry.key
        table = pq.read_table(pa.BufferReader(file.body))
        numbers = [int(text) for text in table["sequence_number"].to_pylist()]
        assert (int(parts["first"]), int(parts["last"])) == (numbers[0], numbers[-1])
        assert (parts["epoch"], parts["shard"]) == SOURCE
        assert f"{parts['dt']}T{int(parts['hour']):02}" == file.entry.hour
        assert hashlib.sha256(file.body).hexdigest().startswith(parts["tag"])


def test_a_retry_writes_the_same_object_and_other_content_another() -> None:
    """Equal rows give equal bytes and key; one different row, epoch or boundary gives another key."""
    first, again = files(batch(0, 0, 0)), files(batch(0, 0, 0))
    assert first == again
    others = [files(batch(0, 0)), files(batch(0, 0, 0, first=43)), files(batch(0, 0, 0), SOURCE._replace(epoch="9"))]
    keys = {file.entry.key for found in [first, *others] for file in found if file.entry.kind == "landing"}
    assert len(keys) == 4
    head, *rest = batch(0, 0, 0).good
    changed = Rows([("other", *head[1:]), *rest], [], len(rest) + 1)
    assert not {file.entry.key for file in files(changed)} & keys


def test_content_round_trip() -> None:
    """A file holds exactly the rows and the table's schema, also beyond one conversion step."""
    rows = batch(*[0] * 1301)
    for found, table in ((rows.good, RAW_EVENTS), (rows.bad, BAD_EVENTS)):
        read_back = pq.read_table(pa.BufferReader(parquet(found, table)))
        assert read_back.schema.equals(table.schema)
        assert [tuple(row.values()) for row in read_back.to_pylist()] == found


def test_the_files_statistics_bound_both_times() -> None:
    """A reader can skip a file by its received and event times."""
    body = files(batch(0, 0, 0))[0].body
    row_group = pq.ParquetFile(pa.BufferReader(body)).metadata.row_group(0)
    bounds = {row_group.column(n).path_in_schema: row_group.column(n).statistics for n in range(row_group.num_columns)}
    assert bounds["received_time"].min == ARRIVAL == bounds["event_time"].max
