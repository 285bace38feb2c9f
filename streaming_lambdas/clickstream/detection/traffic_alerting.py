"""Traffic anomalies → alerts: each told, and after a long silence of the topic not each by a message of its own.

What waits is told worst and newest first: ten anomalies one by one, all others in one message that says how many they
are and where they stand. A message may be repeated (published, but not marked), never lost.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from clickstream.detection.alerting import SEVERITIES, Sent, rule_of
from clickstream.detection.anomaly_rows import marked
from clickstream.detection.traffic_rules import PENDING
from clickstream.errors import InfrastructureError
from clickstream.ports import Item, Table

MOST_SINGLE = 10
"""So many anomalies have a message of their own in one run."""
MOST_AT_ONCE = 5_000
"""Bounds what one run marks; the next one goes on."""
OVERDUE = timedelta(minutes=2)
"""An alert that is still pending after this has lost its sender."""


@dataclass(frozen=True)
class TrafficAlert:
    """One message: one anomaly, or all beyond those that are told one by one. Not empty."""

    anomalies: list[Item]
    is_summary: bool = False

    @property
    def subject(self) -> str:
        """At most 100 characters."""
        if self.is_summary:
            return f"Clickstream anomalies of the traffic: {len(self.anomalies):,} more"
        return f"Clickstream anomaly: {rule_of(self.anomalies[0])}"

    def message(self) -> Item:
        """What is published: the anomaly and its evidence, or how many there are by rule and where to read them."""
        if not self.is_summary:
            return {name: self.anomalies[0][name] for name in ("severity", "detected_time", "evidence")}
        times = sorted(str(item["detected_time"]) for item in self.anomalies)
        return {
            "severity": max((str(item["severity"]) for item in self.anomalies), key=SEVERITIES.index),
            "more_anomalies": len(self.anomalies),
            "rules": dict(Counter(map(rule_of, self.anomalies)).most_common()),
            "first_detected_time": times[0],
            "last_detected_time": times[-1],
            "read_them_with": f"python -m batch_jobs.list_anomalies --since {times[0]}",
        }


@dataclass(frozen=True)
class TrafficAlerts:
    """Sends what is pending, and marks what was sent."""

    anomalies: Table
    publish: Callable[[TrafficAlert], None]
    now: Callable[[], datetime]
    each: Callable[..., Iterable[Any]] = map
    """`map`, or a parallel one: messages, and the rows to mark, are independent."""

    def send(self, found: list[Item]) -> Sent:
        """Tell of the anomalies just found, and of those whose writer died, or failed, before telling.

        A message that cannot be sent is counted, not raised: it must not hold up the detector.
        """
        alerts = messages(found + self._overdue())
        problems = list(self.each(self._published, alerts))
        told = [alert for alert, problem in zip(alerts, problems, strict=True) if not problem]
        silent = sum(len(alert.anomalies) for alert, problem in zip(alerts, problems, strict=True) if problem)
        rows = list(chain.from_iterable(alert.anomalies for alert in told))
        unmarked = list(filter(None, self.each(lambda row: marked(self.anomalies, row), rows)))
        problem = next(filter(None, (*problems, *unmarked)), "")
        return Sent(messages=len(told), failed=silent + len(unmarked), problem=problem)

    def _overdue(self) -> list[Item]:
        before = (self.now() - OVERDUE).isoformat()
        pending = self.anomalies.indexed("pending", PENDING, MOST_AT_ONCE)
        return [item for item in pending if item["stored_time"] < before]

    def _published(self, alert: TrafficAlert) -> str:
        """Empty, or why the message could not be sent."""
        try:
            self.publish(alert)
        except InfrastructureError as error:
            return str(error)
        return ""


def messages(waiting: Iterable[Item]) -> list[TrafficAlert]:
    """A message for each of the ten worst and newest anomalies, and one for all others."""
    ranked = sorted(waiting, key=lambda item: (SEVERITIES.index(item["severity"]), item["detected_time"]), reverse=True)
    single = [TrafficAlert([item]) for item in ranked[:MOST_SINGLE]]
    rest = ranked[MOST_SINGLE:]
    return [*single, TrafficAlert(rest, is_summary=True)] if rest else single
