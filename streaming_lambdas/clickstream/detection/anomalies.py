"""The rules that a session can break, each a pure function of the session so far and its newest event.

Limits are set where people end, with room for the hectic ones: many tabs, resends, wrong clocks, reloaded pages. They
were chosen on simulated days with seeds below 100; `make bench-detection` judges them on others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from clickstream.detection.activities import Activity
from clickstream.detection.sessions import CHECKOUT_TYPES, SessionState
from clickstream.ports import Item

CLICKS_PER_MINUTE = 48
"""Hectic people reach about forty."""
CLICKS_PER_BURST, BURST_MS = 30, 10_000
"""A rage click takes a quarter of a second, and a dozen of them may come twice in a row, but not three times."""
AGENTS_PER_SESSION = 4
"""A person may ask for the desktop site or go on in another app; a fourth browser is drawn from a list."""
ORDERS_WITHOUT_CART = 3
"""One order may come without a cart, from a button that buys at once; its neighbours too are forged."""
AMOUNTS_PER_ORDER = 3
"""A reload sends an order again, and something added afterwards sends it with a second amount."""
STEPS_BACK = 3
"""A clock is put right once; a producer that draws its times at random goes back at every second event."""
FASTEST_ORDER_MS = 5_000
"""A known customer with a saved card still has to press two buttons on pages that load."""
PAGES_PER_BURST, PAGE_BURST_MS = 30, 10_000
"""A browser that restores its tabs opens about twenty pages at once."""
PAGES_PER_HOUR, HOUR_MS = 120, 3_600_000
"""Who compares prices sees sixty different pages in an hour."""
REPEATS = 40
"""A tracker that hears no answer sends a buffer of ten again, and may do so three times."""

LOW, MEDIUM, HIGH = "low", "medium", "high"
Evidence = dict[str, str | int]


@dataclass(frozen=True)
class Finding:
    """What a rule says: numbers and words of our own, never a text of the event that could name a person."""

    evidence: Evidence
    severity: str = HIGH
    refuted_by: str = ""
    """Attribute of a session page: another lane's page where it is true shows that nothing is wrong."""


@dataclass(frozen=True)
class Anomaly:
    """A rule that a session broke, at most one per session and rule. `evidence` holds no personal data."""

    session_id: str
    rule: str
    severity: str
    detected_time: str
    """When the stream took the event that broke the rule, ISO 8601 UTC."""
    evidence: Evidence

    def item(self) -> Item:
        """The row of the `anomalies` table. `pending` is there until it has been part of an alert."""
        return {
            "pk": self.session_id,
            "sk": self.rule,
            "severity": self.severity,
            "detected_time": self.detected_time,
            "evidence": self.evidence,
            "alerted": False,
            "pending": self.rule,
        }


def click_rate(state: SessionState, activity: Activity) -> Finding | None:
    """More actions in a minute, or in ten seconds, of event time than a person makes."""
    memory = state.memory
    if len(memory.times) < min(CLICKS_PER_MINUTE, CLICKS_PER_BURST):
        return None
    time_ms = state.since_start_ms(activity.event_time)
    for count, within_ms in ((CLICKS_PER_BURST, BURST_MS), (CLICKS_PER_MINUTE, 60_000)):
        if memory.has_burst(count, within_ms, time_ms):
            return Finding({"events": count, "within_s": within_ms // 1000})
    return None


def suspicious_agent(_state: SessionState, activity: Activity) -> Finding | None:
    """The user agent declares or betrays a machine. One that says so itself is the lesser matter."""
    reason = activity.bot_reason
    return Finding({"reason": reason}, LOW if reason == "crawler" else MEDIUM) if reason else None


def spoofed_agent(state: SessionState, activity: Activity) -> Finding | None:
    """A user agent that no browser sends, or one session under several of them."""
    if reason := contradiction(activity.user_agent):
        return Finding({"reason": reason})
    agents = len(state.memory.agents)
    return Finding({"reason": "many_agents", "agents": agents}) if agents >= AGENTS_PER_SESSION else None


def impossible_sequence(state: SessionState, _activity: Activity) -> Finding | None:
    """An order of things that no visit has: orders without a cart, one order at many prices, time running backwards."""
    memory = state.memory
    if memory.backward_steps >= STEPS_BACK:
        return Finding({"reason": "time_runs_backwards", "steps_back": memory.backward_steps})
    if not memory.orders:
        return None
    amounts = max(len(amounts) for amounts in memory.orders.values())
    if amounts >= AMOUNTS_PER_ORDER:
        return Finding({"reason": "order_changes_its_amount", "amounts": amounts})
    if state.has_journey and not state.has_cart and len(memory.orders) >= ORDERS_WITHOUT_CART:
        return Finding({"reason": "orders_without_cart", "orders": len(memory.orders)}, refuted_by="has_cart")
    return None


def impossible_speed(state: SessionState, activity: Activity) -> Finding | None:
    """A whole visit to the order, or a pile of new pages, in less time than a person needs to read one."""
    kind = activity.event_type
    if kind == "purchase" and state.has_journey and state.first_time is not None:
        taken_ms = round((activity.event_time - state.first_time).total_seconds() * 1000)
        if taken_ms <= FASTEST_ORDER_MS:
            return Finding({"reason": "order", "within_ms": taken_ms}, refuted_by="events")
    if kind == "page_view" and len(state.memory.pages) >= PAGES_PER_BURST:
        pages = state.memory.pages_within(PAGE_BURST_MS, state.since_start_ms(activity.event_time))
        if pages >= PAGES_PER_BURST:
            return Finding({"reason": "pages", "pages": pages, "within_s": PAGE_BURST_MS // 1000})
    return None


def scraping_breadth(state: SessionState, activity: Activity) -> Finding | None:
    """More different pages in an hour than somebody who wants to buy looks at."""
    if len(state.memory.pages) < PAGES_PER_HOUR:
        return None
    pages = state.memory.pages_within(HOUR_MS, state.since_start_ms(activity.event_time))
    return Finding({"pages": pages, "within_s": HOUR_MS // 1000}, MEDIUM) if pages >= PAGES_PER_HOUR else None


def checkout_without_journey(state: SessionState, activity: Activity) -> Finding | None:
    """A checkout in a session that never looked at, searched for or carried anything."""
    if activity.event_type not in CHECKOUT_TYPES or state.has_journey:
        return None
    return Finding({"event_type": activity.event_type, "events_before": state.events - 1}, refuted_by="has_journey")


def replayed_ids(state: SessionState, _activity: Activity) -> Finding | None:
    """Event ids that come again and again, far more than an honest producer resends."""
    repeats = state.memory.repeats
    return Finding({"repeats": repeats, "events": state.events}) if repeats >= REPEATS else None


Rule = Callable[[SessionState, Activity], Finding | None]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        click_rate,
        suspicious_agent,
        spoofed_agent,
        impossible_sequence,
        impossible_speed,
        scraping_breadth,
        checkout_without_journey,
        replayed_ids,
    )
}


def broken_rules(
    session_id: str,
    state: SessionState,
    activity: Activity,
    is_true_elsewhere: Callable[[str], bool] = lambda _: False,
) -> list[Anomaly]:
    """The rules that the session breaks for the first time with this event, which the state has already taken in.

    `is_true_elsewhere` tells of an attribute whether another lane's page of the session has it. A finding that is
    refuted so does not use its rule up: what the session does later is judged anew.
    """
    found = []
    for name, rule in RULES.items():
        finding = None if name in state.broken_rules else rule(state, activity)
        if finding is None or (finding.refuted_by and is_true_elsewhere(finding.refuted_by)):
            continue
        state.broken_rules.append(name)
        time = activity.received_time.isoformat()
        found.append(Anomaly(session_id, name, finding.severity, time, finding.evidence))
    return found


_OTHER_PLATFORMS = ("iPhone", "iPad", "Android", "Macintosh")
_SAFARI_VERSION = re.compile(r"\bVersion/(\d{1,3})")
_LAST_SAFARI_ON_WINDOWS = 5
_LONGEST_AGENT = 512


def contradiction(user_agent: str | None) -> str:
    """Why no browser sends this text, or an empty one."""
    return _contradiction(user_agent[:_LONGEST_AGENT]) if user_agent else ""


@lru_cache(2000)
def _contradiction(user_agent: str) -> str:
    """What contradicts itself.

    Chrome on iOS is WebKit and calls itself CriOS (Chromium, "User Agent in Chrome for iOS"); Safari for Windows ended
    with version 5.
    """
    if "Windows NT" in user_agent and any(name in user_agent for name in _OTHER_PLATFORMS):
        return "two_platforms"
    if "Chrome/" in user_agent and any(name in user_agent for name in ("(iPhone;", "(iPad;", "(iPod;")):
        return "chrome_on_ios"
    if "Windows NT" not in user_agent or "Chrom" in user_agent or "Safari/" not in user_agent:
        return ""
    version = _SAFARI_VERSION.search(user_agent)
    return "safari_on_windows" if version and int(version[1]) > _LAST_SAFARI_ON_WINDOWS else ""
