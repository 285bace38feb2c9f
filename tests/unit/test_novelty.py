"""The bounded memory of numbers."""

import random

from hypothesis import given
from hypothesis import strategies as st

from clickstream.detection.novelty import CAPACITY, FORGET_EVERY, HORIZON, Novelty

SPACING = 0.01


def test_a_number_seen_before_is_no_news() -> None:
    """What is within the spacing of a known number has next to no distance."""
    novelty = Novelty()
    for point, number in enumerate((10.0, 20.0, 30.0)):
        novelty.see(number, point, SPACING)
    assert novelty.see(20.0, 3, SPACING) == 0
    assert novelty.see(20.1, 4, SPACING) <= SPACING


def test_the_gap_to_the_nearest_is_measured_in_parts_of_the_range() -> None:
    """A number in the middle of a range of two is half the range away; one far outside is nearly all of it."""
    novelty = Novelty()
    novelty.see(0.0, 0, SPACING)
    novelty.see(100.0, 1, SPACING)
    assert novelty.see(50.0, 2, SPACING) == 0.5
    assert novelty.see(1000.0, 3, SPACING) == 0.9


def test_units_do_not_matter() -> None:
    """The same series in other units has the same novelties."""
    chance = random.Random(3)  # noqa: S311  a seeded draw, no secret
    numbers = [chance.gauss(0, 1) for _ in range(500)]
    one, other = Novelty(), Novelty()
    for point, number in enumerate(numbers):
        assert abs(one.see(number, point, SPACING) - other.see(1024 * number, point, SPACING)) < 1e-9


def test_what_does_not_come_back_is_forgotten() -> None:
    """After the horizon a single burst no longer stretches the range."""
    novelty = Novelty()
    novelty.see(1_000_000.0, 0, SPACING)
    for point in range(1, HORIZON + 2 * FORGET_EVERY):
        novelty.see(float(point % 10), point, SPACING)
    assert max(novelty.numbers) == 9
    assert novelty.see(1_000_000.0, HORIZON + 2 * FORGET_EVERY, SPACING) > 0.9


@given(st.lists(st.floats(-1e12, 1e12), max_size=400))
def test_memory_is_bounded_and_in_order(numbers: list[float]) -> None:
    """Whatever comes, at most CAPACITY numbers are kept, sorted, each with its age, and a distance is from 0 to 1."""
    novelty = Novelty()
    for point, number in enumerate(numbers):
        assert 0 <= novelty.see(number, point, SPACING) <= 1
    assert len(novelty.numbers) == len(novelty.points) <= CAPACITY
    assert novelty.numbers == sorted(novelty.numbers)


def test_capacity_is_reached_and_held() -> None:
    """A range that grows by factors keeps adding numbers: the closest pair gives one up."""
    novelty = Novelty()
    for point in range(400):
        novelty.see(1.5**point, point, SPACING)
    assert len(novelty.numbers) == CAPACITY
