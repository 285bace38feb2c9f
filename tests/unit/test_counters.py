"""What a batch adds to its minutes, and how pages take it in."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.counters import (
    MAX_NAMES,
    OTHER,
    counters_page,
    merged,
    minute_deltas,
    page_key,
    page_metrics_page,
)
from clickstream.ledger import PageDelta
from clickstream.ports import Item, Key
from clickstream.positions import Lane
from clickstream.rows import Row, read
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

KEY = Key("2026-11-21", "09:05#lane")
COUNTS = st.dictionaries(st.integers(0, 400).map(str), st.integers(1, 50), max_size=300)


def rows(*events: dict[str, Any], minute: int = 0) -> list[Row]:
    """Accepted rows that arrived this many minutes after 09:05."""
    arrival = ARRIVAL + timedelta(minutes=minute)
    return read([record(encoded(**event), n, arrival) for n, event in enumerate(events, 1)], SOURCE, None).good


def test_deltas_are_by_received_minute() -> None:
    """The minute is that of the arrival, whatever the producer's clock says; minutes without rows do not exist."""
    found = minute_deltas(rows({"timestamp": 0}, {}) + rows({"event_type": "click"}, minute=55))
    assert list(found) == ["2026-11-21T09:05", "2026-11-21T10:00"]
    assert [delta.events for delta in found.values()] == [2, 1]


def test_a_delta_counts_by_type_channel_device_and_page() -> None:
    """Every event counts in three maps, page views also by path."""
    delta = minute_deltas(
        rows(
            {"page_url": "https://a.example/x?y=1", "user_agent": "curl/8"},
            {"page_url": "/x", "referrer": "https://www.google.com/"},
            {},
            {"event_type": "click", "page_url": "/other"},
        )
    )["2026-11-21T09:05"]
    assert delta == PageDelta(
        events=4,
        event_types={"page_view": 3, "click": 1},
        channels={"direct": 3, "search": 1},
        devices={"unknown": 3, "bot": 1},
        pages={"/x": 2, "(none)": 1},
    )


def test_a_page_adds_up() -> None:
    """Two deltas on a page give what one delta with their sum gives; a first delta needs no page."""
    one = PageDelta(2, {"a": 2}, {"direct": 2}, {"bot": 2}, {"/": 1})
    two = PageDelta(3, {"b": 3}, {"direct": 3}, {"bot": 3}, {"/": 1, "/x": 2})
    counters = counters_page(counters_page(None, KEY, one), KEY, two)
    pages = page_metrics_page(page_metrics_page(None, KEY, one), KEY, two)
    maps = {"event_types": {"a": 2, "b": 3}, "channels": {"direct": 5}, "devices": {"bot": 5}}
    assert counters == {"pk": KEY.pk, "sk": KEY.sk, "events": 5} | maps
    assert pages == {"pk": KEY.pk, "sk": KEY.sk, "page_views": 4, "pages": {"/": 2, "/x": 2}}


def test_page_keys_sort_by_minute_and_keep_lanes_apart() -> None:
    """The date is the partition, the minute of the day leads the sort key."""
    lane = Lane("process_events", "1", "s")
    assert page_key("2026-11-21T09:05", lane) == Key("2026-11-21", "09:05#process_events/1/s")
    assert page_key("2026-11-21T09:05", lane.fill) != page_key("2026-11-21T09:05", lane)


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(COUNTS, max_size=5))
def test_totals_are_exact_under_the_cap(parts: list[dict[str, int]]) -> None:
    """However many names come, in whatever parts: the total is exact, and the map stays small."""
    total: dict[str, int] = {}
    for part in parts:
        total = merged(total, part)
    assert sum(total.values()) == sum(sum(part.values()) for part in parts)
    assert len(total) <= MAX_NAMES + 1


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(st.sampled_from([f"/{n}" for n in range(30)]), max_size=60), st.integers(0, 60))
def test_a_split_changes_nothing(names: list[str], cut: int) -> None:
    """Below the cap, two batches give the counts of one, in any split."""
    halves = [{name: part.count(name) for name in part} for part in (names[:cut], names[cut:])]
    assert merged(merged({}, halves[0]), halves[1]) == {name: names.count(name) for name in names}


def test_beyond_the_cap_new_names_are_others_and_known_ones_go_on() -> None:
    """Of one batch the most frequent names stay; later ones count as other; a known name never does."""
    full = merged({}, {f"{n:03}": n + 1 for n in range(MAX_NAMES + 50)})
    assert OTHER in full
    assert f"{MAX_NAMES + 49:03}" in full
    assert "000" not in full
    more = merged(full, {"new": 5, "100": 1})
    assert more[OTHER] == full[OTHER] + 5
    assert more["100"] == full["100"] + 1


@pytest.mark.parametrize("letter", ["x", "é", "世"])
def test_a_page_of_long_names_fits_an_item(letter: str) -> None:
    """A million distinct addresses of full length still make an item far below DynamoDB's 400 KB."""
    paths = [{"page_url": f"/{n}{letter * 8000}"} for n in range(MAX_NAMES + 20)]
    page: Item = page_metrics_page(None, KEY, minute_deltas(rows(*paths))["2026-11-21T09:05"])
    assert len(json.dumps(page, ensure_ascii=False).encode()) < 300_000
    assert sum(page["pages"].values()) == MAX_NAMES + 20
