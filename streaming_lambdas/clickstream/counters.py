"""Live counters: what a batch adds to each received minute, and how a stored page takes it in.

A page is one item per (lane, received minute). Two tables share the shape: `counters` holds events by type, channel and
device, `page-metrics` holds page views by path. Readers sum lanes; hours and days are sums of minutes.
"""

from collections import Counter
from collections.abc import Iterable

from clickstream.ledger import PageDelta
from clickstream.ports import Item, Key
from clickstream.positions import Lane
from clickstream.rows import Row
from clickstream.tables import RAW_EVENTS

MAX_NAMES = 200
"""Distinct names a map of a page may hold; a million distinct URLs must not burst the item."""
MAX_NAME_LENGTH = 256
"""Characters of a name that count: 200 paths of 8,192 characters would not fit an item of 400 KB."""
OTHER = "(other)"
_TYPE, _CHANNEL, _DEVICE, _PATH, _RECEIVED = (
    RAW_EVENTS.schema.names.index(name)
    for name in ("event_type", "channel", "device_type", "page_path", "received_time")
)


def minute_deltas(rows: Iterable[Row]) -> dict[str, PageDelta]:
    """What the rows add, by received minute (`2026-11-21T09:05`)."""
    minutes: dict[str, list[Row]] = {}
    for row in rows:
        minutes.setdefault(row[_RECEIVED].strftime("%Y-%m-%dT%H:%M"), []).append(row)
    return {minute: _delta(found) for minute, found in sorted(minutes.items())}


def counters_page(stored: Item | None, key: Key, delta: PageDelta) -> Item:
    """The `counters` item with the delta added."""
    return {
        "pk": key.pk,
        "sk": key.sk,
        "events": _number(stored, "events") + delta.events,
        "event_types": merged(_map(stored, "event_types"), delta.event_types),
        "channels": merged(_map(stored, "channels"), delta.channels),
        "devices": merged(_map(stored, "devices"), delta.devices),
    }


def page_metrics_page(stored: Item | None, key: Key, delta: PageDelta) -> Item:
    """The `page-metrics` item with the delta added."""
    return {
        "pk": key.pk,
        "sk": key.sk,
        "page_views": _number(stored, "page_views") + sum(delta.pages.values()),
        "pages": merged(_map(stored, "pages"), delta.pages),
    }


def page_key(minute: str, lane: Lane) -> Key:
    """Key of a page: partition = received date, sort key = minute of the day, then the lane."""
    date, _, time = minute.partition("T")
    return Key(date, f"{time}#{lane}")


def merged(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """Sum of two maps. Beyond MAX_NAMES distinct names, new ones count as OTHER; the total is always exact."""
    total = dict(counts)
    for name, count in sorted(more.items(), key=lambda pair: (-pair[1], pair[0])):
        place = name if name in total or len(total) < MAX_NAMES else OTHER
        total[place] = total.get(place, 0) + count
    return total


def _delta(rows: list[Row]) -> PageDelta:
    return PageDelta(
        events=len(rows),
        event_types=_capped(row[_TYPE] for row in rows),
        channels=_capped(row[_CHANNEL] for row in rows),
        devices=_capped(row[_DEVICE] for row in rows),
        pages=_capped(row[_PATH] or "(none)" for row in rows if row[_TYPE] == "page_view"),
    )


def _capped(names: Iterable[str]) -> dict[str, int]:
    return merged({}, Counter(name[:MAX_NAME_LENGTH] for name in names))


def _number(stored: Item | None, name: str) -> int:
    return int(stored[name]) if stored else 0


def _map(stored: Item | None, name: str) -> dict[str, int]:
    return dict(stored[name]) if stored else {}
