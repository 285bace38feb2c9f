"""Reading one live session: what all lanes saw of it, and the rules it broke. Pure."""

from dataclasses import dataclass
from datetime import datetime

from clickstream.detection.alerting import is_anomaly
from clickstream.detection.sessions import SessionState, merged
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
