"""Detectors that are scored: ours, and two whose published scores prove the scorer.

Each gets one series in order of time, and one parameter set serves all series.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate
from math import erfc, sqrt

from benchmarks.nab_score import Series
from clickstream.detection.traffic import TrafficModel

EWMA_WEIGHT, EWMA_WARM_UP = 0.02, 150
EWMA_DIGITS = 15
GAUSSIAN_WINDOW, GAUSSIAN_STEP = 6_400, 100
GAUSSIAN_DIGITS = 12
"""Digits that the published result files hold; the best threshold lies within the last of them."""
SMALLEST_DEVIATION = 1e-6


def ours(series: Series) -> list[float]:
    """The model of `detect_traffic_anomalies`, as it is."""
    model = TrafficModel()
    times = [datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() for time in series.times]
    return [model.observe(time, value).score for time, value in zip(times, series.values, strict=True)]


def ewma(series: Series) -> list[float]:
    """Deviation from an exponentially weighted mean, as a two-sided probability."""
    mean, variance = series.values[0], 0.0
    scores = []
    for row, value in enumerate(series.values):
        difference = value - mean
        deviation = abs(difference) / sqrt(variance) if variance > 0 else 0.0
        scores.append(0.0 if row < EWMA_WARM_UP else round(1 - erfc(deviation / sqrt(2)), EWMA_DIGITS))
        mean += EWMA_WEIGHT * difference
        variance = (1 - EWMA_WEIGHT) * (variance + EWMA_WEIGHT * difference * difference)
    return scores


def windowed_gaussian(series: Series) -> list[float]:
    """The benchmark's own baseline: tail probability in a window of 6,400 points that moves on by 100.

    Source: numenta/NAB, detector `windowedGaussian`. 1.4142 is its spelling of the root of two.
    """
    values = series.values
    # Moments about the first value: of the values themselves, small deviations would be lost in the squares.
    sums = list(accumulate((value - values[0] for value in values), initial=0.0))
    squares = list(accumulate(((value - values[0]) ** 2 for value in values), initial=0.0))
    scores = [0.0]
    for row in range(1, len(values)):
        late = max(0, row - GAUSSIAN_WINDOW) // GAUSSIAN_STEP * GAUSSIAN_STEP
        first, last = late, min(row, late + GAUSSIAN_WINDOW)
        mean, deviation = _moments(sums, squares, first, last)
        tail = 0.5 * erfc(abs(values[row] - values[0] - mean) / (deviation or SMALLEST_DEVIATION) / 1.4142)
        scores.append(round(1 - tail, GAUSSIAN_DIGITS))
    return scores


def _moments(sums: Sequence[float], squares: Sequence[float], first: int, last: int) -> tuple[float, float]:
    count = last - first
    mean = (sums[last] - sums[first]) / count
    return mean, sqrt(max(0.0, (squares[last] - squares[first]) / count - mean * mean))
