"""The score of the Numenta Anomaly Benchmark (NAB), as published.

Source: Lavin and Ahmad 2015, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark", and
the wiki of numenta/NAB. One threshold for all series, chosen per profile to give the detector its best total.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import exp
from operator import itemgetter

PROBATION_SHARE = 0.15
"""Leading part of a series in which nothing counts …"""
PROBATION_ROWS = 5_000
"""… of at most this many rows."""


@dataclass(frozen=True)
class Profile:
    """What a hit, a miss and a false alarm are worth."""

    name: str
    hit: float
    miss: float
    false_alarm: float


PROFILES = (
    Profile("standard", 1.0, 1.0, 0.11),
    Profile("low FP", 1.0, 1.0, 0.22),
    Profile("low FN", 1.0, 2.0, 0.11),
)


@dataclass(frozen=True)
class Series:
    """One labelled series; `windows` are first and last row number of each labelled window, in order."""

    name: str
    values: tuple[float, ...]
    times: tuple[str, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def group(self) -> str:
        """The folder of the series, which is what the benchmark calls its group."""
        return self.name.partition("/")[0]

    @property
    def probation(self) -> int:
        """Number of leading rows that do not count."""
        return int(PROBATION_SHARE * min(len(self.values), PROBATION_ROWS))


@dataclass(frozen=True)
class Result:
    """A detector's score: 0 is silence, 100 every window found at its first row and no false alarm."""

    score: float
    threshold: float
    hits: int
    windows: int
    false_alarms: int


def best(series: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile) -> Result:
    """The score at the best threshold. `scores` holds one number a row for each series."""
    points = sorted(_points(series, scores), key=itemgetter(0), reverse=True)
    return max(_sweep(series, points, profile), key=lambda result: result.score)


def at_threshold(
    series: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile, threshold: float
) -> Result:
    """The score when every row that reaches the threshold is a detection; for one series, or a group of them."""
    points = [point for point in _points(series, scores) if point[0] >= threshold]
    *_, result = _sweep(series, [(threshold, window, value) for _, window, value in points], profile)
    return result


Point = tuple[float, tuple[int, int] | None, float]
"""Score of a row, the window it is in, and sigma(position): its worth as a hit or, below 0, as a false alarm."""


def _sweep(series: Sequence[Series], points: Iterable[Point], profile: Profile) -> Iterator[Result]:
    """The result at each threshold, from the highest down; silence first."""
    windows = sum(len(one.windows) for one in series)
    found: dict[tuple[int, int], float] = {}
    false_alarms, lost = 0, 0.0
    perfect, null = profile.hit * windows, -profile.miss * windows
    yield Result(0.0, float("inf"), 0, windows, 0)
    for threshold, group in groupby(points, key=itemgetter(0)):
        for _, window, worth in group:
            if window is None:
                false_alarms, lost = false_alarms + 1, lost - worth
            else:
                found[window] = max(worth, found.get(window, worth))
        hits = sum(found.values()) * profile.hit - (windows - len(found)) * profile.miss
        total = hits - lost * profile.false_alarm
        score = 100 * (total - null) / (perfect - null) if windows else 0.0
        yield Result(score, threshold, len(found), windows, false_alarms)


def _points(series: Sequence[Series], scores: Sequence[Sequence[float]]) -> Iterator[Point]:
    for number, (one, given) in enumerate(zip(series, scores, strict=True)):
        worths = list(_worths(one))
        for row in range(one.probation, len(worths)):
            window, worth = worths[row]
            yield given[row], None if window is None else (number, window), worth


def _worths(series: Series) -> Iterator[tuple[int | None, float]]:
    """Window and sigma of each row."""
    row = 0
    before: tuple[int, int] | None = None
    for number, (first, last) in enumerate(series.windows):
        yield from ((None, _false(before, at)) for at in range(row, first))
        width = last - first + 1
        yield from ((number, _sigma(-(last - at + 1) / width) / _sigma(-1.0)) for at in range(first, last + 1))
        row, before = last + 1, (first, last)
    yield from ((None, _false(before, at)) for at in range(row, len(series.values)))


def _false(before: tuple[int, int] | None, row: int) -> float:
    """Worth of a false alarm: small just after a window, -1 far from any."""
    return -1.0 if before is None else _sigma((row - before[1]) / (before[1] - before[0]))


def _sigma(position: float) -> float:
    """Position in window widths relative to a window's right edge: 0.99 at the left edge, 0 at the right one."""
    return -1.0 if position > 3 else 2 / (1 + exp(5 * position)) - 1
