"""One batch → session metrics → anomalies → alerts.

Order is what makes it exact: the anomaly row first (once per session and rule), the session page second (conditional on
its revision, skipping records it has already seen), the alert last (marked when sent, so at least once).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from clickstream.anomalies import Anomaly, broken_rules
from clickstream.errors import Conflict, InfrastructureError
from clickstream.kinesis import Batch
from clickstream.ports import Item, Key, Table
from clickstream.positions import Lane
from clickstream.rows import Source, read
from clickstream.sessions import Activity, SessionState, by_session

CONSUMER = "detect_anomalies"
ROUNDS = 20
GRACE = timedelta(days=7)


@dataclass(frozen=True)
class Detection:
    """What one batch came to."""

    sessions: int
    anomalies: int
    """Newly stored ones."""
    alerts: int


@dataclass(frozen=True)
class AnomalyDetector:
    """Keeps session pages, stores anomalies once, and has each alerted at least once."""

    session_metrics: Table
    anomalies: Table
    publish: Callable[[Item], None]
    epoch_of: Callable[[str], str]
    now: Callable[[], datetime]
    retention_days: int = 30
    each: Callable[..., Iterable[list[Anomaly]]] = map
    """`map`, or a parallel one: session pages are independent items."""

    def detect(self, batch: Batch) -> Detection:
        """Take the batch in. Raises `InfrastructureError` if a service failed; the same batch may be tried again."""
        lane = Lane(CONSUMER, self.epoch_of(batch.stream_arn), batch.shard_id)
        rows = read(batch.records, Source(lane.epoch, lane.shard_id), None).good
        sessions = by_session(rows)
        stored = self.session_metrics.get_many(Key(session_id, str(lane)) for session_id in sessions)

        def update(session: tuple[str, list[Activity]]) -> list[Anomaly]:
            return self._update(Key(session[0], str(lane)), stored.get(Key(session[0], str(lane))), session[1])

        found = [anomaly for anomalies in self.each(update, sessions.items()) for anomaly in anomalies]
        return Detection(len(sessions), len(found), self.send_alerts())

    def send_alerts(self) -> int:
        """Publish every stored anomaly that has not been marked as alerted. Returns how many."""
        pending = list(self.anomalies.indexed("pending", "alert"))
        for item in pending:
            self.publish(item)
            self.anomalies.put({name: value for name, value in item.items() if name != "pending"} | {"alerted": True})
        return len(pending)

    def _update(self, key: Key, stored: Item | None, activities: list[Activity]) -> list[Anomaly]:
        """The anomalies that are new; the session's page holds the activities afterwards."""
        for _ in range(ROUNDS):
            todo = [activity for activity in activities if not stored or activity.position > stored["lsn"]]
            if not todo:
                return []
            state = msgspec.convert(stored, SessionState) if stored else SessionState()
            anomalies = [anomaly for activity in todo for anomaly in _observed(key.pk, state, activity)]
            new = [anomaly for anomaly in anomalies if self._store(anomaly)]
            try:
                self.session_metrics.put_revision(
                    self._page(key, stored, state, todo), stored["rev"] if stored else None
                )
            except Conflict:
                stored = self.session_metrics.get(key)
            else:
                return new
        raise InfrastructureError(f"session page of {key.sk}: {ROUNDS} other writers were faster")

    def _store(self, anomaly: Anomaly) -> bool:
        try:
            self.anomalies.put_new(anomaly.item() | {"expires_at": self._expires_at()})
        except Conflict:
            return False
        return True

    def _page(self, key: Key, stored: Item | None, state: SessionState, todo: list[Activity]) -> Item:
        guard: Item = {
            "pk": key.pk,
            "sk": key.sk,
            "lsn": todo[-1].position,
            "rev": stored["rev"] + 1 if stored else 1,
            "expires_at": self._expires_at(),
        }
        page: Item = msgspec.to_builtins(state)
        return page | guard

    def _expires_at(self) -> int:
        return int((self.now() + timedelta(days=self.retention_days) + GRACE).timestamp())


def _observed(session_id: str, state: SessionState, activity: Activity) -> list[Anomaly]:
    state.observe(activity)
    return broken_rules(session_id, state, activity)
