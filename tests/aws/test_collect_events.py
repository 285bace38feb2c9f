"""The handler of the collector on an account in memory, with services that fail."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

import aws_collector
import collect_events
from clickstream import metrics
from clickstream.intake.envelopes import payloads
from clickstream.settings import CollectEventsSettings, variables
from tests.unit.http_invocation import Unhurried, posted

STREAM, TABLE = "events", "key-limits"
EVENTS = tuple({"event_type": "page_view", "session_id": f"s{n}", "event_id": f"e{n}"} for n in range(20))
ALL = [f"e{n}" for n in range(20)]


class Services:
    """Where requests go, and how often."""

    def __init__(self) -> None:
        self.kinesis, self.calls = boto3.client("kinesis", config=aws_collector.CONFIG), 0

    def stored(self) -> list[str]:
        """The ids of all events in the stream, in order, each as often as it is there."""
        found = []
        for shard in self.kinesis.list_shards(StreamName=STREAM)["Shards"]:
            where = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = self.kinesis.get_shard_iterator(StreamName=STREAM, **where)["ShardIterator"]  # type: ignore[arg-type]  # a word of the list
            for record in self.kinesis.get_records(ShardIterator=iterator)["Records"]:
                found += [json.loads(payload)["event_id"] for payload in payloads(record["Data"])]
        return found


@pytest.fixture
def deployed(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Services]]:
    """Deploys stream, table and function; time does not pass for whoever sleeps."""

    def deploy(**more: Any) -> Services:
        settings = {"stream_name": STREAM, "stream_buckets": 4, "claims_table": TABLE, **more}
        for name, value in variables(CollectEventsSettings, **settings).items():
            monkeypatch.setenv(name, value)
        services = Services()
        services.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        keys = (("pk", "HASH"), ("sk", "RANGE"))
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],  # type: ignore[typeddict-item]
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        return services

    passed = [0.0]
    monkeypatch.setattr(time, "sleep", lambda seconds: passed.__setitem__(0, passed[0] + seconds))
    monkeypatch.setattr(time, "monotonic", lambda: passed[0])
    collect_events.collector.cache_clear()
    yield deploy
    collect_events.collector.cache_clear()


def answered(capsys: pytest.CaptureFixture[str], *events: Any, **headers: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to a request with these events, and the one line of log."""
    response = collect_events.handler(posted(*events, **headers), Unhurried())
    (line,) = capsys.readouterr().out.splitlines()
    return response, json.loads(line)


def failing(monkeypatch: pytest.MonkeyPatch, *faults: Any) -> list[int]:
    """Let calls of PutRecords end like this, one after the other, the last for ever; counts them.

    None: all is well. An exception: it never arrived. A pair of True and one: it arrived, and the reply was lost. A
    number: of the records so many, from the first, are refused.
    """
    left, calls = list(faults), [0]
    collector = collect_events.collector()
    put: Any = collector._put
    real = put._client.put_records

    def put_records(**arguments: Any) -> Any:
        calls[0] += 1
        fault = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, tuple):
            real(**arguments)
            raise fault[1]
        records = arguments["Records"]
        refused = records[: fault or 0]
        taken = records[len(refused) :]
        entries = real(**arguments | {"Records": taken})["Records"] if taken else []
        code = "ProvisionedThroughputExceededException"
        return {"Records": [{"ErrorCode": code, "ErrorMessage": "later"} for _ in refused] + entries}

    monkeypatch.setattr(put, "_client", type("Client", (), {"put_records": staticmethod(put_records)}))
    return calls


THROTTLED = ClientError({"Error": {"Code": "LimitExceededException", "Message": "later"}}, "PutRecords")
NOBODY = ConnectTimeoutError(endpoint_url="https://kinesis")
SILENT = ReadTimeoutError(endpoint_url="https://kinesis")


def test_an_answer_comes_after_the_stream(
    deployed: Callable[..., Services], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every event is in the stream once, and the log has counts and no payload."""
    services = deployed()
    response, line = answered(capsys, *EVENTS)
    assert response["statusCode"] == HTTPStatus.OK
    assert sorted(services.stored()) == sorted(ALL)
    assert (line[metrics.REQUESTS], line[metrics.EVENTS], line[metrics.REFUSED_PERCENT]) == (1, 20, 0)
    assert 1 <= line[metrics.RECORDS] <= 4
    assert line["status"] == HTTPStatus.OK
    assert "203.0.113.9" not in json.dumps(line)
    assert "e1" not in json.dumps(line)


@pytest.mark.parametrize(
    "faults",
    [
        (1, None), (2, 1, 1, None), (4, None), (THROTTLED, None), (NOBODY, 2, None),
        ((True, SILENT), None), ((True, SILENT), (True, THROTTLED), 1, None),
    ],
)  # fmt: skip
def test_passing_faults_lose_nothing(
    deployed: Callable[..., Services],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    faults: tuple[Any, ...],
) -> None:
    """Refused records, lost replies and unreachable services are overcome, and success means that all is there."""
    services = deployed()
    calls = failing(monkeypatch, *faults)
    response, line = answered(capsys, *EVENTS)
    assert response["statusCode"] == HTTPStatus.OK
    assert set(services.stored()) == set(ALL)
    assert calls[0] == len(faults)
    assert line[metrics.RESENT] > 0


@pytest.mark.parametrize("fault", [1, 4, THROTTLED, NOBODY, (True, SILENT)])
def test_lasting_faults_are_answered_with_an_error(
    deployed: Callable[..., Services], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Any
) -> None:
    """What the stream does not take in time is a 503 that says when to come back; the resend completes it."""
    services = deployed()
    calls = failing(monkeypatch, fault)
    response, line = answered(capsys, *EVENTS, origin="https://shop.example")
    assert response["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
    assert 5 <= int(response["headers"]["retry-after"]) <= 15
    assert response["headers"]["access-control-allow-origin"] == "https://shop.example"
    assert (line[metrics.UNAVAILABLE], line[metrics.EVENTS], line[metrics.REFUSED_PERCENT]) == (1, 0, 100)
    assert line["error"]
    assert 1 < calls[0] < 20
    collect_events.collector.cache_clear()
    assert answered(capsys, *EVENTS)[0]["statusCode"] == HTTPStatus.OK
    assert set(services.stored()) == set(ALL)


def test_a_request_without_events_puts_nothing(
    deployed: Callable[..., Services], capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong address is refused, and counts as refused."""
    services = deployed()
    response = collect_events.handler(posted({}, path="/nothing"), Unhurried())
    line = json.loads(capsys.readouterr().out)
    assert (response["statusCode"], line[metrics.REFUSED_PERCENT]) == (HTTPStatus.NOT_FOUND, 100)
    assert services.stored() == []


def key(name: str) -> dict[str, str]:
    """The header with a write key."""
    return {"authorization": "Basic " + b64encode(f"{name}:".encode()).decode()}


def test_only_listed_keys_may_send(deployed: Callable[..., Services], capsys: pytest.CaptureFixture[str]) -> None:
    """A request with another key, or with none, is refused; a listed one gives its events their app."""
    services = deployed(write_keys='{"k1": "shop"}')
    for headers in (key("other"), {}):
        assert answered(capsys, *EVENTS, **headers)[0]["statusCode"] == HTTPStatus.FORBIDDEN
    assert services.stored() == []
    assert answered(capsys, *EVENTS, **key("k1"))[0]["statusCode"] == HTTPStatus.OK
    assert len(services.stored()) == 20


def test_a_key_over_its_limit_waits(deployed: Callable[..., Services], capsys: pytest.CaptureFixture[str]) -> None:
    """The limit holds over containers and for each key; who is over it is told until when."""
    services = deployed(write_keys='{"k1": "", "k2": ""}', events_per_minute=50)
    statuses = []
    for _ in range(4):
        collect_events.collector.cache_clear()
        response, line = answered(capsys, *EVENTS, **key("k1"))
        statuses.append(response["statusCode"])
    assert statuses == [200, 200, 429, 429]
    assert response["headers"]["retry-after"] == "60"
    assert (line[metrics.LIMITED], line["error"]) == (1, "over its limit")
    assert answered(capsys, *EVENTS, **key("k2"))[0]["statusCode"] == HTTPStatus.OK
    assert len(services.stored()) == 60
    items = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert {item["pk"]["S"]: int(item["taken"]["N"]) for item in items} == {"k1": 40, "k2": 20}
    assert all(int(item["expires_at"]["N"]) > int(item["sk"]["S"]) for item in items)


def test_without_its_table_nobody_is_limited(
    deployed: Callable[..., Services], capsys: pytest.CaptureFixture[str]
) -> None:
    """Limits save money; events are worth more. It is counted, and the log says why."""
    services = deployed(events_per_minute=50)
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    response, line = answered(capsys, *EVENTS)
    assert response["statusCode"] == HTTPStatus.OK
    assert line[metrics.UNCHECKED] == 1
    assert "limits are not kept" in line["error"]
    assert len(services.stored()) == 20
