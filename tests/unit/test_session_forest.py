"""The forest without scikit-learn, on a tree that a person can work out."""

import numpy as np
import pytest

from clickstream.errors import LakeError
from clickstream.lake.session_forest import read_forest
from tests.aws.small_forest import ODD, USUAL, forest_bytes


def test_scores() -> None:
    """At the threshold a session still goes to the left; the shorter the path, the odder."""
    forest = read_forest(forest_bytes())
    scores = forest.scores(np.array([[9.0, 1.0], [0.0, 2.0], [0.0, 3.0], [5.0, 1e6]]))
    assert scores.tolist() == [USUAL, USUAL, ODD, ODD]
    assert (scores > forest.limit).tolist() == [False, False, True, True]


def test_no_session_has_no_score() -> None:
    """A date without sessions is none of an error."""
    assert read_forest(forest_bytes()).scores(np.empty((0, 2))).tolist() == []


@pytest.mark.parametrize("body", [b"", b"PK", b"\x80\x04pickle", forest_bytes()[:200]])
def test_what_is_no_forest_is_refused(body: bytes) -> None:
    """The message says what to do; nothing of the file is run."""
    with pytest.raises(LakeError, match="train and register the model again"):
        read_forest(body)


def test_other_features_are_refused() -> None:
    """A matrix with another number of columns cannot be the model's."""
    with pytest.raises(LakeError, match="wants 2 features, not 3"):
        read_forest(forest_bytes()).scores(np.zeros((1, 3)))
