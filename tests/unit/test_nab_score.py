"""The benchmark's scorer: the function itself, and the published scores that it reproduces."""

import pytest

from benchmarks import nab_detectors
from benchmarks.nab_data import ARCHIVE, Nab, read
from benchmarks.nab_score import PROFILES, Series, at_threshold, best
from clickstream.detection.traffic import ALARM

STANDARD = PROFILES[0]
ROWS = 1000
WINDOW = (400, 499)
LABELLED = Series("group/file.csv", (0.0,) * ROWS, ("",) * ROWS, (WINDOW,))


@pytest.fixture(scope="module")
def nab() -> Nab:
    """The public data beside the repository."""
    if not ARCHIVE.exists():
        pytest.skip(f"the public data are not there: {ARCHIVE}")
    return read(ARCHIVE)


def alarms(*rows: int) -> list[list[float]]:
    """Scores of 1 in these rows and 0 elsewhere."""
    return [[float(row in rows) for row in range(ROWS)]]


def test_silence_scores_nothing() -> None:
    """A detector that never speaks gets 0."""
    assert best([LABELLED], alarms(), STANDARD).score == 0


def test_the_first_row_of_the_window_scores_everything() -> None:
    """An alarm at the left edge, and nothing else, gets 100."""
    result = best([LABELLED], alarms(WINDOW[0]), STANDARD)
    assert result.score == pytest.approx(100)
    assert (result.hits, result.false_alarms) == (1, 0)


def test_a_late_hit_scores_less() -> None:
    """The worth of a hit falls towards the right edge of the window, and does not fall below that of a miss."""
    early, middle, late = (
        at_threshold([LABELLED], alarms(row), STANDARD, 1.0).score for row in (WINDOW[0], 450, WINDOW[1])
    )
    assert early > middle > late > 50


def test_only_the_earliest_hit_of_a_window_counts() -> None:
    """Further alarms in the same window neither help nor harm."""
    once, often = (at_threshold([LABELLED], alarms(*rows), STANDARD, 1.0).score for rows in ((420,), (420, 430, 480)))
    assert once == often


def test_a_false_alarm_costs_more_the_farther_it_is_from_a_window() -> None:
    """Just behind a window a false alarm is nearly free; far away, or before any window, it costs its full weight."""
    hit = at_threshold([LABELLED], alarms(WINDOW[0]), STANDARD, 1.0).score
    near, far, before = (
        hit - at_threshold([LABELLED], alarms(WINDOW[0], row), STANDARD, 1.0).score for row in (502, 999, 300)
    )
    assert 0 < near < 1 < far
    assert far == pytest.approx(before) == pytest.approx(100 * 0.11 / 2)


def test_probation_does_not_count() -> None:
    """What happens in the first 15 % of a series is neither a hit nor a false alarm."""
    assert at_threshold([LABELLED], alarms(WINDOW[0], 149), STANDARD, 1.0).false_alarms == 0
    assert at_threshold([LABELLED], alarms(WINDOW[0], 150), STANDARD, 1.0).false_alarms == 1


def test_one_threshold_serves_all_series() -> None:
    """The best threshold weighs the hits of one series against the false alarms of another."""
    noisy = [[0.5 if row % 2 else 0.0 for row in range(ROWS)]]
    quiet = [[0.4 if row == WINDOW[0] else 0.0 for row in range(ROWS)]]
    result = best([LABELLED, LABELLED], noisy + quiet, STANDARD)
    assert result.score < best([LABELLED], quiet, STANDARD).score


def test_random_cut_forest_gets_its_published_score(nab: Nab) -> None:
    """The result file of Random Cut Forest gives the scoreboard's 51.7, 38.4 and 59.8."""
    scores = [best(nab.series, nab.results["randomCutForest"], profile).score for profile in PROFILES]
    assert scores == pytest.approx([51.7, 38.4, 59.8], abs=0.06)


@pytest.mark.long
def test_windowed_gaussian_gets_its_published_score(nab: Nab) -> None:
    """Run anew it equals its result file, which is rounded, and gives the scoreboard's 39.7, 20.9 and 47.4."""
    found = [nab_detectors.windowed_gaussian(one) for one in nab.series]
    for mine, published in zip(found, nab.results["windowedGaussian"], strict=True):
        assert mine == pytest.approx(published, abs=3e-6)
    assert [best(nab.series, found, profile).score for profile in PROFILES] == pytest.approx(
        [39.65, 20.87, 47.41], abs=0.01
    )


@pytest.mark.long
def test_ewma_gets_its_score(nab: Nab) -> None:
    """A z-score in 20 lines gives 35.11, 12.58 and 44.08, as the benchmark's own scorer says."""
    found = [nab_detectors.ewma(one) for one in nab.series]
    assert [best(nab.series, found, profile).score for profile in PROFILES] == pytest.approx(
        [35.11, 12.58, 44.08], abs=0.02
    )


def test_our_detector_beats_the_neural_one_at_its_own_threshold(nab: Nab) -> None:
    """The traffic model with the product's threshold reaches more than Numenta HTM in the standard profile."""
    scores = [nab_detectors.ours(one) for one in nab.series]
    assert at_threshold(nab.series, scores, STANDARD, ALARM).score >= 73.0
