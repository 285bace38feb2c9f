"""Fields of accepted events → the columns of `raw_events`: what was sent, and what follows from it.

A pure function, a run of events at a time. It raises if one of them cannot be taken; the caller then asks for fewer.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec

from clickstream import enrichment
from clickstream.bulk import NAMES, written
from clickstream.columns import Column
from clickstream.events import flag, instant, instants, merged, money
from clickstream.pseudonyms import Pseudonym
from clickstream.reasons import Rejected
from clickstream.tables import RAW_EVENTS

MAX_AHEAD = timedelta(hours=1)
"""An event time further ahead of its arrival is a wrong clock: the arrival time is used instead."""
_COLUMNS = RAW_EVENTS.schema.names
_AS_SENT = ("app_id", "event_type", "page_title", "user_agent", "country", "currency", "quantity", "search_term")
_AS_TEXT = ("event_id", "schema_version", "order_id", "product_id")
Found = dict[str, Column]
Known = TypeVar("Known", bound=Hashable)
Answer = TypeVar("Answer")


class Positions(NamedTuple):
    """Where events stand, and when they arrived: one entry an event, except for epoch and shard."""

    epoch: str
    shard_id: str
    received_time: Sequence[datetime]
    sequence_number: Sequence[str]
    sub_sequence: Sequence[int]

    def part(self, places: Sequence[int]) -> "Positions":
        """Those of some of the events."""
        if len(places) == len(self.sub_sequence):
            return self
        lists = ([column[place] for place in places] for column in self[2:])
        return Positions(self.epoch, self.shard_id, *lists)  # type: ignore[arg-type]  # lists of what they are made of


def derive(columns: Sequence[Column], positions: Positions, pseudonym: Pseudonym | None) -> list[Column]:
    """The columns of `raw_events` in the table's order. Raises `Rejected`, or whatever a defect of ours raises."""
    fields = dict(zip(NAMES, columns, strict=True))
    count = len(columns[0])
    found = {name: fields[name] for name in _AS_SENT} | {name: _texts(fields[name]) for name in _AS_TEXT}
    found |= _places(positions, count) | _times(fields, positions.received_time) | _addresses(fields) | _agents(fields)
    found |= _people(fields, pseudonym)
    found["revenue"] = [money(value) for value in fields["revenue"]] if any(fields["revenue"]) else fields["revenue"]
    return [found[name] for name in _COLUMNS]


def _places(positions: Positions, count: int) -> Found:
    return {
        "received_time": positions.received_time,
        "epoch": [positions.epoch] * count,
        "shard_id": [positions.shard_id] * count,
        "sequence_number": positions.sequence_number,
        "sub_sequence": positions.sub_sequence,
    }


def _times(fields: Found, received: Sequence[datetime]) -> Found:
    """Event time with its source, and sent time. An unreadable sent_at is only informative: it goes to properties."""
    times, sources = [], []
    for said, arrival in zip(instants(fields["timestamp"], "timestamp"), received, strict=True):
        is_taken = said is not None and said - arrival <= MAX_AHEAD
        times.append(said if is_taken else arrival)
        sources.append("event" if is_taken else "received")
    found: Found = {"event_time": times, "time_source": sources, "properties": fields["properties"]}
    try:
        return found | {"sent_time": instants(fields["sent_at"], "sent_at")}
    except Rejected:
        pairs = [_sent_time(*pair) for pair in zip(fields["sent_at"], fields["properties"], strict=True)]
        sent, properties = zip(*pairs, strict=True)
        return found | {"sent_time": sent, "properties": properties}


def _sent_time(value: str | float | None, properties: str | None) -> tuple[datetime | None, str | None]:
    try:
        return instant(value, "sent_at"), properties
    except Rejected:
        kept = msgspec.json.decode(properties) if properties else {}
        return None, written(merged(kept, {"sent_at": value}))


def _addresses(fields: Found) -> Found:
    """Page, referrer, and how the visit came about."""
    pages = _unzipped(mapped(enrichment.page, fields["page_url"]), enrichment.Page._fields)
    referrers = _unzipped(mapped(enrichment.page, fields["referrer"]), enrichment.Page._fields)
    campaign = {name: pages[name] for name in ("utm_source", "utm_medium", "utm_campaign")}
    told = zip(pages["host"], referrers["host"], pages["utm_source"], pages["utm_medium"], strict=True)
    return campaign | {
        "page_url": pages["url"],
        "page_path": pages["path"],
        "referrer": referrers["url"],
        "referrer_host": referrers["host"],
        "channel": [enrichment.channel(*words) for words in told],
    }


def _agents(fields: Found) -> Found:
    found = _unzipped(mapped(enrichment.agent, fields["user_agent"]), enrichment.Agent._fields)
    return found | {"is_bot": [reason is not None for reason in found["bot_reason"]]}


def _people(fields: Found, pseudonym: Pseudonym | None) -> Found:
    """Who it was: nothing without consent, and a keyed pseudonym for user_id where there is a key."""
    consent = mapped(flag, fields["consent"])
    ids = {name: fields[name] for name in ("session_id", "user_id", "anonymous_id", "ip_address")}
    if any(any(fields[name]) for name in ("gpc", "dnt")) or False in consent:
        others = zip(mapped(flag, fields["gpc"]), mapped(flag, fields["dnt"]), strict=True)
        refused = [said is False or gpc or dnt for said, (gpc, dnt) in zip(consent, others, strict=True)]
        ids = {name: [None if no else i for i, no in zip(ids[name], refused, strict=True)] for name in ids}
    users = _texts(ids["user_id"])
    return {
        "session_id": _texts(ids["session_id"]),
        "anonymous_id": _texts(ids["anonymous_id"]),
        "ip_address": mapped(enrichment.network, ids["ip_address"]),
        "consent": consent,
        "user_id": mapped(lambda user: user and pseudonym.of(user), users) if pseudonym else users,
        "key_id": [user and pseudonym.key_id for user in users] if pseudonym else [None] * len(users),
    }


def mapped(function: Callable[[Known], Answer], column: Sequence[Known]) -> list[Answer]:
    """The function of each value, called once for each distinct one."""
    known = {value: function(value) for value in set(column)}
    return [known[value] for value in column]


def _unzipped(rows: list[tuple[Any, ...]], names: Sequence[str]) -> Found:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _texts(column: Column) -> Column:
    """Ids as text; numbers are taken too."""
    if all(column) and set(map(type, column)) == {str}:
        return column
    return [value if value is None else str(value) for value in column]
