"""The simulated day: the same for the same seed, honest in its shares, and true to its labels."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from test_client.journeys import EVENT_TYPES
from test_client.simulator import DEFAULT_START_TIME, Simulation, simulate
from tests.unit.simulated_day import Day

JOURNEY_TYPES = {"view_item", "search", "add_to_cart", "view_cart"}


@pytest.fixture(scope="module")
def day() -> Day:
    """One day for all tests of this file."""
    return Day()


def instant(text: str) -> datetime:
    """A time of an event."""
    return datetime.fromisoformat(text)


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    """Lines and labels depend on the arguments only."""
    first, second = Simulation(3_000, 5), Simulation(3_000, 5)
    assert [line.data for line in first.lines()] == [line.data for line in second.lines()]
    assert first.labels() == second.labels()
    assert [line.data for line in simulate(3_000, 6)] != [line.data for line in simulate(3_000, 5)]


@pytest.mark.parametrize("events", [1, 7, 500, 2_000])
def test_exactly_the_events_asked_for(events: int) -> None:
    """The number of distinct good events is exact at any size."""
    assert sum(line.kind == "event" for line in simulate(events, 3)) == events


def test_arrivals_are_ordered_and_inside_the_window() -> None:
    """Lines come in the order of their arrival, all of it within the hours asked for."""
    start = datetime(2026, 3, 29, 21, tzinfo=UTC)
    arrivals = [line.arrival_ms for line in simulate(4_000, 3, start, hours=2)]
    assert arrivals == sorted(arrivals)
    first_ms = start.timestamp() * 1000
    assert first_ms <= arrivals[0]
    assert arrivals[-1] < first_ms + 2 * 3_600_000


def test_sent_at_is_the_arrival(day: Day) -> None:
    """Every good line names its arrival."""
    for line in day.lines:
        if line.kind != "bad":
            assert instant(json.loads(line.data)["sent_at"]).timestamp() == pytest.approx(line.arrival_ms / 1000)


def test_summary_counts_what_was_yielded(day: Day) -> None:
    """The summary's numbers are those of the lines."""
    kinds = Counter(line.kind for line in day.lines)
    assert (day.summary["events"], day.summary["resends"], day.summary["bad"]) == tuple(
        kinds[kind] for kind in ("event", "resend", "bad")
    )
    assert day.summary["lines"] == len(day.lines) == sum(kinds.values())
    assert sum(day.summary["bad_lines"].values()) == kinds["bad"]
    assert day.summary["event_types"] == dict(Counter(event["event_type"] for event in day.events))
    assert day.summary["sessions"] == len(day.sessions)
    assert day.summary["bytes"] == sum(len(line.data) + 1 for line in day.lines)


def test_event_types_are_the_documented_ones(day: Day) -> None:
    """No event type is made up on the way, and none is missing."""
    assert {event["event_type"] for event in day.events} == set(EVENT_TYPES)


def test_sessions_look_like_a_shops(day: Day) -> None:
    """Session length, bounces and conversion are those of a shop."""
    people = day.people()
    assert 17 <= len(day.events) / len(day.sessions) <= 23
    single = sum(sum(event["event_type"] == "page_view" for event in events) == 1 for events in people) / len(people)
    assert 0.15 <= single <= 0.5
    buyers = sum(any(event["event_type"] == "purchase" for event in events) for events in people) / len(people)
    assert 0.01 <= buyers <= 0.05


def test_evening_is_busier_than_night(day: Day) -> None:
    """Traffic follows the time of day."""
    hours = Counter(datetime.fromtimestamp(line.arrival_ms / 1000, UTC).hour for line in day.lines)
    assert sum(hours[hour] for hour in (19, 20, 21)) > 5 * sum(hours[hour] for hour in (3, 4, 5))


def test_few_products_have_most_views(day: Day) -> None:
    """Product popularity has the long tail of Zipf's law."""
    views = Counter(event["product_id"] for event in day.events if event["event_type"] == "view_item")
    share = sum(count for _, count in views.most_common(100)) / views.total()
    assert 0.4 <= share <= 0.8
    assert len(views) > 700


def test_people_come_back_and_share_addresses(day: Day) -> None:
    """A person has several sessions, and one address serves several people."""
    sessions_of: dict[str, set[str]] = defaultdict(set)
    people_at: dict[str, set[str]] = defaultdict(set)
    for event in day.events:
        sessions_of[event["anonymous_id"]].add(event["session_id"])
        people_at[event["ip_address"]].add(event["anonymous_id"])
    assert max(map(len, sessions_of.values())) >= 4
    assert max(map(len, people_at.values())) >= 10


def test_landing_pages_carry_campaigns_and_referrers(day: Day) -> None:
    """A visit from a campaign says so in the first address only; later referrers are the shop's own pages."""
    firsts = [events[0] for events in day.sessions.values()]
    tagged = sum("utm_source=" in event["page_url"] for event in firsts) / len(firsts)
    assert 0.15 <= tagged <= 0.45
    later = [
        event for events in day.sessions.values() for event in events if event["page_url"] != events[0]["page_url"]
    ]
    assert not any("utm_source=" in event["page_url"] for event in later)
    assert all(event["referrer"].startswith("https://shop.example.com/") for event in later)


def test_amounts_have_two_decimals(day: Day) -> None:
    """Revenue is a JSON number with exactly two decimals and belongs to an order with a currency."""
    orders = 0
    changed = {event["event_id"] for events in day.labelled("impossible_order") for event in events}
    for line in day.lines:
        if line.kind == "event" and line.detail == "purchase" and json.loads(line.data)["event_id"] not in changed:
            orders += 1
            event = json.loads(line.data, parse_float=str)
            assert event["revenue"].rpartition(".")[2].isdigit()
            assert len(event["revenue"].rpartition(".")[2]) == 2
            items = event["properties"]["items"]
            assert round(sum(float(item["price"]) * item["quantity"] for item in items), 2) == float(event["revenue"])
            assert {"order_id", "currency", "product_id", "quantity"} <= event.keys()
    assert orders > 20


def test_ordinary_purchases_follow_a_journey(day: Day) -> None:
    """A person who checks out has looked, searched or opened the cart before, in the same session."""
    for events in day.people():
        types = [event["event_type"] for event in events]
        for place, name in enumerate(types):
            if name in {"begin_checkout", "purchase"}:
                assert JOURNEY_TYPES & set(types[:place])


def test_some_people_return_to_a_saved_cart(day: Day) -> None:
    """There are sessions that begin at the cart and still end in an order; they are not labelled."""
    starts_at_cart = [events for events in day.people() if events[0]["page_url"].split("?")[0].endswith("/cart")]
    assert len(starts_at_cart) >= 10
    assert all(events[1]["event_type"] == "view_cart" for events in starts_at_cart if len(events) > 1)
    assert any(event["event_type"] == "purchase" for events in starts_at_cart for event in events)


@pytest.mark.parametrize(
    ("events", "hours", "start"),
    [(0, 24, DEFAULT_START_TIME), (10, 0.5, DEFAULT_START_TIME), (10, 24, datetime(2026, 6, 1))],  # noqa: DTZ001 - naive on purpose
)
def test_impossible_days_are_refused(events: int, hours: float, start: datetime) -> None:
    """No events, less than an hour, or a time without a zone is a usage error."""
    with pytest.raises(ValueError, match="at least"):
        Simulation(events, 1, start, hours)
