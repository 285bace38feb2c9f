"""The population stability index of features of sessions."""

from math import log

import pandas as pd
import pytest

from notebooks.drift import Reference, drift, stability_index

HALVES: Reference = {"edges": [10.0], "shares": [0.5, 0.5]}


def test_the_same_shares_have_not_moved() -> None:
    """An edge belongs to the bin above it."""
    assert stability_index(HALVES, [1, 10]) == 0


def test_a_moved_share_counts_in_both_bins() -> None:
    """From halves to a quarter and three quarters: the formula by hand."""
    by_hand = (0.25 - 0.5) * log(0.25 / 0.5) + (0.75 - 0.5) * log(0.75 / 0.5)
    assert stability_index(HALVES, [1, 10, 11, 12]) == pytest.approx(by_hand)


def test_an_empty_bin_is_large_and_finite() -> None:
    """Where nobody is left, the index is far beyond any limit, and still a number."""
    assert 3 < stability_index(HALVES, [11, 12]) < 10


def test_the_largest_drift_comes_first() -> None:
    """With what chance alone would give; a missing value counts as 0."""
    now = pd.DataFrame({"calm": [1, 11, None, 12], "moved": [11, 12, 13, 14]}, dtype="Int64")
    found = drift({"calm": HALVES, "moved": HALVES}, 100, now)
    assert found["feature"].tolist() == ["moved", "calm"]
    assert found["index"].tolist()[1] == 0
    assert found["by_chance"].tolist() == pytest.approx([0.26, 0.26])


def test_no_sessions_cannot_be_compared() -> None:
    """The reason says what to do."""
    with pytest.raises(ValueError, match="choose an interval"):
        drift({"calm": HALVES}, 100, pd.DataFrame({"calm": []}))
