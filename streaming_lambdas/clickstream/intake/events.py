"""The contract of what may arrive: raw bytes → an `Event`, or a rejection with a reason code.

The format is flat JSON; fields that it does not know are kept in `properties`. Parsing is a pure function of the bytes.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec

from clickstream.intake.marks import rejection_in
from clickstream.intake.reasons import Reason, Rejected

MAX_EVENT_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1
MAX_REVENUE = Decimal(10) ** 15
MAX_DIGITS = 19
_ZEROS = b"0" * (MAX_DIGITS + 1)
_DIGITS_AS_ZEROS = bytes.maketrans(b"0123456789", b"0" * 10)
_EPOCH_TEXT = re.compile(r"-?[0-9]{9,}(\.[0-9]+)?")
"""Nine digits and more are no calendar date; the ISO parser would still find a time of the year 1760 in some."""
_MILLISECONDS_FROM = 100_000_000_000
"""Epoch numbers from here on are milliseconds: as seconds they would lie after the year 5000."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Word = Annotated[str, msgspec.Meta(max_length=256)]
Text = Annotated[str, msgspec.Meta(max_length=8192)]
Integer = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Number = str | int | float
Flag = bool | int | str


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """One accepted event, as sent: types checked, nothing derived yet. Times are text or epoch numbers."""

    event_type: Id
    event_id: Id | Integer | None = None
    session_id: Id | Integer | None = None
    user_id: Id | Integer | None = None
    anonymous_id: Id | Integer | None = None
    timestamp: Number | None = None
    sent_at: Number | None = None
    app_id: Word | None = None
    schema_version: Word | Integer | None = None
    page_url: Text | None = None
    page_title: Text | None = None
    referrer: Text | None = None
    user_agent: Text | None = None
    ip_address: Word | None = None
    country: Word | None = None
    order_id: Id | Integer | None = None
    revenue: Number | None = None
    currency: Word | None = None
    product_id: Id | Integer | None = None
    quantity: Integer | None = None
    search_term: Text | None = None
    consent: Flag | None = None
    gpc: Flag | None = None
    dnt: Flag | None = None
    properties: dict[str, Any] | None = None


_YES = {"true", "1", "yes", "on", "granted", "allow", "allowed"}
_NO = {"false", "0", "no", "off", "denied", "deny", "refused", "withdrawn"}
KNOWN_FIELDS = frozenset(Event.__struct_fields__)
_KEPT = {"user_agent"}
"""An empty text counts as absent, except here: no user agent was sent, and somebody looked."""


def parse(data: bytes) -> Event:
    """The event in these bytes. Raises `Rejected` with a reason code, and nothing else."""
    rejection = rejection_in(data)
    if rejection:
        raise rejection
    fields = json_object(data)
    known = {name: value for name, value in fields.items() if name in KNOWN_FIELDS and (value != "" or name in _KEPT)}
    unknown = {name: value for name, value in fields.items() if name not in KNOWN_FIELDS}
    event = _typed(known)
    if event.event_id is None:
        event.event_id = fingerprint(data)
    if unknown:
        event.properties = merged(event.properties or {}, unknown)
    return event


def fingerprint(data: bytes) -> str:
    """The id of an event that has none: equal bytes, as of a producer's resend, have equal ones."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def shape(data: bytes) -> bytes:
    """The text with each digit as 0: what differs in numbers only has one shape."""
    return data.translate(_DIGITS_AS_ZEROS)


def has_long_digits(data: bytes) -> bool:
    """Whether more digits stand in a row than an integer may have, if only in a text."""
    return _ZEROS in shape(data)


def merged(properties: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Further values beside the sender's properties; one whose name is taken gets the prefix `event.`."""
    taken = dict(properties)
    for name, value in more.items():
        free = name
        while free in taken:
            free = f"event.{free}"
        taken[free] = value
    return taken


def instant(value: Number | None, field: str) -> datetime | None:
    """A time as sent → UTC: ISO 8601 text (no offset means UTC), or epoch seconds or milliseconds, also as text.

    Raises `Rejected` if it is no time between the years 1 and 9999.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str) and _EPOCH_TEXT.fullmatch(value):
            value = float(value)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise Rejected(Reason.INVALID_TIME, f"{field} is not an ISO 8601 time or an epoch number") from error


def instants(values: Sequence[Number | None], field: str) -> list[datetime | None]:
    """`instant` of each value. Most are ISO 8601 texts in UTC, which the standard library reads by itself."""
    if values.count(None) == len(values):
        return [None] * len(values)
    try:
        moments = list(map(datetime.fromisoformat, values))  # type: ignore[arg-type]  # numbers raise TypeError
    except (TypeError, ValueError):
        return [instant(value, field) for value in values]
    if {moment.tzinfo for moment in moments} == {UTC}:
        return moments  # type: ignore[return-value]  # lists of what can be None, too
    return [instant(value, field) for value in values]


def money(value: Number | None) -> Decimal | None:
    """Revenue with two decimals, rounded half to even. Raises `Rejected` for text that is no number, or a huge one."""
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise Rejected(Reason.WRONG_TYPE, "revenue is not a number") from error
    if not (amount.is_finite() and -MAX_REVENUE < amount < MAX_REVENUE):
        raise Rejected(Reason.OUT_OF_RANGE, f"revenue must lie between -{MAX_REVENUE} and {MAX_REVENUE}")
    return amount.quantize(Decimal("0.01"))


def flag(value: Flag | None) -> bool | None:
    """A consent signal: true, 1, "yes", "granted" … are true; false, 0, "no", "denied" … are false; else not stated."""
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in these bytes, read strictly. Raises `Rejected` with a reason code, and nothing else."""
    if len(data) > MAX_EVENT_BYTES:
        raise Rejected(Reason.TOO_LARGE, f"{len(data)} bytes, at most {MAX_EVENT_BYTES} are taken")
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise Rejected(Reason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = msgspec.json.decode(data)
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_UTF8, "the event is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise Rejected(Reason.NOT_JSON, str(error)) from error
    if not isinstance(value, dict):
        raise Rejected(Reason.NOT_AN_OBJECT, "an event is one JSON object")
    # A decoder keeps the last of two equal keys, and integers of any length. Compact JSON without either encodes back
    # to the same bytes and has no long run of digits; only the rest needs the slow look.
    if has_long_digits(data) or msgspec.json.encode(value) != data:
        json.loads(data, object_pairs_hook=_distinct, parse_int=_bounded)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise Rejected(Reason.DUPLICATE_KEY, "a key stands twice in one object")


def _bounded(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Rejected(Reason.OUT_OF_RANGE, f"an integer has more than {MAX_DIGITS} digits")
    return int(digits)


def _depth(data: bytes) -> int:
    """Deepest nesting, brackets inside strings not counted."""
    depth = deepest = 0
    in_text = escaped = False
    for byte in data:
        if in_text:
            escaped, in_text = (not escaped and byte == 0x5C), escaped or byte != 0x22
        elif byte == 0x22:
            in_text = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest


def _typed(known: dict[str, Any]) -> Event:
    try:
        return msgspec.convert(known, Event)
    except msgspec.ValidationError as error:
        text = str(error)
        if text.startswith("Object missing"):
            raise Rejected(Reason.MISSING_FIELD, "event_type is missing or empty") from error
        is_range = " of length " in text or "`int` <=" in text or "`int` >=" in text
        raise Rejected(Reason.OUT_OF_RANGE if is_range else Reason.WRONG_TYPE, text) from error
