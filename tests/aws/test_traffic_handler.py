"""The traffic handler from its environment variables to the services, on AWS in memory."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

import detect_traffic_anomalies
from aws_stores import DynamoTable
from clickstream.detection.watching import CURSOR, PARTITION, SETTLED
from clickstream.settings import DetectTrafficAnomaliesSettings, variables
from tests.aws.alert_queue import messages, topic_with_queue
from tests.aws.empty_stores import new_table

START = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
USUAL = 40


class Clock:
    """The handler's clock."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """The time that the test has set."""
        return self.now


@pytest.fixture
def clock(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Tables, a topic with a queue, the function's environment, and a model that learns within 20 minutes."""
    for name in ("counters", "traffic-states", "anomalies"):
        new_table(name)
    tables = {"counters_table": "counters", "traffic_states_table": "traffic-states", "anomalies_table": "anomalies"}
    for name, value in variables(DetectTrafficAnomaliesSettings, **tables, topic_arn=topic_with_queue()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("clickstream.detection.traffic.LEARNING_POINTS", 20)
    monkeypatch.setattr("clickstream.detection.traffic.LEARNING_S", 0)
    clock = Clock()
    monkeypatch.setattr(detect_traffic_anomalies, "_now", clock)
    detect_traffic_anomalies.detector.cache_clear()
    yield clock
    detect_traffic_anomalies.detector.cache_clear()


def count(first: int, last: int, **types: int) -> None:
    """Pages of these minutes after the start, all alike but for a little noise."""
    counters = DynamoTable("counters")
    for minute in range(first, last):
        time = START + timedelta(minutes=minute)
        counts = {name: number + minute % 3 for name, number in types.items() if number}
        page = {"pk": f"{time:%Y-%m-%d}", "sk": f"{time:%H:%M}#lane", "events": sum(counts.values())}
        counters.put(page | {"event_types": counts})


def test_a_tracking_outage_is_stored_and_told_once(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Purchases stop at midnight: one anomaly, one alert that names the series, and a second run does nothing."""
    count(0, 60, page_view=USUAL, purchase=USUAL)
    count(60, 80, page_view=USUAL)
    clock.now = START + timedelta(minutes=80) + SETTLED
    values = detect_traffic_anomalies.handler({}, None)
    outages = [item for item in DynamoTable("anomalies").scan() if item["sk"].startswith("tracking_outage")]
    assert [(item["pk"], item["alerted"], "pending" in item) for item in outages] == [
        ("traffic#type:purchase", True, False)
    ]
    evidence = [message["evidence"] for message in messages()]
    assert ("tracking_outage", "type:purchase", 0) in [(e["rule"], e["series"], e["seen"]) for e in evidence]
    assert len(evidence) == values["alerts"] == values["anomalies"]
    again = detect_traffic_anomalies.handler({}, None)
    assert (again["minutes"], again["anomalies"], again["alerts"]) == (0, 0, 0)
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["series"], line["anomalies"], line["alerts_failed"]) == (3, values["anomalies"], 0)


def test_why_an_alert_failed_is_said(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A topic that is gone fails no run; the one line of the run counts what waits and has the service's own words."""
    count(0, 60, page_view=USUAL, purchase=USUAL)
    count(60, 80, page_view=USUAL)
    sns = boto3.client("sns")
    sns.delete_topic(TopicArn=sns.list_topics()["Topics"][0]["TopicArn"])
    clock.now = START + timedelta(minutes=80) + SETTLED
    values = detect_traffic_anomalies.handler({}, None)
    assert values["alerts_failed"] == values["anomalies"] > 0
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["alerts_failed"]) == ("error", values["anomalies"])
    assert "Publish" in line["error"]
    assert list(DynamoTable("anomalies").indexed("pending", "traffic")) != []


def test_a_paused_run_catches_up(clock: Clock) -> None:
    """Minutes that no run saw are taken in by the next one; each series ends at the newest complete minute."""
    count(0, 50, page_view=USUAL)
    clock.now = START + timedelta(minutes=10) + SETTLED
    detect_traffic_anomalies.handler({}, None)
    clock.now = START + timedelta(minutes=50, seconds=59) + SETTLED
    assert detect_traffic_anomalies.handler({}, None)["minutes"] == 40
    last = {item["sk"]: item.get("last") for item in DynamoTable("traffic-states").query(PARTITION)}
    newest = (START + timedelta(minutes=49)).isoformat()
    assert last == {CURSOR: None, "total": newest, "type:page_view": newest}


def test_minutes_that_are_still_being_counted_wait(clock: Clock) -> None:
    """The newest two minutes are not read yet."""
    count(0, 10, page_view=USUAL)
    clock.now = START + timedelta(minutes=10)
    detect_traffic_anomalies.handler({}, None)
    last = {item.get("last") for item in DynamoTable("traffic-states").query(PARTITION)} - {None}
    assert last == {(START + timedelta(minutes=7)).isoformat()}
