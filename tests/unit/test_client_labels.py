"""Scoring detected anomalies against labels."""

import json
from pathlib import Path

import pytest

from test_client.errors import InputError
from test_client.labels import read_anomalies, read_labels, score

LABELS = {("a", "click_flood"), ("b", "click_flood"), ("b", "bot_agent"), ("c", "checkout_without_journey")}


def test_scores_are_counted_by_session() -> None:
    """A rule is right where its label is, wrong where not, and a session found twice counts once."""
    result = score(LABELS, [("a", "click_rate"), ("a", "click_rate"), ("x", "click_rate"), ("b", "suspicious_agent")])
    rate, agent = result.rules["click_rate"], result.rules["suspicious_agent"]
    assert (rate.right, rate.wrong, rate.missed, rate.precision, rate.recall) == (1, 1, 1, 0.5, 0.5)
    assert (agent.right, agent.wrong, agent.missed, agent.precision, agent.recall) == (1, 0, 0, 1.0, 1.0)


def test_confusion_shows_what_was_taken_for_what() -> None:
    """Rows are labels, columns rules; a missed session is under nothing, an unlabelled one in its own row."""
    found = [("a", "suspicious_agent"), ("b", "click_rate"), ("x", "checkout_without_journey")]
    confusion = score(LABELS, found).as_json()["confusion"]
    assert {rule: count for rule, count in confusion["click_flood"].items() if count} == {
        "click_rate": 1,
        "suspicious_agent": 1,
    }
    assert confusion["bot_agent"]["click_rate"] == 1
    assert confusion["checkout_without_journey"]["nothing"] == 1
    assert confusion["(no label)"]["checkout_without_journey"] == 1


def test_ratios_without_cases_are_none() -> None:
    """Nothing found has no precision, nothing labelled no recall."""
    empty = score(set(), []).rules["click_rate"]
    assert (empty.precision, empty.recall) == (None, None)
    assert empty.cells() == (0, 0, 0, "-", "-")


def test_other_rules_are_counted_apart() -> None:
    """Findings of rules without a label do not count as wrong."""
    result = score(LABELS, [("a", "traffic_drop"), ("a", "click_rate")])
    assert result.other_rules == 1
    assert result.rules["click_rate"].wrong == 0


@pytest.mark.parametrize("as_list", [True, False])
def test_anomalies_come_as_list_or_lines(tmp_path: Path, as_list: bool) -> None:
    """A JSON list over several lines and NDJSON are read alike; more fields and findings without session do no harm."""
    rows = [{"session_id": "a", "rule": "click_rate", "severity": "high"}, {"rule": "traffic_drop"}]
    path = tmp_path / "anomalies.json"
    path.write_text(json.dumps(rows, indent=1) if as_list else "\n".join(map(json.dumps, rows)) + "\n")
    assert read_anomalies(path) == [("a", "click_rate")]


def test_empty_files_mean_nothing_found(tmp_path: Path) -> None:
    """A day without anomalies is an empty file, not an error."""
    (tmp_path / "empty").write_bytes(b"")
    assert read_anomalies(tmp_path / "empty") == []
    assert read_labels(tmp_path / "empty") == set()


@pytest.mark.parametrize("content", ["{", '{"session_id":1,"rule":"click_rate"}', "[1]", "\xff"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    """What is no list of anomalies is one sentence."""
    (tmp_path / "f").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match="is no list of anomalies"):
        read_anomalies(tmp_path / "f")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{}", "is no labels file"), ('{"session_id":"a","label":"odd"}', r"unknown labels \['odd'\]")],
)
def test_other_labels_are_refused(tmp_path: Path, content: str, sentence: str) -> None:
    """What is no labels file, and a label of another simulator, is one sentence."""
    (tmp_path / "f").write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_labels(tmp_path / "f")
