"""How far is a number from everything seen before? A bounded memory of numbers answers, in O(log n) a number."""

from bisect import bisect_left
from math import inf

import msgspec

CAPACITY = 96
"""Numbers that one memory keeps at most: with 8 bytes each and their ages about 1.5 KB."""
HORIZON = 20_160
"""Points after which a number that did not come back is forgotten: two weeks of minutes."""
FORGET_EVERY = 64
"""Points between two looks for forgotten numbers; a power of two costs nothing to test."""


class Novelty(msgspec.Struct):
    """Numbers that stand for all numbers seen, in order, and when each was last near a new one.

    Numbers closer to a kept one than the spacing are not kept: so few stand for many, and what is left to measure
    is the gap. It is measured in parts of the whole range seen, so it needs no unit and no distribution.
    """

    numbers: list[float] = []
    points: list[int] = []

    def see(self, number: float, point: int, spacing: float) -> float:
        """Distance of the number to the nearest one seen before, 0 (known) to 1; then remember it.

        Args:
            number: The new number.
            point: Its place in the series, counted from 0.
            spacing: Part of the range within which a number counts as known.
        """
        if point % FORGET_EVERY == 0:
            self._forget(point - HORIZON)
        kept = self.numbers
        if not kept:
            kept.append(number)
            self.points.append(point)
            return 0.0
        place = bisect_left(kept, number)
        below = number - kept[place - 1] if place else inf
        above = kept[place] - number if place < len(kept) else inf
        nearest = place - 1 if below < above else place
        span = max(kept[-1], number) - min(kept[0], number)
        distance = min(below, above) / span if span > 0 else 0.0
        if distance <= spacing:
            self.points[nearest] = point
        else:
            kept.insert(place, number)
            self.points.insert(place, point)
            self._shrink()
        return distance

    def _shrink(self) -> None:
        """Over capacity, give up the older of the two numbers that are closest to each other."""
        kept = self.numbers
        if len(kept) > CAPACITY:
            left = min(range(len(kept) - 1), key=lambda at: kept[at + 1] - kept[at])
            self._drop(left if self.points[left] < self.points[left + 1] else left + 1)

    def _forget(self, before: int) -> None:
        for place in reversed([place for place, point in enumerate(self.points) if point < before]):
            self._drop(place)

    def _drop(self, place: int) -> None:
        del self.numbers[place], self.points[place]
