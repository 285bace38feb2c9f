"""The event format: what is taken, what is refused and why."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from clickstream.intake.events import MAX_DEPTH, MAX_EVENT_BYTES, flag, instant, money, parse
from clickstream.intake.reasons import Reason, Rejected


def encoded(**fields: Any) -> bytes:
    """A minimal event with these fields as compact JSON."""
    return json.dumps({"event_type": "click"} | fields, separators=(",", ":"), ensure_ascii=False).encode()


def with_json(text: str) -> bytes:
    """A minimal event with this literal JSON behind it."""
    return f'{{"event_type":"click",{text}}}'.encode()


DEEP = '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH
REFUSED = [
    (b"", Reason.NOT_JSON),
    (b'{"event_type":"click"', Reason.NOT_JSON),
    (b'{"event_type":"click"} {}', Reason.NOT_JSON),
    (b"\xef\xbb\xbf" + encoded(), Reason.NOT_JSON),
    (encoded().decode().encode("utf-16"), Reason.NOT_JSON),
    (with_json('"a":NaN'), Reason.NOT_JSON),
    (with_json('"a":-Infinity'), Reason.NOT_JSON),
    (with_json('"a":1e999'), Reason.NOT_JSON),
    (with_json('"a":"\\ud800 and more"'), Reason.NOT_JSON),
    (with_json('"a":"\x01"'), Reason.NOT_JSON),
    (b'{"event_type":"\xff"}', Reason.NOT_UTF8),
    (b'{"event_type":"\xed\xa0\x80"}', Reason.NOT_UTF8),
    (b"null", Reason.NOT_AN_OBJECT),
    (b"[{}]", Reason.NOT_AN_OBJECT),
    (b'"click"', Reason.NOT_AN_OBJECT),
    (with_json('"a":1,"a":1'), Reason.DUPLICATE_KEY),
    (with_json('"a":1,"a":2,"b":1e6'), Reason.DUPLICATE_KEY),
    (with_json('"properties":{"a":1,"a":2}'), Reason.DUPLICATE_KEY),
    (with_json('"event_type":"view"'), Reason.DUPLICATE_KEY),
    (with_json(f'"a":{DEEP}'), Reason.TOO_DEEP),
    (b"[" * 100_000, Reason.TOO_DEEP),
    (encoded(a="x" * MAX_EVENT_BYTES), Reason.TOO_LARGE),
    (b"{}", Reason.MISSING_FIELD),
    (b'{"event_type":""}', Reason.MISSING_FIELD),
    (b'{"event_type":null}', Reason.WRONG_TYPE),
    (encoded(event_id=1.5), Reason.WRONG_TYPE),
    (encoded(quantity=True), Reason.WRONG_TYPE),
    (encoded(quantity=2.0), Reason.WRONG_TYPE),
    (encoded(revenue=False), Reason.WRONG_TYPE),
    (encoded(properties=[1]), Reason.WRONG_TYPE),
    (encoded(page_url={}), Reason.WRONG_TYPE),
    (encoded(event_type="x" * 129), Reason.OUT_OF_RANGE),
    (encoded(event_id="x" * 129), Reason.OUT_OF_RANGE),
    (encoded(session_id=2**63), Reason.OUT_OF_RANGE),
    (encoded(page_url="x" * 8193), Reason.OUT_OF_RANGE),
    (encoded(quantity=2**63), Reason.OUT_OF_RANGE),
    (encoded(quantity=-(2**63)), Reason.OUT_OF_RANGE),
    (encoded(a=10**19), Reason.OUT_OF_RANGE),
    (encoded(a=int("9" * 4000)), Reason.OUT_OF_RANGE),
]


@pytest.mark.parametrize(("data", "reason"), REFUSED)
def test_what_is_no_event_is_refused_with_a_reason(data: bytes, reason: Reason) -> None:
    """Each defect has its reason code and a short sentence that holds nothing of the payload."""
    with pytest.raises(Rejected) as caught:
        parse(data)
    assert caught.value.reason == reason
    assert 10 < len(caught.value.detail) < 120
    assert "xxxx" not in caught.value.detail


@pytest.mark.parametrize(
    "data",
    [
        encoded(a="x" * (MAX_EVENT_BYTES - len(encoded(a="")))),
        with_json(f'"a":{DEEP[5:-1]}'),
        encoded(a="{[" * 1000),
        encoded(a='\\"{[' * 1000),
        encoded(event_id="x" * 128),
        encoded(quantity=2**63 - 1),
        with_json('"a": -1234567890123456789'),
        with_json('"a":-1234567890123456789'),
        with_json('"a":1e5,"b":"\\u00e9\\/"'),
        with_json('"a":"12345678901234567890123"'),
        json.dumps({"event_type": "click", "a": [1, {"b": 2}]}, indent=2).encode() + b"\r\n",
    ],
)
def test_what_is_just_within_the_limits_is_taken(data: bytes) -> None:
    """Limits refuse what lies beyond them, not what lies on them, however the JSON is spaced or escaped."""
    assert parse(data).event_type == "click"


def test_equal_bytes_give_equal_ids_and_other_bytes_give_others() -> None:
    """A resend without event_id dedupes; an event that differs in one byte does not."""
    assert parse(encoded(a=1)).event_id == parse(encoded(a=1)).event_id
    assert len({parse(encoded(a=n)).event_id for n in range(100)}) == 100
    assert parse(encoded(event_id="mine")).event_id == "mine"


def test_unknown_fields_are_kept_beside_the_properties() -> None:
    """Nothing is dropped, also where names clash once or several times."""
    event = parse(encoded(properties={"a": 1, "b": 2}, a=3, **{"event.a": 4, "c": None}))
    assert event.properties == {"a": 1, "b": 2, "event.a": 3, "event.event.a": 4, "c": None}


def test_empty_texts_are_absent_but_an_empty_user_agent_says_something() -> None:
    """Trackers send empty texts for what they do not know; no user agent at all is a sign of a machine."""
    event = parse(encoded(session_id="", revenue="", page_url="", user_agent=""))
    assert (event.session_id, event.revenue, event.page_url, event.user_agent) == (None, None, None, "")


MOMENT = datetime(2026, 11, 21, 9, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("2026-11-21T09:05:30Z", MOMENT),
        ("2026-11-21 09:05:30", MOMENT),
        ("2026-11-21T11:05:30+02:00", MOMENT),
        ("20261121T090530Z", MOMENT),
        (MOMENT.timestamp(), MOMENT),
        (int(MOMENT.timestamp()), MOMENT),
        (int(MOMENT.timestamp()) * 1000, MOMENT),
        (str(int(MOMENT.timestamp())), MOMENT),
        (str(int(MOMENT.timestamp()) * 1000), MOMENT),
        ("1760112312345", datetime(2025, 10, 10, 16, 5, 12, 345000, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(value: str | float | None, expected: datetime | None) -> None:
    """ISO text with or without offset, and epoch seconds or milliseconds as number or text."""
    assert instant(value, "timestamp") == expected


@pytest.mark.parametrize(
    "value", ["now", "T", "2026-13-01", "2026-01-01T00:00:60Z", "0001-01-01T00:00:00+05:00", 1e300, 2**63, "9" * 8000]
)
def test_what_is_no_time_is_refused(value: str | float) -> None:
    """Text that is no time and numbers outside the calendar have the reason `invalid_time`, which names the field."""
    with pytest.raises(Rejected, match="sent_at is not") as caught:
        instant(value, "sent_at")
    assert caught.value.reason == Reason.INVALID_TIME


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (12, "12.00"),
        ("19.995", "20.00"),
        ("0.125", "0.12"),
        (0.1 + 0.2, "0.30"),
        (-5, "-5.00"),
        ("1e-999999999", "0.00"),
        ("999999999999999.99", "999999999999999.99"),
    ],
)
def test_money_has_two_decimals(value: str | float | None, expected: str | None) -> None:
    """Rounding is half to even on the decimal that was sent, not on its binary neighbour."""
    assert money(value) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("12,50", Reason.WRONG_TYPE),
        ("free", Reason.WRONG_TYPE),
        ("nan", Reason.OUT_OF_RANGE),
        ("sNaN", Reason.OUT_OF_RANGE),
        ("-Infinity", Reason.OUT_OF_RANGE),
        (10**15, Reason.OUT_OF_RANGE),
        ("1e999999999", Reason.OUT_OF_RANGE),
        (-1e300, Reason.OUT_OF_RANGE),
    ],
)
def test_what_is_no_money_is_refused(value: str | float, reason: Reason) -> None:
    """Text, non-finite and huge amounts never reach the decimal column."""
    with pytest.raises(Rejected) as caught:
        money(value)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (1, True), ("TRUE", True), (False, False), ("0", False), (None, None), ("maybe", None), (2, None)],
)
def test_flags(value: bool | int | str | None, expected: bool | None) -> None:
    """Only a clear yes or no is a consent signal."""
    assert flag(value) is expected
