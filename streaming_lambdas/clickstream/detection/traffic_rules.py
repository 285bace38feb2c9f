"""What an unusual count of one series means: a surge, a drop, or an outage of tracking.

A series is the total, or one event type. A type is judged beside the others: when all of them rise or fall together,
that is demand, and the total tells it; when one falls silent while the others flow, its tracking is broken.
"""

from dataclasses import dataclass
from datetime import datetime
from math import log

import msgspec

from clickstream.detection.traffic import ALARM, TrafficModel, Verdict
from clickstream.live.minutes import TOTAL
from clickstream.ports import Item

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
    is_outage_told: bool = False
    heard: float = 0.0
    """Epoch seconds of the last minute with an event; of the first minute seen while there was none."""

    def observe(self, series: str, minute: datetime, seen: int, total: int) -> TrafficAnomaly | None:
        """Take a complete minute in; say what is wrong with it."""
        verdict = self.model.observe(minute.timestamp(), seen)
        others = total - seen
        self.heard = minute.timestamp() if seen or not self.heard else self.heard
        self._hear(others, is_silent=self.model.is_silent)
        rule = self._outage(others) if self.model.is_silent and series != TOTAL else None
        if rule is None and verdict.is_anomaly:
            rule = self._change(series, verdict, seen, others)
        if rule is None:
            return None
        severity = "critical" if self.model.is_silent else "high" if verdict.score >= SEVERE_SCORE else "medium"
        return TrafficAnomaly(series, rule, severity, minute, verdict.expected, seen, max(verdict.score, ALARM))

    def _hear(self, others: int, *, is_silent: bool) -> None:
        """Follow what the others bring. While this series is silent, what they usually bring stays what it was."""
        self.others_recent += RECENT_RATE * (others - self.others_recent)
        if not is_silent:
            self.others_usual += max(USUAL_RATE, 1 / self.model.points) * (others - self.others_usual)
            self.is_outage_told = False

    def _outage(self, others: int) -> str | None:
        """An outage of tracking, once, as soon as the others flow beside the silence."""
        is_flowing = min(others, self.others_recent) >= FLOWING_SHARE * self.others_usual > 0
        if self.is_outage_told or not is_flowing or not self.model.has_learnt:
            return None
        self.is_outage_told = True
        return TRACKING_OUTAGE

    def _change(self, series: str, verdict: Verdict, seen: int, others: int) -> str | None:
        """A surge or a drop, or None where the total tells what there is to tell."""
        rule = SURGE if seen > verdict.expected else DROP
        if series == TOTAL:
            return rule
        own, shared = _factor(seen, verdict.expected), _factor(others, self.others_usual)
        # A type that is most of the traffic is what the total speaks of.
        is_part = verdict.expected <= self.others_usual
        is_own = is_part and verdict.view != "silence" and abs(own - shared) >= log(OWN_FACTOR)
        return rule if is_own else None


def _factor(seen: float, usual: float) -> float:
    """By how much a count is off, as a logarithm; small counts are drawn together."""
    return log((seen + 1) / (max(usual, 0.0) + 1))
