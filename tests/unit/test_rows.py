"""One event in, exactly one row out, and what stands in it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream import enrichment
from clickstream.errors import LedgerError
from clickstream.intake import rows
from clickstream.intake.events import KNOWN_FIELDS, MAX_EVENT_BYTES
from clickstream.intake.kinesis import Record
from clickstream.intake.rows import Pseudonym, Rows, read
from clickstream.lake_table import LakeTable
from clickstream.tables import BAD_EVENTS, RAW_EVENTS
from tests.simulation.records import ARRIVAL, SOURCE, encoded, kpl_aggregate, record, zstd

KEY = Pseudonym("k1", b"secret")
HOUR = timedelta(hours=1)


def good(pseudonym: Pseudonym | None = None, **fields: Any) -> dict[str, Any]:
    """The row of one event by column name."""
    found = read([record(encoded(**fields))], SOURCE, pseudonym)
    assert (len(found.good), found.bad) == (1, [])
    return dict(zip(RAW_EVENTS.schema.names, found.good[0], strict=True))


def reason(**fields: Any) -> str:
    """The reason code of one bad event."""
    found = read([record(encoded(**fields))], SOURCE, None)
    assert (found.good, len(found.bad)) == ([], 1)
    return str(found.bad[0][0])


def columns(table: LakeTable, found: Sequence[rows.Row]) -> None:
    """Convert every column to its type, as the landing file does; raises if a value does not fit."""
    for field, values in zip(table.schema, zip(*found, strict=True), strict=False):
        pa.array(values, field.type)


@pytest.mark.parametrize(
    ("timestamp", "expected", "time_source"),
    [
        (None, ARRIVAL, "received"),
        ("", ARRIVAL, "received"),
        ("2026-11-21T08:00:00", datetime(2026, 11, 21, 8, tzinfo=UTC), "event"),
        ((ARRIVAL + HOUR).isoformat(), ARRIVAL + HOUR, "event"),
        ((ARRIVAL + HOUR + timedelta(milliseconds=1)).isoformat(), ARRIVAL, "received"),
        (0, datetime(1970, 1, 1, tzinfo=UTC), "event"),
        (int(ARRIVAL.timestamp() * 1000), ARRIVAL, "event"),
    ],
)
def test_event_time(timestamp: str | int | None, expected: datetime, time_source: str) -> None:
    """The producer's time counts unless it is missing or more than an hour ahead of the arrival; 1970 is kept."""
    row = good(timestamp=timestamp)
    assert (row["event_time"], row["time_source"], row["received_time"]) == (expected, time_source, ARRIVAL)


def test_garbage_in_a_field_has_the_reason_of_that_field() -> None:
    """Times and money are judged when the row is made, and with their own reasons."""
    assert reason(timestamp="yesterday") == "invalid_time"
    assert reason(revenue="a lot") == "wrong_type"
    assert reason(revenue=1e300) == "out_of_range"
    assert good(revenue=0.0)["revenue"] == Decimal(0)
    assert reason(revenue="1e999999999") == "out_of_range"


def test_an_unreadable_sent_at_is_kept_in_the_properties() -> None:
    """It is only informative: the event stays, and also a property of the same name."""
    row = good(sent_at="soon", properties={"sent_at": "mine"})
    assert row["sent_time"] is None
    assert json.loads(row["properties"]) == {"sent_at": "mine", "event.sent_at": "soon"}
    assert good(sent_at=0)["sent_time"] == datetime(1970, 1, 1, tzinfo=UTC)


PERSON = {"session_id": "s", "user_id": "u", "anonymous_id": "a", "ip_address": "203.0.113.7"}


@pytest.mark.parametrize("signal", [{"consent": False}, {"consent": "0"}, {"gpc": 1}, {"dnt": "true"}])
def test_without_consent_no_identifier_is_kept(signal: dict[str, Any]) -> None:
    """A refusal by any of the three signals removes session, user, device and network, and the key's id."""
    row = good(KEY, **PERSON, **signal)
    assert [row[name] for name in (*PERSON, "key_id")] == [None] * 5


@pytest.mark.parametrize("signal", [{}, {"consent": True}, {"consent": "perhaps"}, {"gpc": 0}, {"dnt": False}])
def test_without_a_refusal_identifiers_are_kept(signal: dict[str, Any]) -> None:
    """Not stated is not refused; the address is cut to its network all the same."""
    row = good(None, **PERSON, **signal)
    assert [row[name] for name in (*PERSON, "key_id")] == ["s", "u", "a", "203.0.113.0", None]


def test_user_id_becomes_a_keyed_pseudonym() -> None:
    """Equal people have equal pseudonyms under one key, other ones under another key, and the row names the key."""
    row, again, other = good(KEY, user_id=7), good(KEY, user_id="7"), good(Pseudonym("k2", b"other"), user_id="7")
    assert row["user_id"] == again["user_id"] != other["user_id"]
    assert (len(row["user_id"]), row["key_id"], other["key_id"]) == (32, "k1", "k2")
    assert (good(KEY)["user_id"], good(KEY)["key_id"]) == (None, None)


def test_a_full_event_fills_its_columns() -> None:
    """Numbers become text where the column is text, money has two decimals, everything else goes to properties."""
    row = good(
        event_id=5,
        order_id=17,
        product_id="p",
        quantity=3,
        revenue="12.5",
        currency="EUR",
        consent=1,
        extra=[1],
        z=None,
    )
    names = ("event_id", "order_id", "product_id", "quantity", "revenue", "currency", "consent")
    assert [row[name] for name in names] == ["5", "17", "p", 3, Decimal("12.50"), "EUR", True]
    assert json.loads(row["properties"]) == {"extra": [1], "z": None}
    assert (row["epoch"], row["shard_id"], row["sub_sequence"]) == (*SOURCE, 0)


RECORDS = {
    "plain": (encoded(), 1, 0),
    "empty": (b"", 0, 1),
    "noise": (b"\x80\x81", 0, 1),
    "compressed": (zstd(encoded() + b"\n{}\n" + encoded()), 2, 1),
    "aggregated": (kpl_aggregate([b"", encoded(), b"x", encoded()]), 2, 2),
    "truncated": (zstd(encoded() * 9)[:-2], 0, 1),
    "empty frame": (zstd(b""), 0, 1),
    "bomb": (zstd(b"x" * (40 << 20)), 0, 1),
    "too many": (zstd(b"{}\n" * 10_001), 0, 1),
    "full": (zstd(b"{}\n" * 10_000), 0, 10_000),
}


@pytest.mark.parametrize(("data", "accepted", "refused"), RECORDS.values(), ids=RECORDS)
def test_every_event_of_a_record_becomes_one_row(data: bytes, accepted: int, refused: int) -> None:
    """Accepted and bad rows add up to what the envelope holds, with the untouched bytes in every bad row."""
    found = read([record(data)], SOURCE, None)
    assert (len(found.good), len(found.bad), found.events) == (accepted, refused, accepted + refused)
    places = sorted(row[-1] for row in [*found.good, *found.bad])
    assert places == list(range(accepted + refused))
    columns(RAW_EVENTS, found.good)
    columns(BAD_EVENTS, found.bad)
    if refused == 1 and not accepted:
        assert found.bad[0][2] == data


def test_a_batch_keeps_order_and_positions() -> None:
    """Rows carry the position of their record and their place in it, in order."""
    data = [encoded(), zstd(encoded() + b"\n" + encoded()), encoded()]
    found = read([record(body, number) for number, body in enumerate(data, 8)], SOURCE, None)
    assert [(int(row[-2]), row[-1]) for row in found.good] == [(8, 0), (9, 0), (9, 1), (10, 0)]


def test_a_defect_of_ours_costs_one_event_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the enrichment of one event leaves its neighbours alone."""

    def broken(agent: str | None) -> enrichment.Agent:
        raise ZeroDivisionError if agent == "bad" else RecursionError if agent == "worse" else KeyError

    original = enrichment.agent
    monkeypatch.setattr(enrichment, "agent", lambda text: original(text) if text == "fine" else broken(text))
    records = [record(encoded(user_agent=agent), n) for n, agent in enumerate(("bad", "fine", "worse"), 1)]
    found = read(records, SOURCE, None)
    assert [row[:2] for row in found.bad] == [
        ("internal_error", "a defect of this software: ZeroDivisionError"),
        ("internal_error", "a defect of this software: RecursionError"),
    ]
    assert len(found.good) == 1


def test_rows_that_do_not_add_up_stop_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect that loses a row raises before anything is written."""
    monkeypatch.setattr(rows, "_add", lambda *_: None)
    with pytest.raises(LedgerError, match="1 events became 0 good and 0 bad rows"):
        read([record(encoded())], SOURCE, None)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
PIECES = ["http:", "//", "@", "[", ":", "?", "page=", "%", "é", "/", "\x00"]
URLS = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
FITTING = {
    "timestamp": LEAVES | st.datetimes().map(str),
    "revenue": st.decimals().map(str) | LEAVES,
    "page_url": URLS,
    "referrer": URLS,
    "user_agent": st.sampled_from(["", " ", "curl/8", "\x00", "Mobile é"]),
    "ip_address": st.ip_addresses().map(str) | st.text(max_size=20),
}
EVENTS = st.fixed_dictionaries(
    {}, optional={name: FITTING.get(name, LEAVES) for name in sorted(KNOWN_FIELDS - {"event_type", "properties"})}
)


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, max_size=5), st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1)))  # noqa: DTZ001
def test_every_row_fits_its_table_and_comes_out_equal_again(events: list[dict[str, Any]], arrival: datetime) -> None:
    """Whatever the fields hold: rows convert to their columns, none is a defect of ours, and no clock is asked."""
    records: list[Record] = [record(encoded(**event), n, arrival) for n, event in enumerate(events, 1)]
    found: Rows = read(records, SOURCE, KEY)
    assert found.events == len(events)
    assert "internal_error" not in {row[0] for row in found.bad}
    columns(RAW_EVENTS, found.good)
    columns(BAD_EVENTS, found.bad)
    assert read(records, SOURCE, KEY) == found


def test_an_over_long_line_is_kept_as_it_was_received() -> None:
    """Its neighbours are rows of their own; its payload is the packed record, not the megabytes that it opens into."""
    packed = zstd(b"\n".join([encoded(session_id="a"), b"x" * (MAX_EVENT_BYTES + 1), encoded(session_id="b")]))
    found = read([record(packed)], SOURCE, None)
    assert (len(found.good), found.events) == (2, 3)
    ((reason_code, _, payload, *_),) = found.bad
    assert (reason_code, payload) == ("too_large", packed)
