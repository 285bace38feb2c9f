"""The anomalies of a simulated day: what the labels say is true, and ordinary people are not far from it."""

import json
from collections import Counter

import pytest

from test_client.labels import RULE_OF_LABEL
from test_client.simulator import Simulation
from tests.unit.simulated_day import Day, actions, busiest_minute, is_hidden

JOURNEY_TYPES = {"view_item", "search", "add_to_cart", "view_cart"}


@pytest.fixture(scope="module")
def day() -> Day:
    """One day for all tests of this file."""
    return Day()


def test_labels_name_a_few_dozen_sessions(day: Day) -> None:
    """Each kind occurs at its rate, and every labelled session has events."""
    counts = Counter(row.label for row in day.labels)
    assert counts.keys() == RULE_OF_LABEL.keys()
    assert 4 <= counts["click_flood"] <= 6
    assert 8 <= counts["bot_agent"] <= 11
    assert 4 <= counts["checkout_without_journey"] <= 5
    assert all(day.sessions[row.session_id] for row in day.labels)


def test_privacy_signals_hide_whole_visits(day: Day) -> None:
    """A few visits forbid identifiers in every event, and none of these has a label; some others agree, once asked."""
    hidden = [events for events in day.sessions.values() if any(map(is_hidden, events))]
    assert all(is_hidden(event) for events in hidden for event in events)
    assert 0.02 <= len(hidden) / len(day.sessions) <= 0.09
    assert not {events[0]["session_id"] for events in hidden} & {row.session_id for row in day.labels}
    agreed = [events for events in day.sessions.values() if events[-1].get("consent") is True]
    assert len(agreed) > 30
    assert not any("consent" in event for events in agreed for event in events[:2])


def test_replays_are_more_than_resends(day: Day) -> None:
    """A tracker sends a buffer again two or three times at most; what is labelled as replay comes many times more."""
    again = Counter(json.loads(line.data)["session_id"] for line in day.lines if line.kind == "resend")
    replayed = {row.session_id for row in day.labels if row.label == "replay"}
    assert max(count for session_id, count in again.items() if session_id not in replayed) <= 30
    assert min(again[session_id] for session_id in replayed) >= 45


def test_impossible_orders_contradict_themselves(day: Day) -> None:
    """One order at several amounts, orders without a cart, or times out of order: nothing that a visit holds."""
    for events in day.labelled("impossible_order"):
        orders = [event for event in events if event["event_type"] == "purchase"]
        amounts = len({event["revenue"] for event in orders if event["order_id"] == orders[0]["order_id"]})
        is_without_cart = not {"add_to_cart", "view_cart"} & {event["event_type"] for event in events}
        times = [event["timestamp"] for event in events]
        assert amounts >= 3 or (is_without_cart and len(orders) >= 3) or times != sorted(times)


def test_labelled_checkouts_have_no_journey(day: Day) -> None:
    """A session with this label reaches a checkout or an order without a look at anything."""
    for events in day.labelled("checkout_without_journey"):
        types = {event["event_type"] for event in events}
        assert types & {"begin_checkout", "purchase"}
        assert not types & JOURNEY_TYPES


def test_floods_are_faster_than_any_person(day: Day) -> None:
    """Most floods are far above the most hectic minute of a person, which is not slow either."""
    hectic = max(busiest_minute(actions(events)) for events in day.people() if not is_hidden(events[-1]))
    floods = sorted(busiest_minute(events) for events in day.labelled("click_flood"))
    assert 15 <= hectic <= 45
    assert floods[len(floods) // 2] > 60


def test_programs_do_not_look_like_people(day: Day) -> None:
    """Sessions labelled as bots have agents that no person has, the empty one among them in a larger day."""
    agents = {event["user_agent"] for events in day.people() for event in events}
    programs = {events[0]["user_agent"] for events in day.labelled("bot_agent")}
    assert not agents & programs
    assert all(agent.startswith("Mozilla/5.0 (") for agent in agents)
    assert len(agents) > 100


def test_small_days_have_no_anomalies_but_any_other_has_each_kind() -> None:
    """Below 2,000 events nothing is labelled, from there on each kind occurs."""
    assert Simulation(1_999, 1).labels() == []
    assert {row.label for row in Simulation(2_000, 1).labels()} >= {"click_flood", "bot_agent"}
