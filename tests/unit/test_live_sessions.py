"""Reading one live session over its lanes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream.detection.activities import by_session
from clickstream.detection.anomalies import Anomaly
from clickstream.detection.live_sessions import live_session
from clickstream.detection.sessions import SessionState
from clickstream.intake.rows import read
from clickstream.ports import Item
from tests.simulation.fakes import MemoryTable
from tests.simulation.records import SOURCE, encoded, record

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = {"expires_at": int(NOW.timestamp()) + 60}


def page(lane: str, *events: dict[str, Any]) -> Item:
    """What one lane stored of session `s`."""
    records = [record(encoded(session_id="s", **event), n) for n, event in enumerate(events, 1)]
    state = SessionState()
    state.observe_all(by_session(read(records, SOURCE, None).good)["s"])
    return state.item() | {"pk": "s", "sk": lane, "lsn": "9", "rev": 1} | LATER


def anomaly(rule: str, time: str, session_id: str = "s") -> Item:
    """A stored anomaly."""
    return Anomaly(session_id, rule, "high", time, {"events": 3}).item() | LATER


@pytest.fixture
def metrics() -> MemoryTable:
    """A session that went on in another lane, and its neighbour."""
    table = MemoryTable()
    table.put(page("a", {"page_url": "/in", "timestamp": "2026-11-21T09:00:00Z"}))
    table.put(page("b", {"event_type": "purchase", "timestamp": "2026-11-21T09:04:00Z"}))
    table.put(page("b", {}) | {"pk": "t"})
    return table


@pytest.fixture
def anomalies() -> MemoryTable:
    """Two anomalies of the session, one of another, and one that has expired."""
    table = MemoryTable()
    table.put(anomaly("click_rate", "2026-11-21T09:03:00+00:00"))
    table.put(anomaly("suspicious_agent", "2026-11-21T09:01:00+00:00"))
    table.put(anomaly("click_rate", "2026-11-21T09:01:00+00:00", "t"))
    table.put(anomaly("old", "2026-11-21T09:00:00+00:00") | {"expires_at": int(NOW.timestamp())})
    return table


def test_a_session_is_the_sum_of_its_lanes(metrics: MemoryTable, anomalies: MemoryTable) -> None:
    """Times, pages and outcome over all lanes; its own anomalies, oldest first."""
    found = live_session(metrics, anomalies, "s", NOW)
    assert found
    assert (found.lanes, found.state.events, found.state.is_converted, found.state.entry_page) == (2, 2, True, "/in")
    assert [item["sk"] for item in found.anomalies] == ["suspicious_agent", "click_rate"]


@pytest.mark.parametrize(("session_id", "at"), [("nobody", NOW), ("s", NOW + timedelta(minutes=1))])
def test_an_unknown_or_expired_session_is_none(
    metrics: MemoryTable, anomalies: MemoryTable, session_id: str, at: datetime
) -> None:
    """What no lane knows any more is not shown, although its items may still be there."""
    assert live_session(metrics, anomalies, session_id, at) is None
