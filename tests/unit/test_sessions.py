"""Session metrics: what a session looks like after each event."""

from datetime import timedelta
from typing import Any

import msgspec

from clickstream.rows import read
from clickstream.sessions import MAX_TYPES, MINUTES_KEPT, Activity, SessionState, by_session
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record


def activities(*events: dict[str, Any]) -> list[Activity]:
    """The activities of one session."""
    records = [record(encoded(session_id="s", **event), n) for n, event in enumerate(events, 1)]
    return by_session(read(records, SOURCE, None).good)["s"]


def state(*events: dict[str, Any]) -> SessionState:
    """The session after these events."""
    found = SessionState()
    for activity in activities(*events):
        found.observe(activity)
    return found


def test_rows_are_grouped_by_session_in_order() -> None:
    """Events without a session belong to none, and order is that of the stream."""
    events: list[dict[str, Any]] = [
        {"session_id": "b"},
        {"session_id": "a"},
        {},
        {"session_id": "b"},
        {"session_id": 7},
    ]
    rows = read([record(encoded(**event), n) for n, event in enumerate(events, 8)], SOURCE, None).good
    found = by_session(rows)
    assert {name: [int(a.position) for a in each] for name, each in found.items()} == {
        "b": [8, 11],
        "a": [9],
        "7": [12],
    }


def test_a_session_is_counted_and_described() -> None:
    """Pages, types, first and last time by event time, and the first event's channel and device."""
    found = state(
        {"page_url": "/in", "referrer": "https://google.com/", "timestamp": "2026-11-21T09:00:00Z"},
        {"event_type": "click", "page_url": "/clicked", "timestamp": "2026-11-21T08:00:00Z"},
        {"page_url": "/out", "user_agent": "curl/8", "timestamp": "2026-11-21T08:30:00.5Z"},
        {"timestamp": "2026-11-21T08:31:00Z"},
    )
    assert (found.events, found.page_views, found.event_types) == (4, 3, {"page_view": 3, "click": 1})
    assert (found.first_time[:19], found.last_time[:19]) == ("2026-11-21T08:00:00", "2026-11-21T09:00:00")
    assert (found.entry_page, found.exit_page) == ("/in", "/out")
    assert (found.channel, found.device_type, found.bot_reason) == ("search", "unknown", "crawler")


def test_journey_and_conversion_are_remembered() -> None:
    """Looking at something is a journey, buying is a conversion; neither is undone by later events."""
    assert [state({"event_type": kind}).has_journey for kind in ("search", "view_item", "page_view")] == [
        True,
        True,
        False,
    ]
    found = state({"event_type": "search"}, {"event_type": "purchase"}, {"event_type": "click"})
    assert (found.has_journey, found.is_converted) == (True, True)


def test_a_session_stays_small_whatever_it_does() -> None:
    """Only the newest minutes and a number of types are kept; the total goes on counting."""
    times = [(ARRIVAL - timedelta(minutes=n)).isoformat() for n in range(100)]
    found = state(*({"event_type": f"type{n}", "timestamp": time} for n, time in enumerate(times)))
    assert (found.events, len(found.event_types), len(found.minutes)) == (100, MAX_TYPES, MINUTES_KEPT)
    assert max(found.minutes) == ARRIVAL.isoformat()[:16]


def test_the_state_survives_its_item() -> None:
    """What is stored is what is read, so that a session goes on where it stopped."""
    found = state({"page_url": "/in"}, {"event_type": "purchase"})
    assert msgspec.convert(msgspec.to_builtins(found), SessionState) == found
