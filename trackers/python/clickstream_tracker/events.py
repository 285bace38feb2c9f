"""An event as one line of JSON, in the flat format that the lake takes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from clickstream_tracker.errors import EventError
from clickstream_tracker.packing import Item

MAX_EVENT_BYTES = 256 * 1024
"""A larger event would be refused by the lake."""
MAX_ID_CHARACTERS = 128


def line_of(event_type: object, fields: Mapping[str, Any], now: datetime) -> tuple[str, Item]:
    """The id of the event, and the line to send. Fields that are None are left out.

    Args:
        event_type: what happened, at most 128 characters.
        fields: whatever belongs to it; ``event_id`` and ``timestamp`` are added where they are missing.
        now: the time of an event that names none.

    Raises:
        EventError: the event has no type, a value that JSON cannot say, or is too large.
    """
    if not (isinstance(event_type, str) and 0 < len(event_type) <= MAX_ID_CHARACTERS):
        raise EventError(f"an event needs a type of 1 to {MAX_ID_CHARACTERS} characters, such as 'purchase'")
    event = {"event_type": event_type, "event_id": str(uuid.uuid4()), "timestamp": now}
    event |= {name: value for name, value in fields.items() if value is not None}
    try:
        text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        data = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(f"the event {event_type} cannot be written as JSON: {error}") from error
    if len(data) > MAX_EVENT_BYTES:
        raise EventError(f"the event {event_type} has {len(data):,} bytes, at most {MAX_EVENT_BYTES:,} are taken")
    session = event.get("session_id")
    return str(event["event_id"]), Item(data, None if session is None else str(session))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Decimal, uuid.UUID)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is none of text, number, time, list and dict")
