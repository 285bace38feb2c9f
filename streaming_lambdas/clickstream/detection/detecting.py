"""One batch → session metrics → anomalies → alerts.

Order is what makes it exact: the anomaly row first (once per session and rule), the session page second (conditional on
its revision, skipping records it has already seen), the alert last (rows are marked when it is sent: at least once).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from clickstream.detection.activities import Activities, by_session
from clickstream.detection.alerting import Alert, Alerts, Sent
from clickstream.detection.anomalies import RULES, Anomaly
from clickstream.detection.anomaly_rows import added, expires_at
from clickstream.detection.screening import take_in
from clickstream.detection.sessions import SessionState, restored
from clickstream.errors import Conflict, InfrastructureError
from clickstream.intake.kinesis import Batch
from clickstream.intake.rows import Source, read
from clickstream.ports import Item, Key, Table
from clickstream.positions import Epochs, Lane

CONSUMER = "detect_anomalies"
ROUNDS = 20
COOL_DOWN = timedelta(minutes=5)
"""A rule that sessions go on breaking is heard of again after this, and not before."""


@dataclass(frozen=True)
class Detection:
    """What one batch came to."""

    sessions: int
    anomalies: int
    """Newly stored ones."""
    alerts: int
    """Messages; one may speak of many anomalies."""
    alerts_failed: int
    """Anomalies whose message could not be sent, or not be marked; they stay pending and are tried again."""
    alerts_held: int
    """New anomalies that wait for the end of their rule's cool-down."""
    problem: str = ""
    """Why alerts failed; of several reasons the first."""


@dataclass(frozen=True)
class AnomalyDetector:
    """Keeps session pages, stores anomalies once, and has each alerted at least once."""

    session_metrics: Table
    anomalies: Table
    publish: Callable[[Alert], None]
    epochs: Epochs
    now: Callable[[], datetime]
    retention_days: int = 30
    each: Callable[..., Iterable[Any]] = map
    """`map`, or a parallel one: session pages are independent items."""

    def detect(self, batch: Batch) -> Detection:
        """Take the batch in. Raises `InfrastructureError` if a service failed; the same batch may be tried again."""
        lane = Lane(CONSUMER, self.epochs.of(batch.stream_arn), batch.shard_id)
        rows = read(batch.records, Source(lane.epoch, lane.shard_id), None).good
        sessions = by_session(rows)
        stored = self.session_metrics.get_many(Key(session_id, str(lane)) for session_id in sessions)

        def update(session: tuple[str, Activities]) -> list[Item]:
            return self._update(Key(session[0], str(lane)), stored.get(Key(session[0], str(lane))), session[1])

        found = [item for items in self.each(update, sessions.items()) for item in items]
        sent = self.send(found)
        return Detection(len(sessions), len(found), sent.messages, sent.failed, sent.held, sent.problem)

    def send(self, found: list[Item]) -> Sent:
        """Tell somebody of these anomalies, and of older ones that nobody was told of yet."""
        return Alerts(self.anomalies, self.publish, self.now, tuple(RULES), COOL_DOWN, self.each).send(found)

    def _update(self, key: Key, stored: Item | None, activities: Activities) -> list[Item]:
        """The anomalies that are new; the session's page holds the activities afterwards."""
        new: list[Item] = []

        @cache
        def is_true_elsewhere(name: str) -> bool:
            return self._is_true_elsewhere(key, name)

        for _ in range(ROUNDS):
            todo = activities.after(stored["lsn"]) if stored else activities
            if not todo:
                return new
            state = restored(stored) if stored else SessionState()
            anomalies = take_in(key.pk, state, todo, is_true_elsewhere)
            new += [item for anomaly in anomalies if (item := self._store(anomaly))]
            try:
                self.session_metrics.put_revision(
                    self._page(key, stored, state, todo), stored["rev"] if stored else None
                )
            except Conflict:
                stored = self.session_metrics.get(key)
            else:
                return new
        raise InfrastructureError(f"session page of {key.sk}: {ROUNDS} other writers were faster")

    def _is_true_elsewhere(self, key: Key, name: str) -> bool:
        """Whether another lane's page of the session says so: after a reshard a session goes on elsewhere."""
        return any(page[name] for page in self.session_metrics.query(key.pk) if page["sk"] != key.sk)

    def _store(self, anomaly: Anomaly) -> Item | None:
        """The stored item, or None if it was there already."""
        return added(self.anomalies, anomaly.item(), self.now(), self.retention_days)

    def _page(self, key: Key, stored: Item | None, state: SessionState, todo: Activities) -> Item:
        guard: Item = {
            "pk": key.pk,
            "sk": key.sk,
            "lsn": todo.last_position,
            "rev": stored["rev"] + 1 if stored else 1,
            "expires_at": expires_at(self.now(), self.retention_days),
        }
        return state.item() | guard
