"""The list of anomalies holds anomalies that are in force, and nothing else that lies in their table."""

import json

import pytest

from aws_stores import DynamoTable
from batch_jobs import list_anomalies
from clickstream.detection.alerting import TURN
from tests.aws.empty_stores import new_table

PAST, FUTURE = 1_000_000_000, 9_000_000_000


@pytest.fixture
def anomalies(aws: None, monkeypatch: pytest.MonkeyPatch) -> DynamoTable:
    """The table that the stack names."""
    new_table("anomalies")
    monkeypatch.setattr(list_anomalies, "outputs", lambda _: {"AnomaliesTableName": "anomalies"})
    return DynamoTable("anomalies")


def test_anomalies_are_listed_by_time(anomalies: DynamoTable, capsys: pytest.CaptureFixture[str]) -> None:
    """Oldest first; expired ones, and the turns of the senders of alerts, are left out."""
    fields = {"severity": "low", "evidence": {"events": 3}, "alerted": True}
    for session, minute, expires_at in (("b", "06", FUTURE), ("a", "07", FUTURE), ("old", "05", PAST)):
        time = f"2026-11-21T09:{minute}:00+00:00"
        anomalies.put(fields | {"pk": session, "sk": "rule", "detected_time": time, "expires_at": expires_at})
    anomalies.put({"pk": "rule", "sk": TURN, "rev": 1, "free_time": "2026-11-21T09:10:00+00:00"})
    assert list_anomalies.main([]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(item["session_id"], item["rule"]) for item in listed] == [("b", "rule"), ("a", "rule")]
    assert listed[0]["evidence"] == {"events": 3}
