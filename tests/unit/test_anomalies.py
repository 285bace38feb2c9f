"""The rules that a session can break, at their boundaries."""

from datetime import timedelta
from typing import Any

import pytest

from clickstream.detection import anomalies
from clickstream.detection.activities import by_session
from clickstream.detection.anomalies import RULES, Anomaly, broken_rules
from clickstream.detection.sessions import CHECKOUT_TYPES, SessionState
from clickstream.intake.rows import read
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

PAGE = {"event_type": "page_view"}
LOOK = {"event_type": "view_item"}
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15"
CHROME = f"{WINDOWS} Chrome/126.0.0.0 Safari/537.36"


def found(*events: dict[str, Any]) -> list[tuple[int, Anomaly]]:
    """The rules broken by each event of one session, with the event's number; ids differ unless they are given."""
    numbered = [{"event_id": f"e{n}"} | event for n, event in enumerate(events)]
    records = [record(encoded(session_id="s", **event), n) for n, event in enumerate(numbered, 1)]
    state, broken = SessionState(), []
    for activity in by_session(read(records, SOURCE, None).good)["s"]:
        state.observe(activity)
        broken += [(int(activity.position), anomaly) for anomaly in broken_rules("s", state, activity)]
    return broken


def rules(*events: dict[str, Any]) -> list[str]:
    """The names of the broken rules."""
    return [anomaly.rule for _, anomaly in found(*events)]


def at(seconds: float, **fields: Any) -> dict[str, Any]:
    """An event so many seconds after the first, sent late enough to be in nobody's future."""
    return {"timestamp": (ARRIVAL - timedelta(days=1) + timedelta(seconds=seconds)).isoformat()} | fields


def order(number: int, seconds: float, **fields: Any) -> dict[str, Any]:
    """A purchase."""
    return at(seconds, event_type="purchase", order_id=f"o{number}", revenue=10, **fields)


def test_ordinary_browsing_breaks_nothing() -> None:
    """A visit that looks, searches and buys at a human pace is no anomaly."""
    visit = [at(0, **PAGE), at(9, event_type="search"), at(30, event_type="add_to_cart"), order(1, 80)]
    assert rules(*visit) == []


@pytest.mark.parametrize(
    ("count", "gap_s"),
    [(anomalies.CLICKS_PER_MINUTE, 60 / (anomalies.CLICKS_PER_MINUTE - 1)), (anomalies.CLICKS_PER_BURST, 10 / 29)],
)
def test_click_rate_begins_at_its_limits(count: int, gap_s: float) -> None:
    """As many events in a minute, or ten seconds, as the limit says break the rule; one less, or slower, do not."""
    clicks = [at(40 + n * gap_s, event_type="click") for n in range(count)]
    [(number, anomaly)] = found(*clicks)
    assert (number, anomaly.rule, anomaly.severity, anomaly.evidence["events"]) == (count, "click_rate", "high", count)
    assert found(*clicks[1:]) == []
    assert found(*(at(n * gap_s * 1.1) for n in range(count))) == []


def test_click_rate_takes_events_in_any_order() -> None:
    """A flood that crosses a minute and arrives backwards is the same flood."""
    clicks = [at(50 + n, event_type="click") for n in range(anomalies.CLICKS_PER_MINUTE)]
    assert rules(*clicks[::-1]) == rules(*clicks[::2], *clicks[1::2]) == ["click_rate"]


def test_resends_are_no_clicks() -> None:
    """A hectic minute that is sent twice stays a hectic minute."""
    minute = [at(n * 1.6, event_type="click", event_id=f"c{n}") for n in range(38)]
    assert rules(*minute, *minute) == []


@pytest.mark.parametrize(
    ("agent", "reason", "severity"),
    [
        ("", "no_agent", "medium"),
        ("curl/8", "crawler", "low"),
        ("okhttp/4", "library", "medium"),
        ("HeadlessChrome/126", "headless", "medium"),
    ],
)
def test_suspicious_agents(agent: str, reason: str, severity: str) -> None:
    """Each sign of a machine is a reason; one that declares itself is the lesser matter."""
    [(_, anomaly)] = found({"user_agent": agent})
    assert (anomaly.rule, anomaly.severity, anomaly.evidence) == ("suspicious_agent", severity, {"reason": reason})


@pytest.mark.parametrize("agent", [None, SAFARI, CHROME, FIREFOX, MAC, f"{SAFARI} CriOS/126.0", f"{CHROME} Edg/126.0"])
def test_agents_of_people(agent: str | None) -> None:
    """An agent that was not recorded, or that browsers do send, is no sign of anything."""
    assert rules({"user_agent": agent}) == []


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (SAFARI.replace("Version/17.4", "Chrome/126.0.0.0"), "chrome_on_ios"),
        (f"{WINDOWS} (iPhone) Safari/605.1", "two_platforms"),
        (f"{WINDOWS} Version/17.4 Safari/605.1.15", "safari_on_windows"),
    ],
)
def test_agents_that_no_browser_sends(agent: str, reason: str) -> None:
    """A text that contradicts itself is made up; Safari 5 did exist on Windows."""
    [(_, anomaly)] = found({"user_agent": agent})
    assert (anomaly.rule, anomaly.evidence) == ("spoofed_agent", {"reason": reason})
    assert rules({"user_agent": f"{WINDOWS} Version/5.1.7 Safari/534.57.2"}) == []


def test_a_session_under_many_agents() -> None:
    """The desktop site, an updated version and one other app are a person; a fourth browser is not."""
    few = [{"user_agent": agent} for agent in (SAFARI, MAC, CHROME, CHROME.replace("126", "127"), SAFARI)]
    assert rules(*few) == []
    [(_, anomaly)] = found(*few, {"user_agent": FIREFOX})
    assert (anomaly.rule, anomaly.evidence) == ("spoofed_agent", {"reason": "many_agents", "agents": 4})


def test_orders_without_a_cart() -> None:
    """Three orders after a look but without any cart are forged; two, or a resent one, or any with a cart, are not."""
    orders = [order(n, 60 * n) for n in (1, 2, 3)]
    [(number, anomaly)] = found(at(0, **LOOK), *orders)
    assert (number, anomaly.rule) == (4, "impossible_sequence")
    assert anomaly.evidence == {"reason": "orders_without_cart", "orders": 3}
    assert rules(at(0, **LOOK), *orders[:2], orders[1]) == []
    assert rules(at(0, **LOOK), at(5, event_type="add_to_cart"), *orders) == []


def test_an_order_with_many_amounts() -> None:
    """One order at three amounts is tampered with; reloaded pages repeat the amount, an addition changes it once."""
    visit = [at(0, **LOOK), at(9, event_type="begin_checkout"), order(1, 60), order(1, 61), order(1, 70)]
    visit[-1]["revenue"] = 12
    assert rules(*visit) == []
    [(_, anomaly)] = found(*visit, order(1, 80) | {"revenue": 1})
    assert anomaly.evidence == {"reason": "order_changes_its_amount", "amounts": 3}


def test_time_that_runs_backwards() -> None:
    """A clock put right once is no anomaly, nor is the order of tabs; steps back by days, again and again, are."""
    assert rules(at(0), at(90_000), at(60), at(61), at(50), at(55)) == []
    [(number, anomaly)] = found(at(0), at(90_000), at(60), at(70_000), at(30), at(80_000), at(20))
    assert (number, anomaly.rule) == (7, "impossible_sequence")
    assert anomaly.evidence == {"reason": "time_runs_backwards", "steps_back": 3}


def test_an_order_within_seconds() -> None:
    """From the first look to the order in five seconds is a program; in six it may be a person with a saved card."""
    visit = [at(0, **LOOK), at(1, event_type="begin_checkout")]
    [(_, anomaly)] = found(*visit, order(1, 5))
    assert (anomaly.rule, anomaly.evidence) == ("impossible_speed", {"reason": "order", "within_ms": 5000})
    assert rules(*visit, order(1, 5.1)) == []


def pages(count: int, gap_s: float) -> list[dict[str, Any]]:
    """So many views of different pages."""
    return [at(n * gap_s, page_url=f"/p/{n}") for n in range(count)]


def test_pages_faster_than_anybody_reads() -> None:
    """Thirty new pages in ten seconds are a program; twenty restored tabs, or the same page again, are not."""
    [(_, rate), (number, speed)] = found(*pages(10, 2), *(at(30 + n / 3, page_url=f"/q/{n}") for n in range(30)))
    assert (rate.rule, number, speed.rule) == ("click_rate", 40, "impossible_speed")
    assert speed.evidence == {"reason": "pages", "pages": 30, "within_s": 10}
    assert rules(*(event | {"page_url": f"/{n % 3}"} for n, event in enumerate(pages(60, 0.3)))) == ["click_rate"]


def test_restored_tabs_are_a_person() -> None:
    """Twenty tabs that a browser opens again at once, each with what its page sends by itself, break nothing."""
    tabs = pages(20, 0.1)
    assert rules(*tabs, *(event | {"event_type": "view_item"} for event in tabs)) == []


def test_scraping_begins_at_its_limit() -> None:
    """A hundred and twenty different pages in an hour break the rule; one less, or more over many hours, do not."""
    [(number, anomaly)] = found(*pages(anomalies.PAGES_PER_HOUR, 3))
    assert (number, anomaly.rule, anomaly.severity) == (anomalies.PAGES_PER_HOUR, "scraping_breadth", "medium")
    assert rules(*pages(anomalies.PAGES_PER_HOUR - 1, 3)) == []
    assert rules(*pages(300, 60)) == []


def test_an_app_without_pages_is_scraped_by_product() -> None:
    """Where events carry no page, products are what breadth is counted in."""
    assert rules(*(at(n * 3, event_type="view_item", product_id=n) for n in range(120))) == ["scraping_breadth"]


@pytest.mark.parametrize("kind", sorted(CHECKOUT_TYPES))
def test_checkout_without_journey(kind: str) -> None:
    """A checkout out of nowhere is an anomaly, one that comes after looking at something is not."""
    [(number, anomaly)] = found(at(0, **PAGE), at(60, event_type=kind))
    assert (number, anomaly.rule) == (2, "checkout_without_journey")
    assert anomaly.evidence == {"event_type": kind, "events_before": 1}
    assert found(at(0, **PAGE), at(9, **LOOK), at(60, event_type=kind)) == []


def test_replayed_ids() -> None:
    """Forty events seen before are a replay; a buffer of ten that is sent three times more is an unlucky tracker."""
    visit = [at(n * 5, event_id=f"r{n}", event_type="scroll") for n in range(10)]
    assert rules(*visit * 4) == []
    [(number, anomaly)] = found(*visit * 5)
    assert (number, anomaly.rule, anomaly.evidence) == (50, "replayed_ids", {"repeats": 40, "events": 50})


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
        "pending": "checkout_without_journey",
    }
    assert anomaly.rule in RULES
