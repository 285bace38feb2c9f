"""What a batch adds to its minutes, and how pages take it in."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.intake.rows import Row, read
from clickstream.live.counters import (
    MAX_NAMES,
    NONE,
    OTHER,
    counters_page,
    merged,
    minute_deltas,
    page_key,
    page_metrics_page,
)
from clickstream.live.sketches import distinct, estimate, united
from clickstream.ports import Item, Key
from clickstream.positions import Lane
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

KEY = Key("2026-11-21", "09:05#lane")
COUNTS = st.dictionaries(st.integers(0, 400).map(str), st.integers(1, 50), max_size=300)


def rows(*events: dict[str, Any], minute: int = 0) -> list[Row]:
    """Accepted rows that arrived this many minutes after 09:05."""
    arrival = ARRIVAL + timedelta(minutes=minute)
    return list(read([record(encoded(**event), n, arrival) for n, event in enumerate(events, 1)], SOURCE, None).good)


def test_deltas_are_by_received_minute() -> None:
    """The minute is that of the arrival, whatever the producer's clock says; minutes without rows do not exist."""
    found = minute_deltas(rows({"timestamp": 0}, {}) + rows({"event_type": "click"}, minute=55))
    assert list(found) == ["2026-11-21T09:05", "2026-11-21T10:00"]
    assert [delta.events for delta in found.values()] == [2, 1]


def test_arrivals_that_run_backwards_keep_their_minutes() -> None:
    """Arrival is approximate: a record may have arrived before the one in front of it."""
    records = [record(encoded(), n, ARRIVAL + timedelta(minutes=minute)) for n, minute in enumerate([1, 0, 1, 0, 0])]
    found = minute_deltas(read(records, SOURCE, None).good)
    assert {minute: delta.events for minute, delta in found.items()} == {"2026-11-21T09:05": 3, "2026-11-21T09:06": 2}


def test_a_delta_counts_by_type_channel_device_country_and_page() -> None:
    """Every event counts in four maps, page views also by path."""
    delta = minute_deltas(
        rows(
            {"page_url": "https://a.example/x?y=1", "user_agent": "curl/8", "country": "NO"},
            {"page_url": "/x", "referrer": "https://www.google.com/"},
            {},
            {"event_type": "click", "page_url": "/other", "country": "NO"},
        )
    )["2026-11-21T09:05"]
    assert delta.events == 4
    assert delta.event_types == {"page_view": 3, "click": 1}
    assert delta.channels == {"direct": 3, "organic_search": 1}
    assert delta.devices == {"unknown": 3, "bot": 1}
    assert delta.countries == {"NO": 2, NONE: 2}
    assert delta.pages == {"/x": 2, NONE: 1}


def test_a_visitor_is_the_user_the_browser_or_the_session() -> None:
    """The first of the three that is known; an event without any of them is nobody, and adds to no sketch."""
    delta = minute_deltas(
        rows(
            {"user_id": "u", "anonymous_id": "a", "session_id": "1"},
            {"user_id": "u", "anonymous_id": "b", "session_id": "2"},
            {"anonymous_id": "a", "session_id": "3"},
            {"anonymous_id": "a"},
            {"session_id": "4"},
            {},
            {"user_id": "v", "session_id": "5", "consent": False},
        )
    )["2026-11-21T09:05"]
    assert united([delta.visitors]) == united([distinct(["u", "a", "4"])])
    assert united([delta.sessions]) == united([distinct(["1", "2", "3", "4"])])


def test_latency_is_from_event_to_arrival() -> None:
    """Milliseconds of the producer's clock to the stream's; events that do not tell their time have none."""
    times = [(ARRIVAL - timedelta(milliseconds=ms)).isoformat() for ms in (20, 20, 1_000)]
    ahead = (ARRIVAL + timedelta(minutes=5)).isoformat()
    delta = minute_deltas(rows(*({"timestamp": time} for time in times), {"timestamp": ahead}, {}))["2026-11-21T09:05"]
    assert delta.latencies == {"20": 2, "992": 1, "0": 1}


def test_two_copies_of_an_event_count_twice() -> None:
    """A producer's resend is another record: both are deliveries, as they are both landed; the lake keeps one."""
    twice = rows({"event_id": "same", "session_id": "s"}, {"event_id": "same", "session_id": "s"})
    delta = minute_deltas(twice)["2026-11-21T09:05"]
    assert (delta.events, delta.pages, estimate(delta.sessions)) == (2, {NONE: 2}, 1)


def test_a_page_adds_up() -> None:
    """Two batches on a page give what one batch with the events of both gives; a first one needs no page."""
    first: list[dict[str, Any]] = [{"session_id": f"s{n}", "country": "NO", "timestamp": 0} for n in range(5)]
    second: list[dict[str, Any]] = [{"session_id": f"s{n}", "event_type": "click", "page_url": "/x"} for n in range(7)]
    one, two, both = (minute_deltas(rows(*events))["2026-11-21T09:05"] for events in (first, second, first + second))
    for page in (counters_page, page_metrics_page):
        assert page(page(None, KEY, one), KEY, two) == page(None, KEY, both) == page(page(None, KEY, two), KEY, one)
    counters = counters_page(counters_page(None, KEY, one), KEY, two)
    assert (counters["events"], estimate(counters["sessions"])) == (12, 7)


def test_page_keys_sort_by_minute_and_keep_lanes_apart() -> None:
    """The date is the partition, the minute of the day leads the sort key."""
    lane = Lane("process_events", "1", "s")
    assert page_key("2026-11-21T09:05", lane) == Key("2026-11-21", "09:05#process_events/1/s")
    assert page_key("2026-11-21T09:05", lane.fill) != page_key("2026-11-21T09:05", lane)


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(COUNTS, max_size=5))
def test_totals_are_exact_under_the_cap(parts: list[dict[str, int]]) -> None:
    """However many names come, in whatever parts: the total is exact, the map small, and no name counts too much."""
    total: dict[str, int] = {}
    for part in parts:
        total = merged(total, part)
    assert sum(total.values()) == sum(sum(part.values()) for part in parts)
    assert len(total) <= MAX_NAMES + 1
    assert all(count <= sum(part.get(name, 0) for part in parts) for name, count in total.items() if name != OTHER)


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(st.sampled_from([f"/{n}" for n in range(30)]), max_size=60), st.integers(0, 60))
def test_a_split_changes_nothing(names: list[str], cut: int) -> None:
    """Below the cap, two batches give the counts of one, in any split."""
    halves = [{name: part.count(name) for name in part} for part in (names[:cut], names[cut:])]
    assert merged(merged({}, halves[0]), halves[1]) == {name: names.count(name) for name in names}


def test_beyond_the_cap_the_most_frequent_names_stay() -> None:
    """Names with the smallest counts count as other, and a page that becomes frequent later takes a place."""
    full = merged({}, {f"{n:03}": n + 1 for n in range(MAX_NAMES + 50)})
    assert full[OTHER] == sum(range(1, 51))
    assert full[f"{MAX_NAMES + 49:03}"] == MAX_NAMES + 50
    assert "049" not in full
    more = merged(full, {"new": 60, "rare": 1, "100": 1})
    assert more["new"] == 60
    assert more["100"] == full["100"] + 1
    assert more[OTHER] == full[OTHER] + full["050"] + 1


@pytest.mark.parametrize("letter", ["x", "é", "世"])
def test_a_page_of_long_names_fits_an_item(letter: str) -> None:
    """A million distinct addresses of full length still make an item far below DynamoDB's 400 KB."""
    paths = [{"page_url": f"/{n}{letter * 8000}"} for n in range(MAX_NAMES + 20)]
    page: Item = page_metrics_page(None, KEY, minute_deltas(rows(*paths))["2026-11-21T09:05"])
    assert len(json.dumps(page, ensure_ascii=False).encode()) < 300_000
    assert sum(page["pages"].values()) == MAX_NAMES + 20


@pytest.mark.parametrize("letter", ["x", "世"])
def test_counters_of_long_names_fit_an_item(letter: str) -> None:
    """The longest names an event may carry, all different, leave the counters below DynamoDB's 400 KB."""
    events = [
        {"event_type": f"{n}{letter * 120}", "country": f"{n}{letter * 250}", "session_id": str(n), "timestamp": n}
        for n in range(MAX_NAMES + 20)
    ]
    page: Item = counters_page(None, KEY, minute_deltas(rows(*events))["2026-11-21T09:05"])
    texts = {name: value for name, value in page.items() if not isinstance(value, bytes)}
    assert len(json.dumps(texts, ensure_ascii=False).encode()) < 300_000
    assert all(len(page[name]) < 2_048 for name in ("visitors", "sessions"))
    assert sum(page["countries"].values()) == MAX_NAMES + 20
