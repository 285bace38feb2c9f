"""Live counters: what a batch adds to each received minute, and how a stored page takes it in.

A page is one item per (lane, received minute). Two tables share the shape: `counters` holds events by type, channel,
device and country, distinct visitors and sessions, and how long events were under way; `page-metrics` holds page views
by path template. Readers (`live`) sum lanes and minutes.

Counters count what was accepted, each record once. Two copies that a producer sent are two records, and count twice
here; the lake keeps one of them, because only it can look at an hour of ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, compress, groupby, repeat
from operator import floordiv, sub
from typing import Any

from clickstream.enrichment import path_template
from clickstream.intake.columns import Coded, Column, Columns, Row
from clickstream.ledger import PageDelta
from clickstream.live.sketches import distinct, durations, united
from clickstream.ports import Item, Key
from clickstream.positions import Lane
from clickstream.tables import RAW_EVENTS

MAX_NAMES = 200
"""Distinct names a map of a page may hold; a million distinct URLs must not burst the item."""
MAX_NAME_LENGTH = 256
"""Characters of a name that count: 200 paths of 8,192 characters would not fit an item of 400 KB."""
OTHER = "(other)"
NONE = "(none)"
"""Stands for a page, country, … that the event does not tell."""
_COUNTED = tuple(
    RAW_EVENTS.schema.names.index(name)
    for name in (
        *("event_type", "channel", "device_type", "country", "page_path", "received_time", "event_time"),
        *("time_source", "session_id", "user_id", "anonymous_id"),
    )
)
_TYPE, _CHANNEL, _DEVICE, _COUNTRY, _PATH, _RECEIVED, _TIME, _TIME_SOURCE, _SESSION, _USER, _ANONYMOUS = _COUNTED
_MINUTE, _MILLISECOND = timedelta(minutes=1), timedelta(milliseconds=1)


def minute_deltas(rows: Iterable[Row]) -> dict[str, PageDelta]:
    """What the rows add, by received minute (`2026-11-21T09:05`)."""
    minutes: dict[datetime, list[dict[int, Column]]] = {}
    for chunk in Columns.of(rows).chunks:
        for start, first, end in _runs(chunk[_RECEIVED]):
            minutes.setdefault(start, []).append({index: chunk[index][first:end] for index in _COUNTED})
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


def _runs(instants: Column) -> Iterator[tuple[datetime, int, int]]:
    """The received minutes of consecutive rows: each with the place of its first row and the place after its last."""
    start, first, place = datetime.min.replace(tzinfo=UTC), 0, 0
    # The rows of a record share one instant, and records next to each other mostly one minute.
    for received, run in groupby(instants):
        if not start <= received < start + _MINUTE:
            if place:
                yield start, first, place
            start, first = received.replace(second=0, microsecond=0), place
        place += sum(1 for _ in run)
    yield start, first, place


def _delta(parts: list[dict[int, Column]]) -> PageDelta:
    def column(index: int) -> Iterator[Any]:
        return chain.from_iterable(part[index] for part in parts)

    def counts(index: int) -> Counter[str | None]:
        return sum((_counted(part[index]) for part in parts), Counter())

    is_view = map("page_view".__eq__, column(_TYPE))
    is_timed = map("event".__eq__, column(_TIME_SOURCE))
    under_way = compress(map(sub, column(_RECEIVED), column(_TIME)), is_timed)
    people = zip(column(_USER), column(_ANONYMOUS), column(_SESSION), strict=True)
    types = counts(_TYPE)
    return PageDelta(
        events=types.total(),
        event_types=_named(types),
        channels=_named(counts(_CHANNEL)),
        devices=_named(counts(_DEVICE)),
        countries=_named(counts(_COUNTRY)),
        pages=_named(Counter(compress(column(_PATH), is_view)), path_template),
        latencies=durations(map(floordiv, under_way, repeat(_MILLISECOND))),
        visitors=distinct(filter(None, {user or browser or session for user, browser, session in people})),
        sessions=distinct(filter(None, set(column(_SESSION)))),
    )


def _counted(column: Column) -> Counter[str | None]:
    return column.counted() if isinstance(column, Coded) else Counter(column)


def _named(counts: Counter[str | None], name_of: Callable[[str], str] = str) -> dict[str, int]:
    """Counts by name, capped in number and length of names."""
    total: Counter[str] = Counter()
    for value, count in counts.items():
        total[name_of(value)[:MAX_NAME_LENGTH] if value else NONE] += count
    return merged({}, total)
