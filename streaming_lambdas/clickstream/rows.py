"""One payload → one row: of `raw_events` if it is an event, of `bad_events` if not. Never both, never neither.

A row is a tuple in the order of the table's columns. It depends on the record, the payload, the pseudonym key and this
code, never on the clock, so that a second try gives the same row.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from clickstream import enrichment
from clickstream.envelopes import payloads
from clickstream.errors import LedgerError
from clickstream.events import MAX_EVENT_BYTES, Event, flag, instant, merged, money, parse
from clickstream.kinesis import Record
from clickstream.reasons import Reason, Rejected
from clickstream.tables import RAW_EVENTS

Row = tuple[Any, ...]
MAX_AHEAD = timedelta(hours=1)
"""An event time further ahead of its arrival is a wrong clock: the arrival time is used instead."""


class Pseudonym(NamedTuple):
    """The key that turns user_id into a pseudonym, and the id that says which key it was."""

    key_id: str
    key: bytes

    def of(self, user_id: str) -> str:
        """HMAC-SHA-256 of the id, 32 hex digits."""
        return hmac.new(self.key, user_id.encode(), hashlib.sha256).hexdigest()[:32]


class Source(NamedTuple):
    """The stream that records come from."""

    epoch: str
    shard_id: str


class Rows(NamedTuple):
    """The events of some records: accepted and bad rows, in order of position, and their number by the envelopes."""

    good: list[Row]
    bad: list[Row]
    events: int


def read(records: Iterable[Record], source: Source, pseudonym: Pseudonym | None) -> Rows:
    """Every event of the records, exactly once, as a good or a bad row.

    Raises `LedgerError` if the rows are not as many as the envelopes announced: a defect, and nothing may be committed.
    """
    rows = Rows([], [], 0)
    events = 0
    # One record at a time: a few kilobytes may open into tens of megabytes.
    for record in records:
        found = _open(record)
        events += len(found)
        for index, payload in enumerate(found):
            _add(rows, payload, record, source, index, pseudonym)
    if events != len(rows.good) + len(rows.bad):
        raise LedgerError(f"{events} events became {len(rows.good)} good and {len(rows.bad)} bad rows")
    return rows._replace(events=events)


def _open(record: Record) -> list[bytes | Rejected]:
    """The payloads of a record; one that cannot be opened is a single rejected event."""
    try:
        return list(payloads(record.data))
    except Rejected as rejection:
        return [rejection]


def _add(
    rows: Rows, payload: bytes | Rejected, record: Record, source: Source, index: int, pseudonym: Pseudonym | None
) -> None:
    if isinstance(payload, Rejected):
        rows.bad.append(_bad_row(payload, record.data, record, source, index))
        return
    try:
        rows.good.append(_good_row(parse(payload), record, source, index, pseudonym))
    except Rejected as rejection:
        # An over-long line is kept as what was received, the packed record: opened, a batch of them fills the memory.
        kept = payload if len(payload) <= MAX_EVENT_BYTES else record.data
        rows.bad.append(_bad_row(rejection, kept, record, source, index))
    except Exception as error:  # noqa: BLE001  a defect of ours on one event must not hold up its neighbours
        defect = Rejected(Reason.INTERNAL_ERROR, f"a defect of this software: {type(error).__name__}")
        rows.bad.append(_bad_row(defect, payload, record, source, index))


def _bad_row(rejection: Rejected, payload: bytes, record: Record, source: Source, index: int) -> Row:
    position = (source.epoch, source.shard_id, record.position, index)
    return (rejection.reason.value, rejection.detail, payload, record.received_time, *position)


def _good_row(event: Event, record: Record, source: Source, index: int, pseudonym: Pseudonym | None) -> Row:
    event_time, time_source = _event_time(event, record.received_time)
    page = enrichment.page(event.page_url)
    referrer = enrichment.page(event.referrer)
    agent = enrichment.agent(event.user_agent)
    person = _identifiers(event, pseudonym)
    values = {
        "event_id": _text(event.event_id),
        "app_id": event.app_id,
        "event_type": event.event_type,
        "schema_version": _text(event.schema_version),
        "event_time": event_time,
        "received_time": record.received_time,
        "sent_time": _sent_time(event),
        "time_source": time_source,
        "page_url": page.url,
        "page_path": page.path,
        "page_title": event.page_title,
        "referrer": referrer.url,
        "referrer_host": referrer.host,
        "channel": enrichment.channel(page.host, referrer.host, page.utm_source, page.utm_medium),
        "utm_source": page.utm_source,
        "utm_medium": page.utm_medium,
        "utm_campaign": page.utm_campaign,
        "user_agent": event.user_agent,
        "device_type": agent.device_type,
        "browser": agent.browser,
        "os": agent.os,
        "is_bot": agent.bot_reason is not None,
        "bot_reason": agent.bot_reason,
        "country": event.country,
        "order_id": _text(event.order_id),
        "revenue": money(event.revenue),
        "currency": event.currency,
        "product_id": _text(event.product_id),
        "quantity": event.quantity,
        "search_term": event.search_term,
        "consent": flag(event.consent),
        "properties": msgspec.json.encode(event.properties).decode() if event.properties else None,
        "epoch": source.epoch,
        "shard_id": source.shard_id,
        "sequence_number": record.position,
        "sub_sequence": index,
    } | person
    return tuple(values.get(name) for name in _NAMES)


_NAMES = RAW_EVENTS.schema.names


def _event_time(event: Event, received_time: datetime) -> tuple[datetime, str]:
    sent = instant(event.timestamp, "timestamp")
    if sent is None or sent > received_time + MAX_AHEAD:
        return received_time, "received"
    return sent, "event"


def _sent_time(event: Event) -> datetime | None:
    try:
        return instant(event.sent_at, "sent_at")
    except Rejected:
        # Only informative: an unreadable one is kept where it can be looked at, and the event stays.
        event.properties = merged(event.properties or {}, {"sent_at": event.sent_at})
        return None


def _identifiers(event: Event, pseudonym: Pseudonym | None) -> dict[str, str | None]:
    """Who it was: nothing without consent, and a keyed pseudonym for user_id where there is a key."""
    if flag(event.consent) is False or flag(event.gpc) or flag(event.dnt):
        return {}
    user_id = _text(event.user_id)
    hidden = user_id is not None and pseudonym is not None
    return {
        "session_id": _text(event.session_id),
        "user_id": pseudonym.of(user_id) if user_id and pseudonym else user_id,
        "anonymous_id": _text(event.anonymous_id),
        "ip_address": enrichment.network(event.ip_address),
        "key_id": pseudonym.key_id if hidden and pseudonym else None,
    }


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)
