"""What a threshold of the traffic detector costs and finds: its own model over history, as it was and with incidents.

Nothing is imitated: `TrafficModel` is the code that runs every minute, from an empty state. Incidents are put into
copies of the history, one at a time, so that each meets a model that knows only what came before.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from batch_jobs.backtest_sources import History
from clickstream.detection.traffic import TrafficModel, View

Counts = Sequence[tuple[datetime, int]]
"""Minutes in order (UTC), and the events of each."""
MINUTES_PER_DAY = 1440
LEARNT = timedelta(days=1)
"""Before that the model has no opinion."""
GRACE = timedelta(minutes=15)
"""An alarm so long after an incident still is about it: the return to normal may be told, too."""


@dataclass(frozen=True)
class Point:
    """What the model said of one minute; `score` from 0 to 1."""

    minute: datetime
    seen: int
    expected: float
    score: float
    view: View


@dataclass(frozen=True)
class Incident:
    """From `start` on, for so many minutes, the traffic is `factor` of what it was."""

    kind: str
    start: datetime
    minutes: int
    factor: float

    def happens(self, minute: datetime) -> bool:
        """Whether the minute is one of the incident's."""
        return self.start <= minute < self.start + timedelta(minutes=self.minutes)

    def shapes(self, counts: Counts) -> list[tuple[datetime, int]]:
        """The counts with this incident in them."""
        return [(minute, round(n * self.factor) if self.happens(minute) else n) for minute, n in counts]


@dataclass(frozen=True)
class Result:
    """One threshold: alarms a day in the history as it was, and incidents of a kind that gave an alarm in time."""

    threshold: float
    kind: str
    alarms_per_day: float
    found: int
    incidents: int
    delay_minutes: float | None
    """Median from the start of an incident to its first alarm; None if none was found."""


def counts_of(history: History, series: str) -> list[tuple[datetime, int]]:
    """The minutes of a series, from its first event on."""
    nothing = Counter[str]()
    seen = [(minute, history.minutes.get(minute, nothing)[series]) for minute in history.known]
    first = next((place for place, (_, count) in enumerate(seen) if count), len(seen))
    return seen[first:]


def observed(counts: Counts) -> list[Point]:
    """What the model says of each minute, from an empty state."""
    model = TrafficModel()
    points = []
    for minute, count in counts:
        verdict = model.observe(minute.timestamp(), count)
        points.append(Point(minute, count, verdict.expected, verdict.score, verdict.view))
    return points


def incidents(counts: Counts, every: timedelta, kinds: Iterable[tuple[str, int, float]]) -> list[Incident]:
    """Each kind (name, minutes, factor) once in every stretch of the history that is not only learnt from."""
    if not counts:
        return []
    begin, last = counts[0][0] + LEARNT, counts[-1][0]
    return [
        Incident(kind, begin + place * every, minutes, factor)
        for kind, minutes, factor in kinds
        for place in range(1, int((last - begin) / every) + 1)
        if begin + place * every + timedelta(minutes=minutes) <= last
    ]


def sweep(counts: Counts, planned: Sequence[Incident], thresholds: Sequence[float]) -> list[Result]:
    """Every threshold against every kind of incident."""
    calm = observed(counts)
    played = [(one, observed(one.shapes(counts))) for one in planned]
    kinds = list(dict.fromkeys(one.kind for one in planned))
    return [_result(threshold, kind, calm, played) for threshold in thresholds for kind in kinds]


def alarms(points: Iterable[Point], threshold: float) -> list[datetime]:
    """The minutes whose score reaches the threshold."""
    return [point.minute for point in points if point.score >= threshold]


def _result(
    threshold: float, kind: str, calm: Sequence[Point], played: Iterable[tuple[Incident, list[Point]]]
) -> Result:
    usual = alarms(calm, threshold)
    judged = sum(point.minute >= calm[0].minute + LEARNT for point in calm)
    mine = [(one, points) for one, points in played if one.kind == kind]
    delays = [_delay(one, set(alarms(points, threshold)) - set(usual)) for one, points in mine]
    found = [delay for delay in delays if delay is not None]
    per_day = len(usual) * MINUTES_PER_DAY / judged if judged else 0.0
    return Result(threshold, kind, per_day, len(found), len(mine), median(found) if found else None)


def _delay(incident: Incident, told: Iterable[datetime]) -> float | None:
    """Minutes from the start to the first alarm that the history alone did not give."""
    end = incident.start + timedelta(minutes=incident.minutes) + GRACE
    waits = [(minute - incident.start).total_seconds() / 60 for minute in told if incident.start <= minute < end]
    return min(waits, default=None)
