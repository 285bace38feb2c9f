"""The list of anomalies: which rows it shows, in which order, and with what."""

from datetime import UTC, datetime

import pytest

from batch_jobs import lake_state, list_anomalies
from batch_jobs.list_anomalies import listed, main
from clickstream.errors import ConfigError
from clickstream.ports import Item
from tests.simulation.fakes import MemoryTable


def row(session_id: str, rule: str, severity: str, minute: int) -> Item:
    """A row of the table."""
    time = f"2026-03-01T12:{minute:02d}:00+00:00"
    fields = {"severity": severity, "detected_time": time, "evidence": {"events": 1}, "alerted": True}
    return {"pk": session_id, "sk": rule, "expires_at": 1} | fields


ITEMS = [
    row("b", "click_rate", "high", 5),
    row("a", "suspicious_agent", "low", 3),
    row("traffic#type:click", "traffic_drop#2026-03-01T12:04", "odd", 4),
    {"pk": "click_rate", "sk": "alert", "rev": 1, "free_time": "2026-03-01T12:10:00+00:00"},
]


def test_anomalies_are_listed_oldest_first() -> None:
    """Every anomaly with its session or series, rule, time and evidence; what the senders keep is left out."""
    found = list(listed(ITEMS))
    assert [each["session_id"] for each in found] == ["a", None, "b"]
    assert (found[1]["rule"], found[1]["series"]) == ("traffic_drop", "type:click")
    assert found[2] == {
        "session_id": "b",
        "rule": "click_rate",
        "detected_time": "2026-03-01T12:05:00+00:00",
        "severity": "high",
        "evidence": {"events": 1},
        "alerted": True,
    }


def test_reports_name_rules() -> None:
    """A minute in the key makes no rule of its own, and a turn of the senders is no anomaly."""
    table = MemoryTable()
    for item in ITEMS:
        table.put(item)
    found = [anomaly.rule for anomaly in lake_state.anomalies(table)]
    assert found == ["suspicious_agent", "traffic_drop", "click_rate"]


def test_filters() -> None:
    """By rule, by least severity (an unknown one is shown), and by time."""
    assert [each["session_id"] for each in listed(ITEMS, rule="suspicious_agent")] == ["a"]
    assert [each["series"] for each in listed(ITEMS, rule="traffic_drop")] == ["type:click"]
    assert [each["session_id"] for each in listed(ITEMS, severity="medium")] == [None, "b"]
    assert [each["session_id"] for each in listed(ITEMS, since=datetime(2026, 3, 1, 12, 5, tzinfo=UTC))] == ["b"]


@pytest.mark.parametrize("words", [["--since", "yesterday"], ["--severity", "huge"], ["--nonsense"]])
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unusable option ends with exit code 2 before anything is asked."""
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_stack_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one sentence and exit code 1, not a trace."""

    def refuse(stack: str) -> dict[str, str]:
        raise ConfigError(f"the stack {stack} cannot be read")

    monkeypatch.setattr(list_anomalies, "outputs", refuse)
    assert main(["--stack", "mine"]) == 1
    assert capsys.readouterr().err == "list_anomalies: the stack mine cannot be read\n"
