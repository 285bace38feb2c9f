"""Fields of accepted events → the columns of `raw_events`: what was sent, and what follows from it.

A pure function, a run of events at a time. It raises if one of them cannot be taken; the caller then asks for fewer.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from clickstream import enrichment
from clickstream.enrichment.pseudonyms import Pseudonym
from clickstream.intake.bulk import NAMES
from clickstream.intake.columns import Coded, Column
from clickstream.intake.events import flag, instant, instants, merged, money
from clickstream.intake.property_texts import redacted, written
from clickstream.intake.reasons import Rejected
from clickstream.tables import RAW_EVENTS

MAX_AHEAD = timedelta(hours=1)
"""An event time further ahead of its arrival is a wrong clock: the arrival time is used instead."""
_COLUMNS = RAW_EVENTS.schema.names
_AS_SENT = ("app_id", "event_type", "country", "currency", "quantity")
_AS_TEXT = ("event_id", "schema_version", "order_id", "product_id")
_REDACTED = ("page_title", "search_term")
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")
_TAGS = slice(enrichment.Page._fields.index("utm_source"), None)
"""What a page says of the visit beside its host: campaign, mark of a paid click, whether it is tagged."""
_SIGNALS = ("consent", "gpc", "dnt")
CountryOf = Callable[[str | None], str | None]
"""Finds the country of an address."""
Found = dict[str, Column]


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


def derive(
    columns: Sequence[Column], positions: Positions, pseudonym: Pseudonym | None, country_of: CountryOf | None = None
) -> list[Column]:
    """The columns of `raw_events` in the table's order. Raises `Rejected`, or whatever a defect of ours raises."""
    fields = dict(zip(NAMES, columns, strict=True))
    fields |= _consent(fields)
    count = len(columns[0])
    found = {name: fields[name] for name in _AS_SENT} | {name: _texts(fields[name]) for name in _AS_TEXT}
    found |= _places(positions, count) | _times(fields, positions.received_time) | _addresses(fields) | _agents(fields)
    found |= {name: Coded.of(fields[name]).mapped(enrichment.redacted) for name in _REDACTED}
    found |= _people(fields, pseudonym, country_of)
    found |= {"revenue": _amounts(fields["revenue"]), "properties": redacted(found["properties"])}
    return [found[name] for name in _COLUMNS]


def _places(positions: Positions, count: int) -> Found:
    return {
        "received_time": positions.received_time,
        "epoch": Coded.constant(positions.epoch, count),
        "shard_id": Coded.constant(positions.shard_id, count),
        "sequence_number": positions.sequence_number,
        "sub_sequence": positions.sub_sequence,
    }


def _times(fields: Found, received: Sequence[datetime]) -> Found:
    """Event time with its source, and sent time. An unreadable sent_at is only informative: it goes to properties."""
    found = _event_times(instants(fields["timestamp"], "timestamp"), received) | {"properties": fields["properties"]}
    try:
        return found | {"sent_time": instants(fields["sent_at"], "sent_at")}
    except Rejected:
        pairs = [_sent_time(*pair) for pair in zip(fields["sent_at"], fields["properties"], strict=True)]
        sent, properties = zip(*pairs, strict=True)
        return found | {"sent_time": sent, "properties": properties}


def _event_times(said: Sequence[datetime | None], received: Sequence[datetime]) -> Found:
    if all(said) and max(filter(None, said)) <= min(received) + MAX_AHEAD:
        return {"event_time": said, "time_source": Coded.constant("event", len(said))}
    taken = [at is not None and at - arrival <= MAX_AHEAD for at, arrival in zip(said, received, strict=True)]
    return {
        "event_time": [
            at if is_taken else arrival for at, arrival, is_taken in zip(said, received, taken, strict=True)
        ],
        "time_source": ["event" if is_taken else "received" for is_taken in taken],
    }


def _sent_time(value: str | float | None, properties: str | None) -> tuple[datetime | None, str | None]:
    try:
        return instant(value, "sent_at"), properties
    except Rejected:
        return None, _with({"sent_at": value}, properties)


def _with(more: dict[str, Any], properties: str | None) -> str | None:
    """Properties with further values."""
    return written(merged(msgspec.json.decode(properties) if properties else {}, more))


def _addresses(fields: Found) -> Found:
    """Page, referrer, and how the visit came about."""
    pages, referrers = (Coded.of(fields[name]).mapped(enrichment.page) for name in ("page_url", "referrer"))
    page, referrer = (dict(zip(enrichment.Page._fields, each.unzipped(), strict=True)) for each in (pages, referrers))
    found: Found = {name: page[name] for name in _CAMPAIGN}
    return found | {
        "page_url": page["url"],
        "page_path": page["path"],
        "referrer": referrer["url"],
        "referrer_host": referrer["host"],
        "channel": _channels(pages, referrers),
    }


def _channels(pages: Coded, referrers: Coded) -> Coded:
    """How each visit came about. Many pages and referrers make few pairs of a campaign and a site."""
    starts = Coded.of((page.host, page[_TAGS]) for page in pages.values)
    hosts = Coded.of(referrer.host for referrer in referrers.values)
    width = len(hosts.values)
    rows = [place * width for place in starts.codes]
    pairs = zip(pages.codes, referrers.codes, strict=True)
    both = Coded.of([rows[page] + hosts.codes[referrer] for page, referrer in pairs])

    def channel(pair: int) -> str:
        page_host, tags = starts.values[pair // width]
        return enrichment.channel(page_host, hosts.values[pair % width], *tags)

    return both.mapped(channel)


def _agents(fields: Found) -> Found:
    sent = Coded.of(fields["user_agent"])
    agents = sent.mapped(enrichment.agent)
    found: Found = dict(zip(enrichment.Agent._fields, agents.unzipped(), strict=True))
    return found | {"user_agent": sent, "is_bot": agents.mapped(lambda agent: agent.bot_reason is not None)}


def _consent(fields: Found) -> Found:
    """One answer on consent, false where any signal refuses; what it does not tell of them goes to properties."""
    said = list(Coded.of(fields["consent"]).mapped(flag))
    is_told = said.count(None) == fields["consent"].count(None)
    if is_told and all(fields[name].count(None) == len(said) for name in ("gpc", "dnt")):
        return {"consent": said}
    signals = zip(*(fields[name] for name in _SIGNALS), strict=True)
    answers = [_answer(dict(zip(_SIGNALS, each, strict=True))) for each in signals]
    properties = [
        _with(untold, kept) if untold else kept for (_, untold), kept in zip(answers, fields["properties"], strict=True)
    ]
    return {"consent": [answer for answer, _ in answers], "properties": properties}


def _answer(signals: dict[str, Any]) -> tuple[bool | None, dict[str, Any]]:
    """The answer on consent, and the signals that it leaves untold."""
    said = flag(signals["consent"])
    answer = False if flag(signals["gpc"]) or flag(signals["dnt"]) else said
    is_told = said is answer is not None
    return answer, {name: v for name, v in signals.items() if v is not None and not (name == "consent" and is_told)}


def _people(fields: Found, pseudonym: Pseudonym | None, country_of: CountryOf | None) -> Found:
    """Who it was: nothing without consent, and a keyed pseudonym for user_id where there is a key.

    The country is the sender's word, else that of the whole address before it is cut.
    """
    ids = {name: fields[name] for name in ("session_id", "user_id", "anonymous_id", "ip_address")}
    if False in fields["consent"]:
        ids = {name: _unless_refused(ids[name], fields["consent"]) for name in ids}
    users, addresses = Coded.of(_texts(ids["user_id"])), Coded.of(ids["ip_address"])
    found: Found = {
        "session_id": _texts(ids["session_id"]),
        "anonymous_id": _texts(ids["anonymous_id"]),
        "ip_address": addresses.mapped(enrichment.network),
        "consent": fields["consent"],
        "user_id": users.mapped(lambda user: user and pseudonym.of(user)) if pseudonym else users,
        "key_id": users.mapped(lambda user: user and pseudonym and pseudonym.key_id),
    }
    if country_of:
        said = zip(fields["country"], addresses.mapped(country_of), strict=True)
        found["country"] = [country or known for country, known in said]
    return found


def _unless_refused(column: Column, consent: Column) -> Column:
    return [None if answer is False else value for value, answer in zip(column, consent, strict=True)]


def _amounts(column: Column) -> Column:
    return column if column.count(None) == len(column) else [money(value) for value in column]


def _texts(column: Column) -> Column:
    """Ids as text; numbers are taken too."""
    if column[0] is None and column.count(None) == len(column):
        return column
    if all(column) and set(map(type, column)) == {str}:
        return column
    return [value if value is None else str(value) for value in column]
