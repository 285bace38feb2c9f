"""The rules that a session can break, each a pure function of the session so far and its newest event."""

from collections.abc import Callable
from dataclasses import dataclass

from clickstream.ports import Item
from clickstream.sessions import CHECKOUT_TYPES, Activity, SessionState

CLICKS_PER_MINUTE = 60
"""One event a second for a whole minute: hectic people stay well below it."""

NO_JOURNEY = "checkout_without_journey"

Evidence = dict[str, str | int]


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
        """The row of the `anomalies` table. `pending` is there until the alert has been sent."""
        return {
            "pk": self.session_id,
            "sk": self.rule,
            "severity": self.severity,
            "detected_time": self.detected_time,
            "evidence": self.evidence,
            "alerted": False,
            "pending": "alert",
        }


def click_rate(state: SessionState, activity: Activity) -> Evidence | None:
    """More events in one minute of event time than a person makes."""
    minute = activity.event_time.isoformat()[:16]
    count = state.minutes.get(minute, 0)
    return {"minute": minute, "events": count} if count >= CLICKS_PER_MINUTE else None


def suspicious_agent(_state: SessionState, activity: Activity) -> Evidence | None:
    """The user agent declares or betrays a machine."""
    return {"reason": activity.bot_reason} if activity.bot_reason else None


def checkout_without_journey(state: SessionState, activity: Activity) -> Evidence | None:
    """A checkout in a session that never looked at, searched for or carried anything."""
    if activity.event_type not in CHECKOUT_TYPES or state.has_journey:
        return None
    return {"event_type": activity.event_type, "events_before": state.events - 1}


RULES: dict[str, tuple[str, Callable[[SessionState, Activity], Evidence | None]]] = {
    "click_rate": ("high", click_rate),
    "suspicious_agent": ("medium", suspicious_agent),
    NO_JOURNEY: ("high", checkout_without_journey),
}


def broken_rules(session_id: str, state: SessionState, activity: Activity) -> list[Anomaly]:
    """The rules that the session breaks for the first time with this event, which the state has already taken in."""
    found = []
    for rule, (severity, check) in RULES.items():
        evidence = None if rule in state.broken_rules else check(state, activity)
        if evidence is not None:
            state.broken_rules.append(rule)
            found.append(Anomaly(session_id, rule, severity, activity.received_time.isoformat(), evidence))
    return found
