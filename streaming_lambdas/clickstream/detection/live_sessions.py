"""Reading one live session: what all lanes saw of it, and the rules it broke. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickstream.detection.alerting import is_anomaly
from clickstream.detection.sessions import SessionState, restored
from clickstream.live.readers import is_live
from clickstream.ports import Item, Table


@dataclass(frozen=True)
class LiveSession:
    """One session; `anomalies` are its items of the `anomalies` table, oldest first."""

    session_id: str
    state: SessionState
    lanes: int
    """How many lanes saw it: more than one after a reshard."""
    anomalies: list[Item]


def live_session(session_metrics: Table, anomalies: Table, session_id: str, now: datetime) -> LiveSession | None:
    """The session, or None if no lane knows it or all it did has expired."""
    pages = [page for page in session_metrics.query(session_id) if is_live(page, now)]
    if not pages:
        return None
    broken = [item for item in anomalies.query(session_id) if is_anomaly(item) and is_live(item, now)]
    broken.sort(key=lambda item: (str(item["detected_time"]), str(item["sk"])))
    return LiveSession(session_id, merged(pages), len(pages), broken)


def merged(pages: Iterable[Item]) -> SessionState:
    """One session over all its lanes: after a reshard it goes on in another one. For readers; the rules use one lane.

    Numbers are sums. Entry page, channel and device are those of the page whose events began first, the exit page that
    of the one whose events ended last. What only the rules need is left out. Raises ValueError if there is no page.
    """
    states = [restored(page) for page in pages]
    if not states:
        raise ValueError("a session has at least one page")
    states.sort(key=lambda state: state.first_time or _NEVER)
    ending = max(states, key=lambda state: state.last_time or _NEVER)
    bot_reason = _first(states, "bot_reason")
    return SessionState(
        events=sum(state.events for state in states),
        page_views=sum(state.page_views for state in states),
        first_time=states[0].first_time,
        last_time=ending.last_time,
        entry_page=_first(states, "entry_page"),
        exit_page=ending.exit_page or _first(states[::-1], "exit_page"),
        channel=states[0].channel,
        device_type=states[0].device_type,
        is_bot=bot_reason is not None,
        bot_reason=bot_reason,
        event_types=_summed(state.event_types for state in states),
        has_journey=any(state.has_journey for state in states),
        has_cart=any(state.has_cart for state in states),
        is_converted=any(state.is_converted for state in states),
        broken_rules=list(dict.fromkeys(rule for state in states for rule in state.broken_rules)),
    )


_NEVER = datetime.max.replace(tzinfo=UTC)


def _first(states: Sequence[SessionState], name: str) -> Any:  # noqa: ANN401  the type of the field
    return next((value for state in states if (value := getattr(state, name)) is not None), None)


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for kind, count in each.items():
            total[kind] = total.get(kind, 0) + count
    return total
