"""Both stream handlers from their environment variables to the services, on AWS in memory."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detect_anomalies
import process_events
from aws_stores import DynamoTable, S3Bucket
from clickstream.detection.alerting import is_anomaly
from clickstream.errors import ConfigError
from clickstream.intake.portions import portion
from clickstream.ledger import Ledger, totals
from clickstream.ports import Item, Key
from clickstream.settings import DetectAnomaliesSettings, ProcessEventsSettings, variables
from tests.aws.alert_queue import messages, topic_with_queue
from tests.aws.empty_stores import new_table
from tests.simulation.records import encoded, zstd

FIRST = 49590338271490256608559692538361571095921575989136588898
ARRIVAL = 1795251930.25
"""2026-11-21T09:05:30.25Z."""
RETRY = {"batchItemFailures": [{"itemIdentifier": str(FIRST)}]}
DONE: dict[str, list[object]] = {"batchItemFailures": []}


@pytest.fixture
def stream_arn(aws: None) -> str:
    """A stream whose creation time is the epoch."""
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    return kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["StreamARN"]


@pytest.fixture
def topic_arn(aws: None) -> str:
    """A topic with a queue behind it."""
    return topic_with_queue()


@pytest.fixture
def stack(stream_arn: str, topic_arn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Tables, bucket, secret, and the environment of both functions in turn; gives the stream's ARN."""
    for name in ("ledger", "counters", "page-metrics", "session-metrics", "anomalies"):
        new_table(name)
    boto3.client("s3").create_bucket(Bucket="lake")
    secret = json.dumps({"key_id": "k1", "key": "not known to anyone"})
    boto3.client("secretsmanager").create_secret(Name="pseudonym", SecretString=secret)
    process_events.processor.cache_clear()
    detect_anomalies.detector.cache_clear()
    yield stream_arn
    process_events.processor.cache_clear()
    detect_anomalies.detector.cache_clear()


@pytest.fixture
def processing(stack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of process_events."""
    values = {"ledger_table": "ledger", "counters_table": "counters", "page_metrics_table": "page-metrics"}
    environment = variables(ProcessEventsSettings, bucket="lake", pseudonym_secret="pseudonym", **values)
    set_environment(monkeypatch, environment)
    return stack


@pytest.fixture
def detecting(stack: str, topic_arn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of detect_anomalies."""
    tables = {"session_metrics_table": "session-metrics", "anomalies_table": "anomalies"}
    set_environment(monkeypatch, variables(DetectAnomaliesSettings, **tables, topic_arn=topic_arn))
    return stack


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """Set these variables."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def invocation(stream_arn: str, *payloads: bytes) -> dict[str, Any]:
    """What Lambda hands over."""
    return {
        "Records": [
            {
                "kinesis": {
                    "sequenceNumber": str(FIRST + n),
                    "data": base64.b64encode(data).decode(),
                    "approximateArrivalTimestamp": ARRIVAL,
                },
                "eventID": f"shardId-000000000000:{FIRST + n}",
                "eventSourceARN": stream_arn,
            }
            for n, data in enumerate(payloads)
        ]
    }


BATCH = (
    encoded(page_url="/a", user_id="joe@b.org"),
    b"{",
    zstd(encoded(page_url="/a") + b"\n" + encoded(event_type="click")),
)


def test_a_batch_is_archived_committed_and_counted(processing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Objects, commit, work list and both pages say the same, and the structured line holds the numbers."""
    assert process_events.handler(invocation(processing, *BATCH), None) == DONE
    ledger = Ledger(DynamoTable("ledger"), S3Bucket("lake"))
    [lane] = ledger.lanes("process_events")
    [commit] = ledger.commits(lane)
    assert totals([commit]) == {"records": 3, "events": 4, "landed": 3, "bad": 1}
    assert ledger.hours() == ["2026-11-21T09"]
    assert {landed.key for landed in ledger.work("2026-11-21T09")} == {landed.key for landed in commit.objects}
    landing, bad = (S3Bucket("lake").get(landed.key) for landed in commit.objects)
    assert pq.read_table(pa.BufferReader(bad))["payload"].to_pylist() == [b"{"]
    users = pq.read_table(pa.BufferReader(landing), columns=["user_id", "key_id"]).to_pylist()
    assert users[0]["key_id"] == "k1"
    assert len(users[0]["user_id"]) == 32
    [counters] = DynamoTable("counters").scan()
    [pages] = DynamoTable("page-metrics").scan()
    assert (counters["pk"], counters["sk"][:5], counters["events"]) == ("2026-11-21", "09:05", 3)
    assert pages["pages"] == {"/a": 2}
    line, *types = map(json.loads, capsys.readouterr().out.splitlines())
    assert sum(each["EventsProcessed"] for each in types) == line["landed"]
    assert [line[name] for name in ("function", "records", "events", "landed", "bad", "commits")] == [
        *("process_events", 3, 4, 3, 1, 1)
    ]
    metrics = {metric["Name"]: metric["Unit"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert metrics.keys() <= line.keys()
    assert (line["bad_percent"], metrics["bad_percent"]) == (25, "Percent")


def test_a_redelivery_adds_nothing(processing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same batch again, warm and cold, is done without a second commit or count."""
    for _ in range(2):
        assert process_events.handler(invocation(processing, *BATCH), None) == DONE
    process_events.processor.cache_clear()
    assert process_events.handler(invocation(processing, *BATCH), None) == DONE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_type = [line for line in lines if "EventsProcessed" in line]
    lines = [line for line in lines if line not in by_type]
    assert sum(line["EventsProcessed"] for line in by_type) == 3
    assert [line["commits"] for line in lines] == [1, 0, 0]
    assert ["bad_percent" in line for line in lines] == [True, False, False]
    assert [item["events"] for item in DynamoTable("counters").scan()] == [3]


def test_of_too_many_events_the_rest_is_asked_for_again(processing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer names the first record that was not taken; delivered from there on, everything is there once."""
    monkeypatch.setattr(process_events, "portion", partial(portion, max_events=2))
    batch = invocation(processing, *BATCH)
    assert process_events.handler(batch, None) == {"batchItemFailures": [{"itemIdentifier": str(FIRST + 2)}]}
    assert process_events.handler({"Records": batch["Records"][2:]}, None) == DONE
    assert [item["events"] for item in DynamoTable("counters").scan()] == [3]


def test_of_too_many_events_the_first_sessions_are_kept(detecting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for counters: the answer names the first record that was not taken."""
    monkeypatch.setattr(detect_anomalies, "portion", partial(portion, max_events=1))
    batch = invocation(detecting, encoded(session_id="s1"), encoded(session_id="s1"))
    assert detect_anomalies.handler(batch, None) == {"batchItemFailures": [{"itemIdentifier": str(FIRST + 1)}]}
    assert [item["events"] for item in DynamoTable("session-metrics").scan()] == [1]
    assert detect_anomalies.handler({"Records": batch["Records"][1:]}, None) == DONE
    assert [item["events"] for item in DynamoTable("session-metrics").scan()] == [2]


@pytest.mark.parametrize("table", ["ledger", "counters", "page-metrics"])
def test_a_failing_table_has_the_whole_batch_delivered_again(
    processing: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer names the first record; once the table is back, everything is there once."""
    boto3.client("dynamodb").delete_table(TableName=table)
    assert process_events.handler(invocation(processing, *BATCH), None) == RETRY
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["function"], line["shard_id"]) == ("error", "process_events", "shardId-000000000000")
    assert "joe@b.org" not in json.dumps(line)
    new_table(table)
    assert process_events.handler(invocation(processing, *BATCH), None) == DONE
    assert [item["events"] for item in DynamoTable("counters").scan()] == [3]
    assert [item["page_views"] for item in DynamoTable("page-metrics").scan()] == [2]


def test_an_anomaly_is_stored_and_alerted(detecting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Session page, anomaly row and alert; a redelivery adds nothing; the alert names no person."""
    person = {"session_id": "s1", "user_id": "joe@b.org", "ip_address": "203.0.113.7"}
    batch = invocation(detecting, encoded(**person, event_type="purchase"), encoded(session_id="s2"))
    assert detect_anomalies.handler(batch, None) == DONE
    assert detect_anomalies.handler(batch, None) == DONE
    sessions = {item["pk"]: item["events"] for item in DynamoTable("session-metrics").scan()}
    assert sessions == {"s1": 1, "s2": 1}
    anomaly: Item | None = DynamoTable("anomalies").get(Key("s1", "checkout_without_journey"))
    assert anomaly
    assert (anomaly["alerted"], "pending" in anomaly) == (True, False)
    [alert] = messages()
    assert (alert["rule"], alert["severity"], alert["sessions"]) == ("checkout_without_journey", "high", 1)
    assert not {"joe@b.org", "203.0.113.7", "s1"} & set(str(alert).split("'"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["sessions"], line["anomalies"], line["alerts"]) for line in lines] == [(2, 1, 1), (2, 0, 0)]


@pytest.mark.parametrize("table", ["session-metrics", "anomalies"])
def test_a_failing_table_has_the_sessions_delivered_again(
    detecting: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer names the first record, and the second try finds everything to do."""
    batch = invocation(detecting, encoded(session_id="s1", event_type="purchase"))
    boto3.client("dynamodb").delete_table(TableName=table)
    assert detect_anomalies.handler(batch, None) == RETRY
    assert json.loads(capsys.readouterr().out)["function"] == "detect_anomalies"
    new_table(table)
    assert detect_anomalies.handler(batch, None) == DONE
    assert [item["events"] for item in DynamoTable("session-metrics").scan()] == [1]
    assert [item["sk"] for item in DynamoTable("anomalies").scan() if is_anomaly(item)] == ["checkout_without_journey"]


def test_a_missing_setting_stops_the_function(processing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither function reads an event without its settings, and the message names what is missing."""
    monkeypatch.delenv("CLICKSTREAM_BUCKET")
    with pytest.raises(ConfigError, match="CLICKSTREAM_BUCKET"):
        process_events.handler(invocation(processing, *BATCH), None)
    with pytest.raises(ConfigError, match="DetectAnomaliesSettings"):
        detect_anomalies.handler(invocation(processing, *BATCH), None)


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"key_id": "k1"}',
        '{"key_id": "k1", "key": 7}',
        '{"key_id": "k1", "key": ""}',
        '{"key": "long enough a key"}',
    ],
)
def test_a_malformed_secret_stops_the_function(processing: str, text: str) -> None:
    """No user_id is stored in clear because the key could not be read; the message says what the secret must be."""
    boto3.client("secretsmanager").put_secret_value(SecretId="pseudonym", SecretString=text)
    with pytest.raises(ConfigError, match="the secret pseudonym must be"):
        process_events.handler(invocation(processing, *BATCH), None)
