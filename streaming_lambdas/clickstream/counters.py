"""Live counters: what a batch adds to each received minute, and how a stored page takes it in.

A page is one item per (lane, received minute). Two tables share the shape: `counters` holds events by type, channel,
device and country, distinct visitors and sessions, and how long events were under way; `page-metrics` holds page views
by path template. Readers (`live`) sum lanes and minutes.

Counters count what was accepted, each record once. Two copies that a producer sent are two records, and count twice
here; the lake keeps one of them, because only it can look at an hour of ids.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby, repeat
from operator import floordiv, itemgetter

from clickstream.ledger import PageDelta
from clickstream.ports import Item, Key
from clickstream.positions import Lane
from clickstream.rows import Row
from clickstream.sketches import distinct, durations, united
from clickstream.tables import RAW_EVENTS

MAX_NAMES = 200
"""Distinct names a map of a page may hold; a million distinct URLs must not burst the item."""
MAX_NAME_LENGTH = 256
"""Characters of a name that count: 200 paths of 8,192 characters would not fit an item of 400 KB."""
OTHER = "(other)"
NONE = "(none)"
"""Stands for a page, country, … that the event does not tell."""
_TYPE, _CHANNEL, _DEVICE, _COUNTRY, _PATH, _RECEIVED, _TIME, _TIME_SOURCE, _SESSION, _USER, _ANONYMOUS = (
    RAW_EVENTS.schema.names.index(name)
    for name in (
        *("event_type", "channel", "device_type", "country", "page_path", "received_time", "event_time"),
        *("time_source", "session_id", "user_id", "anonymous_id"),
    )
)
_MINUTE, _MILLISECOND = timedelta(minutes=1), timedelta(milliseconds=1)


def minute_deltas(rows: Iterable[Row]) -> dict[str, PageDelta]:
    """What the rows add, by received minute (`2026-11-21T09:05`)."""
    minutes: dict[datetime, list[Row]] = {}
    start = datetime.min.replace(tzinfo=UTC)
    # The rows of a record share one instant, and records next to each other mostly one minute.
    for received, found in groupby(rows, itemgetter(_RECEIVED)):
        if not start <= received < start + _MINUTE:
            start = received.replace(second=0, microsecond=0)
        minutes.setdefault(start, []).extend(found)
    return {start.isoformat()[:16]: _delta(minutes[start]) for start in sorted(minutes)}


def counters_page(stored: Item | None, key: Key, delta: PageDelta) -> Item:
    """The `counters` item with the delta added."""
    page = stored or {}
    return {
        "pk": key.pk,
        "sk": key.sk,
        "events": page.get("events", 0) + delta.events,
        "event_types": merged(page.get("event_types", {}), delta.event_types),
        "channels": merged(page.get("channels", {}), delta.channels),
        "devices": merged(page.get("devices", {}), delta.devices),
        "countries": merged(page.get("countries", {}), delta.countries),
        "latencies": dict(Counter(page.get("latencies", {})) + Counter(delta.latencies)),
        "visitors": united([page.get("visitors", b""), delta.visitors]),
        "sessions": united([page.get("sessions", b""), delta.sessions]),
    }


def page_metrics_page(stored: Item | None, key: Key, delta: PageDelta) -> Item:
    """The `page-metrics` item with the delta added."""
    page = stored or {}
    return {
        "pk": key.pk,
        "sk": key.sk,
        "page_views": page.get("page_views", 0) + sum(delta.pages.values()),
        "pages": merged(page.get("pages", {}), delta.pages),
    }


def page_key(minute: str, lane: Lane) -> Key:
    """Key of a page: partition = received date, sort key = minute of the day, then the lane."""
    date, _, time = minute.partition("T")
    return Key(date, f"{time}#{lane}")


def merged(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """Sum of two maps: the MAX_NAMES names with the greatest counts, and OTHER for the rest; the total is exact.

    A name's own count is exact as long as there is no OTHER, and a lower bound from then on.
    """
    total = Counter(counts)
    total.update(more)
    if len(total) <= MAX_NAMES:
        return dict(total)
    other = total.pop(OTHER, 0)
    ranked = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = other + sum(count for _, count in ranked[MAX_NAMES:])
    return dict(ranked[:MAX_NAMES]) | ({OTHER: rest} if rest else {})


def _delta(rows: list[Row]) -> PageDelta:
    under_way = [row[_RECEIVED] - row[_TIME] for row in rows if row[_TIME_SOURCE] == "event"]
    return PageDelta(
        events=len(rows),
        event_types=_named(map(itemgetter(_TYPE), rows)),
        channels=_named(map(itemgetter(_CHANNEL), rows)),
        devices=_named(map(itemgetter(_DEVICE), rows)),
        countries=_named(map(itemgetter(_COUNTRY), rows)),
        pages=_named(row[_PATH] for row in rows if row[_TYPE] == "page_view"),
        latencies=durations(map(floordiv, under_way, repeat(_MILLISECOND))),
        visitors=distinct(filter(None, {row[_USER] or row[_ANONYMOUS] or row[_SESSION] for row in rows})),
        sessions=distinct(filter(None, {row[_SESSION] for row in rows})),
    )


def _named(values: Iterable[str | None]) -> dict[str, int]:
    """Counts by name, capped in number and length of names."""
    total: Counter[str] = Counter()
    for value, count in Counter(values).items():
        total[(value or NONE)[:MAX_NAME_LENGTH]] += count
    return merged({}, total)
