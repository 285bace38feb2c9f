"""The search for fingerprints: exact, whatever their first bits."""

import numpy as np
import pytest

from clickstream.lake.fingerprints import Sought


@pytest.mark.parametrize("count", [0, 1, 300, 20_000])
@pytest.mark.parametrize("spread", [np.uint64(0), np.uint64(48)])
def test_exactly_the_sought_ones_are_found(count: int, spread: np.uint64) -> None:
    """Neither the ones that only begin alike are taken for them, nor is one of them missed."""
    chance = np.random.default_rng(3)
    marks = chance.integers(0, 2**64, 50_000, np.uint64) >> spread  # by 48 bits: all of them begin alike
    sought = np.concatenate([marks[:count:2], chance.integers(0, 2**64, count, np.uint64) >> spread])
    assert np.array_equal(Sought(sought).among(marks), np.isin(marks, sought))
