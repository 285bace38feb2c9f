"""Session metrics: what a session looks like after each event."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from clickstream.detection.activities import Activity, by_session
from clickstream.detection.live_sessions import merged
from clickstream.detection.session_memory import IDS_KEPT, ORDERS_KEPT, PAGES_KEPT, TIMES_KEPT
from clickstream.detection.sessions import MAX_TYPES, PACKED, SessionState, restored
from clickstream.intake.rows import read
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record


def activities(*events: dict[str, Any]) -> list[Activity]:
    """The activities of one session."""
    records = [record(encoded(session_id="s", **event), n) for n, event in enumerate(events, 1)]
    return list(by_session(read(records, SOURCE, None).good)["s"])


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
        {"page_url": "/in?utm_medium=email", "timestamp": "2026-11-21T09:00:00Z"},
        {"event_type": "click", "page_url": "/clicked", "timestamp": "2026-11-21T08:00:00Z"},
        {"page_url": "/out", "user_agent": "curl/8", "timestamp": "2026-11-21T08:30:00.5Z"},
        {"timestamp": "2026-11-21T08:31:00Z"},
    )
    assert (found.events, found.page_views, found.event_types) == (4, 3, {"page_view": 3, "click": 1})
    day = datetime(2026, 11, 21, tzinfo=UTC)
    assert (found.first_time, found.last_time) == (day + timedelta(hours=8), day + timedelta(hours=9))
    assert (found.entry_page, found.exit_page) == ("/out", "/in")
    assert (found.channel, found.device_type) == ("email", "unknown")
    assert (found.is_bot, found.bot_reason) == (True, "crawler")


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
    """Types, times, pages, ids and orders are capped, the total goes on counting, and the item stays below 4 KB."""
    events = (
        {
            "event_type": "page_view" if n % 2 else f"type{n}",
            "event_id": f"e{n}",
            "timestamp": (ARRIVAL - timedelta(seconds=n)).isoformat(),
            "page_url": f"/{n}",
        }
        for n in range(1_000)
    )
    found = state(*events, *({"event_type": "purchase", "order_id": f"o{n}", "revenue": n} for n in range(50)))
    memory = found.memory
    assert (found.events, len(found.event_types), len(memory.orders)) == (1_050, MAX_TYPES, ORDERS_KEPT)
    assert (len(memory.ids), len(memory.times), len(memory.pages)) == (IDS_KEPT, TIMES_KEPT, PAGES_KEPT)
    assert len(msgspec.json.encode(found.item())) < 4_096


def test_the_state_survives_its_item() -> None:
    """What is stored is what is read, so that a session goes on where it stopped."""
    found = state(
        {"page_url": "/in"}, {"event_type": "purchase", "order_id": "o", "revenue": 3, "user_agent": "curl/8"}
    )
    assert restored(found.item() | {"pk": "s", "sk": "lane", "rev": 1}) == found


def test_an_ordinary_session_is_one_write_unit() -> None:
    """A visit of twenty events, with a key and a guard of the usual length, fits into one kilobyte."""
    events = ({"event_id": f"e{n}", "page_url": f"/page/{n // 3}", "user_agent": "Mobile"} for n in range(20))
    item = state(*events).item()
    guard = {"pk": "s-0123456789abcdef", "sk": "detect_anomalies/1763000000/shardId-000000000000", "lsn": "0" * 130}
    text = msgspec.json.encode({name: value for name, value in (item | guard).items() if name != PACKED})
    assert len(text) + len(item[PACKED]) + len(PACKED) < 1_000


def test_repeats_are_remembered_beyond_the_sample() -> None:
    """An id that comes again is known as such up to the cap; of longer sessions a sample is."""
    few = state(*({"event_id": f"e{n % IDS_KEPT}"} for n in range(3 * IDS_KEPT)))
    assert few.memory.repeats == 2 * IDS_KEPT
    many = state(*({"event_id": f"e{n % 200}"} for n in range(400)))
    assert 0 < many.memory.repeats <= 200
    assert len(many.memory.ids) == IDS_KEPT


def test_lanes_of_a_session_are_merged() -> None:
    """Numbers are summed, the earlier lane says how the session began, and the later one how it ended."""
    first = state({"page_url": "/in?utm_medium=email", "timestamp": "2026-11-21T08:00:00Z"})
    second = state(
        {"page_url": "/mid", "timestamp": "2026-11-21T08:10:00Z", "user_agent": "curl/8"},
        {"event_type": "purchase", "page_url": "/out", "timestamp": "2026-11-21T08:20:00Z"},
    )
    first.broken_rules, second.broken_rules = ["a", "b"], ["b", "c"]
    both = merged([second.item(), first.item()])
    assert (both.events, both.page_views, both.event_types) == (3, 2, {"page_view": 2, "purchase": 1})
    assert (both.first_time, both.last_time) == (first.first_time, second.last_time)
    assert (both.entry_page, both.exit_page, both.channel) == ("/in", "/mid", "email")
    assert (both.is_converted, both.is_bot, both.bot_reason) == (True, True, "crawler")
    assert both.broken_rules == ["a", "b", "c"]
    with pytest.raises(ValueError, match="at least one page"):
        merged([])
