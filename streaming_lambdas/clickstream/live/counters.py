"""Live counters: what a batch adds to each received minute, and how a stored page takes it in.

A page is one item per (lane, received minute). Two tables share the shape: `counters` holds events by type, channel,
device and country, distinct visitors and sessions, and how long events were under way; `page-metrics` holds page views
by path template. Readers (`live`) sum lanes and minutes.

Counters count what was accepted, each record once. Two copies that a producer sent are two records, and count twice
here; the lake keeps one of them, because only it can look at an hour of ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import compress, groupby, repeat
from operator import floordiv, sub

from clickstream.enrichment import path_template
from clickstream.intake.columns import Coded, Column, Columns, Row
from clickstream.ledger import PageDelta
from clickstream.live.sketches import Marks, distinct, durations, united
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
    marks = Marks()
    return {start.isoformat()[:16]: _delta(minutes[start], marks) for start in sorted(minutes)}


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
    start = _minute(instants[0])
    known = instants.values if isinstance(instants, Coded) else instants
    if start <= min(known) and max(known) < start + _MINUTE:
        yield start, 0, len(instants)
        return
    first = place = 0
    # The rows of a record share one instant, and records next to each other mostly one minute.
    for received, run in groupby(instants):
        if not start <= received < start + _MINUTE:
            if place:
                yield start, first, place
            start, first = _minute(received), place
        place += sum(1 for _ in run)
    yield start, first, place


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def _delta(parts: list[dict[int, Column]], marks: Marks) -> PageDelta:
    named: dict[int, Counter[str | None]] = {index: Counter() for index in (_TYPE, _CHANNEL, _DEVICE, _COUNTRY)}
    pages, times_ms = Counter[str | None](), Counter[int]()
    visitors, sessions = set[str | None](), set[str | None]()
    # All of a part before the next one: its values are still at hand then.
    for part in parts:
        for index, counts in named.items():
            _count(counts, part[index])
        _count(pages, _viewed(part))
        times_ms.update(_under_way_ms(part))
        people = zip(part[_USER], part[_ANONYMOUS], part[_SESSION], strict=True)
        visitors.update({user or browser or session for user, browser, session in people})
        sessions.update(part[_SESSION])
    return PageDelta(
        events=named[_TYPE].total(),
        event_types=_named(named[_TYPE]),
        channels=_named(named[_CHANNEL]),
        devices=_named(named[_DEVICE]),
        countries=_named(named[_COUNTRY]),
        pages=_named(pages, path_template),
        latencies=durations(times_ms),
        visitors=distinct([visitor for visitor in visitors if visitor], marks),
        sessions=distinct([session for session in sessions if session], marks),
    )


def _viewed(part: dict[int, Column]) -> Column:
    """The paths of the page views."""
    paths, is_view = part[_PATH], map("page_view".__eq__, part[_TYPE])
    if isinstance(paths, Coded):
        return Coded(list(compress(paths.codes, is_view)), paths.values)
    return list(compress(paths, is_view))


def _under_way_ms(part: dict[int, Column]) -> Iterator[int]:
    """Milliseconds from event to arrival, of the events that tell their time."""
    under_way: Iterator[timedelta] = map(sub, part[_RECEIVED], part[_TIME])
    sources = part[_TIME_SOURCE]
    if not isinstance(sources, Coded) or tuple(sources.values) != ("event",):
        under_way = compress(under_way, map("event".__eq__, sources))
    return map(floordiv, under_way, repeat(_MILLISECOND))


def _count(counts: Counter[str | None], column: Column) -> None:
    counts.update(column.counted() if isinstance(column, Coded) else column)


def _named(counts: Counter[str | None], name_of: Callable[[str], str] = str) -> dict[str, int]:
    """Counts by name, capped in number and length of names."""
    total: Counter[str] = Counter()
    for value, count in counts.items():
        total[name_of(value)[:MAX_NAME_LENGTH] if value else NONE] += count
    return merged({}, total)
