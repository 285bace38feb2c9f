"""Sketches: right within their bounds, and the same in whatever order they are made."""

import itertools
import random

import datasketches  # type: ignore[import-untyped]  # ships no type information
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.live.sketches import LONGEST_MS, REGISTERS, distinct, durations, estimate, quantile, united

ERROR = 1.04 / REGISTERS**0.5
WIDTH = 1 / 32
"""Half of the widest bucket, relative to its lower bound."""
IDS = st.lists(st.text(max_size=5), max_size=60)


def ids(count: int, first: int = 0) -> list[str]:
    """Ids as producers make them: a common beginning and a running number."""
    return [f"session-{number:08}" for number in range(first, first + count)]


@pytest.mark.parametrize("count", [1, 10, 100, 1_000, 5_000, 10_000, 12_000, 20_000, 100_000])
def test_an_estimate_is_within_four_standard_errors(count: int) -> None:
    """From a handful to far more ids than registers, also where simpler estimators are biased."""
    assert estimate(distinct(ids(count))) == pytest.approx(count, rel=4 * ERROR, abs=1)


def test_nothing_is_none() -> None:
    """No ids, and no sketch at all, are zero; a handful is exact."""
    assert estimate(distinct([])) == estimate(b"") == estimate(united([])) == 0
    assert [estimate(distinct(ids(count))) for count in range(6)] == [0, 1, 2, 3, 4, 5]


def test_estimates_are_as_good_as_those_of_datasketches() -> None:
    """Over 30 sets of ids, the mean error is below twice that of Apache DataSketches with as many registers."""
    ours, theirs = [], []
    for number in range(30):
        found = ids(3_000 + 700 * number, first=1_000_000 * number)
        peer = datasketches.hll_sketch(12)
        for each in found:
            peer.update(each)
        ours.append(abs(estimate(distinct(found)) / len(found) - 1))
        theirs.append(abs(peer.get_estimate() / len(found) - 1))
    assert sum(ours) < 2 * sum(theirs)


@settings(max_examples=50, deadline=None, database=None)
@given(IDS, IDS, IDS)
def test_merging_is_a_union(left: list[str], right: list[str], more: list[str]) -> None:
    """Any order, any grouping and any repetition give the registers of the ids taken together."""
    a, b, c = distinct(left), distinct(right), distinct(more)
    whole = distinct([*left, *right, *more])
    assert {united(order) for order in itertools.permutations([a, b, c])} == {united([whole])}
    assert united([united([a, b]), united([b, c]), whole]) == united([whole])
    assert united([a, b""]) == united([a])


def test_a_union_counts_common_ids_once() -> None:
    """8,000 ids of which 2,000 are in both parts."""
    found = estimate(united([distinct(ids(5_000)), distinct(ids(5_000, first=3_000))]))
    assert found == pytest.approx(8_000, rel=4 * ERROR)


def test_a_sketch_is_small() -> None:
    """A few bytes for few ids, two kilobytes for any number."""
    assert len(distinct(ids(10))) < 80
    assert len(distinct(ids(50_000))) < 2_048


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.95, 0.99, 1])
def test_a_quantile_is_within_its_bucket(share: float) -> None:
    """Against the exact order, and against the KLL sketch of Apache DataSketches with its own, wider bound."""
    chance = random.Random(7)  # noqa: S311  no secret
    times = sorted(int(chance.lognormvariate(7, 1.5)) for _ in range(20_000))
    exact = times[max(int(share * len(times)) - 1, 0)]
    found = quantile(durations(times), share)
    assert found == pytest.approx(exact, rel=WIDTH, abs=1)
    peer = datasketches.kll_ints_sketch(200)
    for time_ms in times:
        peer.update(time_ms)
    low, high = (peer.get_quantile(min(max(share + side, 0), 1)) for side in (-0.03, 0.03))
    assert low * (1 - WIDTH) <= (found or 0) <= high * (1 + WIDTH)


def test_a_quantile_of_nothing_is_none() -> None:
    """No times, no answer."""
    assert quantile(durations([]), 0.5) is None


@pytest.mark.parametrize(
    ("times", "bucket"),
    [([-5], "0"), ([0], "0"), ([31], "31"), ([32, 33], "32"), ([1023], "992"), ([10**15], "603979776")],
)
def test_the_bucket_of_a_time(times: list[int], bucket: str) -> None:
    """Clocks that are ahead count as no delay, imported history as the longest, and small times stay exact."""
    assert durations(times) == {bucket: len(times)}


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(0, LONGEST_MS))
def test_a_bucket_stands_for_its_times(time_ms: int) -> None:
    """Every time is answered within 1/32, and its bucket begins at or below it."""
    buckets = durations([time_ms])
    assert int(next(iter(buckets))) <= time_ms
    assert quantile(buckets, 0.5) == pytest.approx(time_ms, rel=WIDTH, abs=0.5)


def test_the_longest_time_is_a_bound() -> None:
    """Whatever is longer is answered with the longest time that is told apart."""
    assert quantile(durations([10**15]), 0.5) == LONGEST_MS


def test_buckets_are_few() -> None:
    """However many different times: a map that fits its item."""
    assert len(durations(2**exponent + 2**exponent * step // 64 for exponent in range(40) for step in range(64))) <= 432
