"""How ranks of labelled sessions are measured."""

import numpy as np

from benchmarks.session_scores import auc, precision


def test_auc_counts_pairs() -> None:
    """Of a labelled and another session: won, lost, and half for a tie."""
    is_labelled = np.array([True, False, False, True])
    assert auc(np.array([4.0, 1.0, 2.0, 3.0]), is_labelled) == 1
    assert auc(np.array([1.0, 2.0, 3.0, 0.0]), is_labelled) == 0
    assert auc(np.array([5.0, 5.0, 5.0, 5.0]), is_labelled) == 0.5


def test_precision_looks_at_the_top() -> None:
    """As many as are labelled."""
    assert precision(np.array([4.0, 9.0, 2.0, 3.0]), np.array([True, False, False, True])) == 0.5
