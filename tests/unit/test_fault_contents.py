"""Odd contents on their whole way: record → row → file or item."""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clickstream.detection.detecting import AnomalyDetector
from clickstream.errors import LakeError
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.landing import landing_files
from clickstream.intake.rows import read
from clickstream.lake.parquet import opened, row_groups
from clickstream.ledger import Ledger
from clickstream.live.readers import counts
from clickstream.ports import Item
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor
from clickstream.tables import RAW_EVENTS
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record, zstd

LONGEST_SHARD_ID = "shardId-" + "9" * 120
"""The API allows 128 characters."""
SMALL_ITEM_BYTES = 64 * 1024


class CountingTable(MemoryTable):
    """A strict table that counts what is written to it."""

    writes = 0

    def put(self, item: Item) -> None:
        """Count and write."""
        self.writes += 1
        super().put(item)


def landed(*records: Record) -> list[dict[str, Any]]:
    """The accepted rows of the records as their Parquet files give them back."""
    files = landing_files(read(records, SOURCE, None), SOURCE)
    bodies = [file.body for file in files if file.entry.kind == "landing"]
    return [row for body in bodies for row in pq.read_table(pa.BufferReader(body)).to_pylist()]


def row_of(**fields: Any) -> dict[str, Any]:
    """The row of one accepted event."""
    [values] = read([record(encoded(**fields))], SOURCE, None).good
    return dict(zip(RAW_EVENTS.schema.names, values, strict=True))


@pytest.mark.parametrize("text", ["a\x00b", "a\tb\r\n", "a\u2028b", "\u202egnp.exe", "\ufeffa", "İıſß", "e\u0301"])
def test_odd_characters_come_back_as_they_were_sent(text: str) -> None:
    """Escaped control characters, line separators, direction marks and unnormalised text are kept unchanged."""
    [row] = landed(record(encoded(page_title=text, search_term=text, properties={"a": text})))
    assert (row["page_title"], row["search_term"], json.loads(row["properties"])) == (text, text, {"a": text})


def test_a_newer_schema_version_is_kept_with_what_it_adds() -> None:
    """Fields that this version does not know stay readable, beside the version that the sender named."""
    [row] = landed(record(encoded(schema_version="9.1", basket={"items": [1, 2]}, scroll_depth=0.5)))
    assert row["schema_version"] == "9.1"
    assert json.loads(row["properties"]) == {"basket": {"items": [1, 2]}, "scroll_depth": 0.5}


@pytest.mark.parametrize("year", [1, 1970, 2019])
def test_a_very_old_event_lands_in_the_hour_of_its_arrival(year: int) -> None:
    """No partition is made for a time that a phone invents; the event keeps its own time in a column."""
    old = datetime(year, 1, 2, 3, tzinfo=UTC)
    [file] = landing_files(read([record(encoded(timestamp=old.isoformat()))], SOURCE, None), SOURCE)
    assert file.entry.hour == "2026-11-21T09"
    [row] = landed(record(encoded(timestamp=old.isoformat())))
    assert (row["event_time"], row["time_source"]) == (old, "event")


def test_a_skewed_clock_leaves_all_three_times() -> None:
    """Event time, sending time and arrival are kept apart, so that the skew can be computed."""
    wrong = ARRIVAL - timedelta(hours=5)
    [row] = landed(record(encoded(timestamp=wrong.isoformat(), sent_at=(wrong + timedelta(seconds=2)).isoformat())))
    assert (row["sent_time"], row["received_time"]) == (wrong + timedelta(seconds=2), ARRIVAL)


PIECES = ["http://", "https://www.", "//", "/", "@", ":", "[", "?", "#", "&", "=", "%2F", "%40", "%C3%A9", "%zz", "é"]
PIECES += ["bücher.example", "A.Example", "page=1", "utm_source=x", "e\u0301", "+", "%20", " ", ";", "..", "%"]


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@example("https://bücher.example/%7ea?page=%C3%A9&page=é#x")
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_an_address_that_was_kept_is_kept_as_it_is(url: str) -> None:
    """What ingestion makes of an address, it leaves alone when it comes again."""
    kept = row_of(page_url=url)["page_url"]
    assert (row_of(page_url=kept)["page_url"] or "") == (kept or "")


def test_a_gzip_body_is_one_bad_event() -> None:
    """Only zstd is opened; another compression is kept untouched with a reason, however much it would unfold into."""
    bomb = gzip.compress(b"0" * 50_000_000)
    found = read([record(bomb)], SOURCE, None)
    assert (found.good, found.events) == ([], 1)
    assert found.bad[0][0] in ("not_json", "not_utf8")
    assert found.bad[0][2] == bomb


def detector_of(session_metrics: MemoryTable, anomalies: MemoryTable) -> AnomalyDetector:
    """A detector over these tables that alerts nobody."""
    epochs = Epochs(lambda _: "1" * 12, lambda: ARRIVAL)
    return AnomalyDetector(session_metrics, anomalies, lambda _: None, epochs, lambda: ARRIVAL)


def batch(events: Iterable[bytes], first: int = 1) -> Batch:
    """The events as one batch of the shard with the longest id."""
    records = [record(event, number) for number, event in enumerate(events, first)]
    return Batch("arn", LONGEST_SHARD_ID, tuple(records))


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_the_longest_ids_make_keys_that_fit(letter: str) -> None:
    """128 characters of session id and of shard id stay within DynamoDB's 2,048 and 1,024 bytes of keys."""
    session_metrics, anomalies = MemoryTable(), MemoryTable()
    event = encoded(session_id=letter * 128, event_type="purchase", user_agent="curl/8")
    detector_of(session_metrics, anomalies).detect(batch([event]))
    assert [item["pk"] for item in session_metrics.scan()] == [letter * 128]
    assert letter * 128 in {item["pk"] for item in anomalies.scan()}


def test_a_session_without_end_stays_a_small_item() -> None:
    """600 events with new types, pages, agents and orders in every one: the item stays small, the count exact."""
    session_metrics = MemoryTable()
    detector = detector_of(session_metrics, MemoryTable())
    for start in range(0, 600, 200):
        events = [
            encoded(
                session_id="s",
                event_type=f"type{number}".ljust(128, "x"),
                page_url=f"/{number}".ljust(8000, "x"),
                user_agent=f"agent {number}".ljust(300, "x"),
                order_id=f"{number}".ljust(128, "x"),
                timestamp=(ARRIVAL - timedelta(minutes=number)).isoformat(),
            )
            for number in range(start, start + 200)
        ]
        detector.detect(batch(events, start + 1))
    [item] = session_metrics.scan()
    assert item["events"] == 600
    assert len(repr(item)) < SMALL_ITEM_BYTES


def test_writes_do_not_grow_with_the_events_of_a_minute() -> None:
    """No item is hot: a batch writes each of its minutes once, whether 10 events are in it or 2,000."""
    assert _writes(10) == _writes(2_000)


def processor_of(ledger_table: MemoryTable, counters: MemoryTable, page_metrics: MemoryTable) -> EventProcessor:
    """A processor over these tables."""
    bucket = MemoryBucket()
    ledger = Ledger(ledger_table, bucket)
    applier = Applier(ledger, counters, page_metrics, 30, lambda: ARRIVAL)
    epochs = Epochs(lambda _: "1", lambda: ARRIVAL)
    return EventProcessor(ledger=ledger, bucket=bucket, applier=applier, epochs=epochs, now=lambda: ARRIVAL)


def _writes(events: int) -> list[int]:
    tables = [CountingTable() for _ in range(3)]
    data = zstd(b"\n".join([encoded(page_url="/the-one-page")] * events))
    processor_of(*tables).process(Batch("arn", "shardId-0", (record(data),)), "run")
    assert sum(page["events"] for page in tables[1].scan()) == events
    return [table.writes for table in tables]


def test_an_expired_page_is_no_longer_counted() -> None:
    """DynamoDB removes an expired item days later; until then readers pass it over by their clock."""
    counters = MemoryTable()
    processor = processor_of(MemoryTable(), counters, MemoryTable())
    processor.process(Batch("arn", "shardId-0", (record(encoded()),)), "run")
    start, end = ARRIVAL - timedelta(hours=1), ARRIVAL + timedelta(hours=1)
    assert [step.events for step in counts(counters, start, end, "minute", ARRIVAL, 30)] == [1]
    assert counts(counters, start, end, "minute", ARRIVAL + timedelta(days=38), 30) == []


def test_a_file_of_an_older_version_is_read_with_nulls(tmp_path: Path) -> None:
    """A column that was added later is null in the rows of a file that was written before."""
    path = tmp_path / "old.parquet"
    [file] = landing_files(read([record(encoded(page_title="kept", search_term="gone", a=1))], SOURCE, None), SOURCE)
    pq.write_table(pq.read_table(pa.BufferReader(file.body)).drop_columns(["search_term", "properties"]), path)
    [table] = row_groups(opened("old", path))
    [row] = table.to_pylist()
    assert table.schema.names == RAW_EVENTS.schema.names
    assert (row["page_title"], row["search_term"], row["properties"]) == ("kept", None, None)


def test_a_file_of_a_newer_version_stops_before_anything_is_dropped(tmp_path: Path) -> None:
    """A column that this version does not know is an error with the file's name, not a loss."""
    path = tmp_path / "new.parquet"
    pq.write_table(pa.table({"event_id": ["a"], "mood": ["good"]}), path)
    with pytest.raises(LakeError, match=r"new has columns .'mood'. unknown to this version"):
        opened("new", path)
