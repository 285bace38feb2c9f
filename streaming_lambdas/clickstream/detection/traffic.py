"""The model of one series of counts: what is usual at this time of day, and how unusual the newest count is.

It learns online, looks only back, and costs the same for each point for ever. Four views of a count ask one question,
how far is this from anything seen before (`novelty`): the count itself, the jump against the last few counts, the
difference to the usual one at this time of day, and the level. A fifth asks how unlikely it is that nothing comes.

The constants were chosen on the public labels of the Numenta Anomaly Benchmark; `make bench-nab` scores this very class
with them (docs/decisions/0014-traffic-anomalies.md).
"""

from math import copysign, sqrt
from typing import Literal

import msgspec

from clickstream.detection.novelty import Novelty

View = Literal["count", "jump", "season", "level", "silence"]

ALARM = 0.5
"""A score from here on is an anomaly."""
LEARNING_POINTS, LEARNING_S = 150, 24 * 3600
"""Before it has seen this many points and a whole day, a model has no opinion."""
BUCKET_S, BUCKETS = 1800, 48
"""The day is known by half hours."""
SHORTEST_STEP_S = 60
"""A point stands for the time since the one before, from a minute to a whole half hour."""
VISIT_WEIGHT = 0.18
"""Share of one whole half hour in the usual count of that half hour: a memory of about five days."""
JUMP_RATE, JUMP_NOISE_RATE = 0.23, 0.0086
"""Weights of the newest point in the mean and in the variance that a jump is measured by."""
LEVEL_RATE = 0.3
NOISE_RATE = 0.003
"""Weight of the newest point in the mean and in the variance around the usual count."""
SPACING: dict[View, float] = {"count": 0.0148, "jump": 0.0115, "season": 0.06, "level": 0.03}
WEIGHT: dict[View, float] = {"count": 39.0, "jump": 25.35, "season": 13.35, "level": 19.5, "silence": 1 / 30}
"""What makes the views comparable: 1 / the novelty, or the improbability in nats, that is an anomaly on its own."""
REST = 48
"""Points in which the memory of an anomaly fades to a third: one anomaly gives one alarm, a worse one another."""
STILL_SILENT_S = 3 * 24 * 3600
"""Silence that lasts longer is the new normal, and is learnt."""
GAP_S = 3600
"""A longer time between two points is no silence: nothing is known about it."""
SURPRISE = 20.0
"""Standard deviations that a first change counts as, after none at all."""


class Verdict(msgspec.Struct, frozen=True):
    """What the model says of one point: score from 0 to 1, the usual count, and the view that spoke loudest."""

    score: float
    expected: float
    view: View

    @property
    def is_anomaly(self) -> bool:
        """Whether somebody should look."""
        return self.score >= ALARM


class TrafficModel(msgspec.Struct):
    """State of one series; fixed size, may be stored between two points."""

    first_time: float = 0.0
    last_time: float = 0.0
    """Epoch seconds."""
    points: int = 0
    profile: list[float] = msgspec.field(default_factory=lambda: [0.0] * BUCKETS)
    visits: list[float] = msgspec.field(default_factory=lambda: [0.0] * BUCKETS)
    """How often each half hour of the day has been seen."""
    recent: float = 0.0
    jump_variance: float = 0.0
    level: float = 0.0
    mean: float = 0.0
    noise: float = 0.0
    """Variance around the usual count."""
    missing: float = 0.0
    """Usual counts of the points since the last one that was not 0."""
    silent_since: float = 0.0
    """When the silence was noticed; 0 while there is none. Nothing is learnt from an outage."""
    held: float = 0.0
    seen: dict[View, Novelty] = msgspec.field(
        default_factory=lambda: {view: Novelty() for view in ("count", "jump", "season", "level")}
    )

    @property
    def is_silent(self) -> bool:
        """Whether the series has fallen silent and nothing has come since."""
        return self.silent_since > 0

    @property
    def has_learnt(self) -> bool:
        """Whether the model has seen enough to have an opinion."""
        return self.points > LEARNING_POINTS and self.last_time - self.first_time >= LEARNING_S

    def observe(self, time: float, count: float) -> Verdict:
        """Take the next point in. `time` is its start in epoch seconds, later than any before it."""
        if not self.points:
            self.first_time = self.last_time = time
            self.recent = self.level = self.mean = count
        elapsed = time - self.last_time
        bucket = int(time // BUCKET_S) % BUCKETS
        expected = self.profile[bucket] if self.visits[bucket] else self.mean
        was_silent = self.is_silent
        self._listen(time, count, expected, elapsed)
        views = self._views(count, expected)
        self._learn(time, count, expected, bucket, elapsed)
        self.points, self.last_time = self.points + 1, time
        view = max(views, key=views.__getitem__)
        if was_silent and self.is_silent:
            views = dict.fromkeys(views, 0.0)
        if self.is_silent and not was_silent:
            view, self.held = "silence", 0.0
        return Verdict(self._score(views[view]), expected, view)

    def _listen(self, time: float, count: float, expected: float, elapsed: float) -> None:
        """Follow silence: the series is silent once too much is missing, until something comes again."""
        if count > 0 or elapsed > GAP_S:
            self.missing = self.silent_since = 0.0
            return
        self.missing += max(expected, 0.0)
        if not self.is_silent and self._silence() >= 1:
            self.silent_since = time

    def _silence(self) -> float:
        """Improbability of the points missing: Poisson, spread as much wider as this series is."""
        return WEIGHT["silence"] * self.missing * max(self.mean, 0.0) / self.noise if self.noise else 0.0

    def _views(self, count: float, expected: float) -> dict[View, float]:
        """What each view says; 1 is an anomaly on its own."""
        jump = count - self.recent
        surprise = jump / sqrt(self.jump_variance) if self.jump_variance else copysign(SURPRISE, jump) if jump else 0.0
        self.level += self._rate(LEVEL_RATE) * (count - self.level)
        numbers: dict[View, float] = {"count": count, "jump": surprise, "season": count - expected, "level": self.level}
        views = {
            view: WEIGHT[view] * self.seen[view].see(number, self.points, SPACING[view])
            for view, number in numbers.items()
        }
        return views | {"silence": self._silence()}

    def _learn(self, time: float, count: float, expected: float, bucket: int, elapsed: float) -> None:
        """Move what is usual towards the point, unless the series is silent: an outage teaches nothing."""
        visit = min(max(elapsed, SHORTEST_STEP_S), BUCKET_S) / BUCKET_S
        if self.is_silent and time - self.silent_since <= STILL_SILENT_S:
            return
        jump, difference = count - self.recent, count - expected
        self.recent += self._rate(JUMP_RATE) * jump
        rate = self._rate(JUMP_NOISE_RATE)
        self.jump_variance = (1 - rate) * (self.jump_variance + rate * jump * jump)
        self.visits[bucket] += visit
        rate = max(1 - (1 - VISIT_WEIGHT) ** visit, min(1.0, visit / self.visits[bucket]))
        self.profile[bucket] = expected + rate * difference
        self.mean += self._rate(NOISE_RATE) * (count - self.mean)
        self.noise += self._rate(NOISE_RATE) * (difference * difference - self.noise)

    def _rate(self, rate: float) -> float:
        """Weight of the newest point: an average of all of them until there are enough to forget some."""
        return max(rate, 1 / (self.points + 1))

    def _score(self, score: float) -> float:
        """From 0 to 1, and 0 while the model still learns or an anomaly as bad has just been told."""
        self.held *= 1 - 1 / REST
        is_news = score > self.held
        self.held = max(score, self.held)
        return score / (1 + score) if is_news and self.has_learnt else 0.0
