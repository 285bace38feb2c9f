"""Live tables in memory, as the handlers write them: one minute of a session with an anomaly."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from batch_jobs.live.state import Tables
from clickstream.detection.activities import by_session
from clickstream.detection.anomalies import Anomaly
from clickstream.detection.sessions import SessionState
from clickstream.errors import InfrastructureError
from clickstream.intake.rows import read
from clickstream.live.counters import counters_page, minute_deltas, page_key, page_metrics_page
from clickstream.ports import Item
from clickstream.positions import Lane
from tests.simulation.fakes import MemoryTable
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

NOW = ARRIVAL + timedelta(minutes=2)
SESSION = "anna@example.com-77"
HOSTILE = "</script><script>alert(1)</script>"
EVENTS: list[dict[str, Any]] = [
    {"page_url": "/p/4711", "timestamp": (ARRIVAL - timedelta(seconds=2)).isoformat()},
    {"page_url": "/p/4712"},
    {"event_type": HOSTILE},
]
KEPT = {"expires_at": int(NOW.timestamp()) + 86_400, "lsn": "1", "rev": 1}


class BrokenTable(MemoryTable):
    """A table whose service refuses while `is_broken`, and that counts its queries and scans."""

    def __init__(self) -> None:
        super().__init__()
        self.is_broken = False
        self.queries = self.scans = 0

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Refused, or answered."""
        self.queries += 1
        if self.is_broken:
            raise InfrastructureError("throttled <b>")
        return super().query(pk, first=first, last=last, descending=descending, limit=limit)

    def scan(self) -> Iterator[Item]:
        """Refused, or all items."""
        self.scans += 1
        if self.is_broken:
            raise InfrastructureError("throttled <b>")
        return super().scan()


def filled() -> tuple[Tables, BrokenTable, BrokenTable]:
    """The tables; those of the counters and of the sessions once more."""
    counters, pages, sessions, anomalies = BrokenTable(), MemoryTable(), BrokenTable(), MemoryTable()
    given = [record(encoded(**{"session_id": SESSION} | event), n) for n, event in enumerate(EVENTS, 1)]
    rows = read(given, SOURCE, None).good
    [(minute, delta)] = minute_deltas(rows).items()
    key = page_key(minute, Lane("process_events", "1", "shard"))
    counters.put(counters_page(None, key, delta) | KEPT)
    pages.put(page_metrics_page(None, key, delta) | KEPT)
    state = SessionState()
    state.observe_all(by_session(rows)[SESSION])
    sessions.put(state.item() | {"pk": SESSION, "sk": "lane"} | KEPT)
    anomalies.put(Anomaly(SESSION, "click_rate", "high", ARRIVAL.isoformat(), {"events": 99}).item() | KEPT)
    return Tables(counters, pages, sessions, anomalies, 30), counters, sessions
