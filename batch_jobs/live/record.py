"""The state of the live page as JSON, for programs. Instants are ISO 8601, UTC; ids of sessions are shortened."""

from collections import Counter
from datetime import timedelta
from typing import Any

from batch_jobs.live.state import Found, Hour, Items, Session
from batch_jobs.live.watch import Snapshot
from clickstream.live.counters import OTHER
from clickstream.live.readers import PageViews, total

SHARES = {"p50": 0.5, "p95": 0.95}
LISTED = 10
"""Rows of a list."""
QUIET = timedelta(minutes=5)
"""Without an event for this long, the page says that none come."""
_ID_LENGTH = 8


def record(snapshot: Snapshot) -> dict[str, Any]:
    """Everything that the page shows."""
    hour, items = snapshot.hour, snapshot.items
    return {
        "problem": snapshot.problem or None,
        "as_of_time": hour.as_of_time.isoformat() if hour else None,
        "hour": _hour(hour) if hour else None,
        "sessions": _sessions(items) if items else None,
        "anomalies": _anomalies(items) if items else None,
    }


def short(session_id: str) -> str:
    """The beginning of an id: enough to tell rows apart, too little to name a person by."""
    return session_id if len(session_id) <= _ID_LENGTH else f"{session_id[:_ID_LENGTH]}…"


def subject(found: Found) -> str:
    """What an anomaly is one of, as the page names it."""
    return f"session {short(found.subject)}" if found.is_session else f"traffic: {found.subject}"


def top_pages(pages: PageViews) -> list[tuple[str, int]]:
    """The most viewed pages; what has no page of its own is not one."""
    named = Counter({name: count for name, count in pages.pages.items() if name != OTHER})
    return named.most_common(LISTED)


def is_quiet(hour: Hour) -> bool:
    """Whether no event has come for QUIET: the newest minute with events ended that long ago, or there is none."""
    return not hour.minutes or hour.as_of_time - hour.minutes[-1].start_time >= QUIET + timedelta(minutes=1)


def _hour(hour: Hour) -> dict[str, Any]:
    whole = total(hour.minutes)
    return {
        "start_time": hour.start_time.isoformat(),
        "is_quiet": is_quiet(hour),
        "events": whole.events if whole else 0,
        "visitors": whole.visitors if whole else 0,
        "sessions": whole.sessions if whole else 0,
        "latency_ms": {name: whole.latency_ms(share) if whole else None for name, share in SHARES.items()},
        "event_types": dict(whole.event_types.most_common()) if whole else {},
        "channels": dict(whole.channels.most_common()) if whole else {},
        "devices": dict(whole.devices.most_common()) if whole else {},
        "page_views": hour.pages.views,
        "pages": dict(top_pages(hour.pages)),
        "minutes": {minute.start_time.isoformat(): minute.events for minute in hour.minutes},
    }


def _sessions(items: Items) -> dict[str, Any] | None:
    if items.sessions is None:
        return None
    return {"active": items.sessions.active, "newest": [_session(each) for each in items.sessions.newest]}


def _session(session: Session) -> dict[str, Any]:
    state = session.state
    return {
        "session_id": short(session.session_id),
        "last_time": state.last_time.isoformat() if state.last_time else None,
        "events": state.events,
        "page_views": state.page_views,
        "exit_page": state.exit_page,
        "channel": state.channel,
        "device_type": state.device_type,
        "broken_rules": state.broken_rules,
    }


def _anomalies(items: Items) -> list[dict[str, str]] | None:
    if items.anomalies is None:
        return None
    return [
        {
            "subject": subject(found),
            "rule": found.rule,
            "severity": found.severity,
            "detected_time": found.detected_time.isoformat(),
        }
        for found in items.anomalies[:LISTED]
    ]
