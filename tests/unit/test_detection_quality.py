"""How well the rules judge a simulated day that they were not tuned on."""

import pytest

from benchmarks.detection_days import judged
from test_client.labels import RULE_OF_LABEL, Score, score

UNSEEN_SEED = 101
"""The first day of `make bench-detection`."""
EVENTS = 20_000


@pytest.fixture(scope="module")
def day() -> Score:
    """One day, with visits of every kind, and its score."""
    found = judged(EVENTS, UNSEEN_SEED)
    return score(found.labels, found.found)


@pytest.mark.parametrize("rule", RULE_OF_LABEL.values())
def test_every_rule_is_precise_and_misses_little(day: Score, rule: str) -> None:
    """Precision and recall are at least 0.95, and there was something to find."""
    row = day.rules[rule]
    assert row.right > 0
    assert row.precision is not None
    assert row.recall is not None
    assert min(row.precision, row.recall) >= 0.95
