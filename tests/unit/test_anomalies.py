"""The rules that a session can break, at their boundaries."""

from typing import Any

import pytest

from clickstream.anomalies import CLICKS_PER_MINUTE, RULES, Anomaly, broken_rules
from clickstream.rows import read
from clickstream.sessions import CHECKOUT_TYPES, SessionState, by_session
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

PAGE = {"event_type": "page_view"}


def found(*events: dict[str, Any]) -> list[tuple[int, Anomaly]]:
    """The rules broken by each event of one session, with the event's number."""
    records = [record(encoded(session_id="s", **event), n) for n, event in enumerate(events, 1)]
    state, broken = SessionState(), []
    for activity in by_session(read(records, SOURCE, None).good)["s"]:
        state.observe(activity)
        broken += [(int(activity.position), anomaly) for anomaly in broken_rules("s", state, activity)]
    return broken


def test_ordinary_browsing_breaks_nothing() -> None:
    """A visit that looks, searches and buys at a human pace is no anomaly."""
    assert found(PAGE, {"event_type": "search"}, {"event_type": "add_to_cart"}, {"event_type": "purchase"}) == []


def test_click_rate_begins_at_its_limit() -> None:
    """Sixty events in one minute of event time break the rule, fifty-nine do not, nor do sixty over two minutes."""
    at = {"timestamp": "2026-11-21T09:00:01Z"}
    later = {"timestamp": "2026-11-21T09:01:01Z"}
    assert found(*[at] * (CLICKS_PER_MINUTE - 1), later) == []
    [(number, anomaly)] = found(*[at] * CLICKS_PER_MINUTE)
    assert (number, anomaly.rule, anomaly.severity) == (CLICKS_PER_MINUTE, "click_rate", "high")
    assert anomaly.evidence == {"minute": "2026-11-21T09:00", "events": CLICKS_PER_MINUTE}


@pytest.mark.parametrize(
    ("agent", "reason"),
    [("", "no_agent"), ("curl/8", "crawler"), ("okhttp/4", "library"), (None, None)],
)
def test_suspicious_agents(agent: str | None, reason: str | None) -> None:
    """Each sign of a machine is a reason; an agent that was not recorded is none."""
    broken = found({"user_agent": agent})
    assert [anomaly.evidence for _, anomaly in broken] == ([{"reason": reason}] if reason else [])


@pytest.mark.parametrize("kind", sorted(CHECKOUT_TYPES))
def test_checkout_without_journey(kind: str) -> None:
    """A checkout out of nowhere is an anomaly, one that comes after looking at something is not."""
    [(number, anomaly)] = found(PAGE, {"event_type": kind})
    assert (number, anomaly.rule) == (2, "checkout_without_journey")
    assert anomaly.evidence == {"event_type": kind, "events_before": 1}
    assert found(PAGE, {"event_type": "view_item"}, {"event_type": kind}) == []


def test_the_row_of_an_anomaly() -> None:
    """One item per session and rule, waiting for its alert, with the arrival time and no personal data."""
    [(_, anomaly)] = found({"event_type": "purchase", "user_id": "joe@b.org", "ip_address": "203.0.113.7"})
    assert anomaly.item() == {
        "pk": "s",
        "sk": "checkout_without_journey",
        "severity": "high",
        "detected_time": ARRIVAL.isoformat(),
        "evidence": {"event_type": "purchase", "events_before": 0},
        "alerted": False,
        "pending": "alert",
    }
    assert set(RULES) == {"click_rate", "suspicious_agent", "checkout_without_journey"}
