"""What an unusual count of one series means: a surge, a drop, or an outage of tracking.

A series is the total, or one event type. A type is judged beside the others: when all of them rise or fall together,
that is demand, and the total tells it; when one falls silent while the others flow, its tracking is broken.
"""

from dataclasses import dataclass
from datetime import datetime
from math import log

import msgspec

from clickstream.minutes import TOTAL
from clickstream.ports import Item
from clickstream.traffic import TrafficModel, Verdict

DROP, SURGE, TRACKING_OUTAGE = "traffic_drop", "traffic_surge", "tracking_outage"
PENDING = "traffic"
"""Value of the attribute `pending` of an anomaly that nobody was told yet."""
USUAL_RATE, RECENT_RATE = 0.01, 0.3
"""Weights of the newest minute in what the other series usually bring, and bring now."""
FLOWING_SHARE = 0.5
"""The others flow while they bring at least this part of what they usually do."""
OWN_FACTOR = 2.0
"""A type that is off by this much more than the others is an anomaly of its own."""
SEVERE_SCORE = 0.8


@dataclass(frozen=True)
class TrafficAnomaly:
    """A minute of a series in which a rule was broken."""

    series: str
    rule: str
    severity: str
    minute: datetime
    expected: float
    seen: int
    score: float
    """From 0 to 1."""

    def item(self) -> Item:
        """The row of the `anomalies` table; a pure function of the counters."""
        minute = self.minute.isoformat()
        return {
            "pk": f"traffic#{self.series}",
            "sk": f"{self.rule}#{minute[:16]}",
            "severity": self.severity,
            "detected_time": minute,
            "evidence": {
                "rule": self.rule,
                "series": self.series,
                "expected": round(self.expected),
                "seen": self.seen,
                "score_percent": round(100 * self.score),
            },
            "alerted": False,
            "pending": PENDING,
        }


class Watch(msgspec.Struct):
    """State of one series between two minutes: its model, and what the others bring."""

    model: TrafficModel = msgspec.field(default_factory=TrafficModel)
    others_usual: float = 0.0
    others_recent: float = 0.0

    def observe(self, series: str, minute: datetime, seen: int, total: int) -> TrafficAnomaly | None:
        """Take a complete minute in; say what is wrong with it."""
        verdict = self.model.observe(minute.timestamp(), seen)
        others = total - seen
        rule = self._rule(series, verdict, seen, others) if verdict.is_anomaly else None
        self.others_recent += RECENT_RATE * (others - self.others_recent)
        if seen or not self.model.is_silent:
            rate = max(USUAL_RATE, 1 / self.model.points)
            self.others_usual += rate * (others - self.others_usual)
        if rule is None:
            return None
        return TrafficAnomaly(series, rule, _severity(verdict), minute, verdict.expected, seen, verdict.score)

    def _rule(self, series: str, verdict: Verdict, seen: int, others: int) -> str | None:
        """The rule, or None where the total tells what there is to tell."""
        if series == TOTAL:
            return SURGE if seen > verdict.expected else DROP
        if verdict.view == "silence":
            return TRACKING_OUTAGE if self.others_recent >= FLOWING_SHARE * self.others_usual else None
        own, shared = _factor(seen, verdict.expected), _factor(others, self.others_usual)
        if abs(own - shared) < log(OWN_FACTOR):
            return None
        return SURGE if seen > verdict.expected else DROP


def _factor(seen: float, usual: float) -> float:
    """By how much a count is off, as a logarithm; small counts are drawn together."""
    return log((seen + 1) / (max(usual, 0.0) + 1))


def _severity(verdict: Verdict) -> str:
    if verdict.view == "silence":
        return "critical"
    return "high" if verdict.score >= SEVERE_SCORE else "medium"
