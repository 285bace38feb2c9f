"""Both handlers when any one request, or all tries of any one call, fail; and the reads that guards rest on."""

import base64
import os
from collections import Counter
from itertools import cycle
from typing import Any

import boto3
import pytest

import detect_anomalies
import process_events
from aws_stores import READ_BATCH, READ_ROUNDS, DynamoTable, S3Bucket
from clickstream.errors import InfrastructureError
from clickstream.ledger import Ledger, totals
from clickstream.ports import Key
from clickstream.settings import PREFIX, DetectAnomaliesSettings, ProcessEventsSettings, variables
from tests.aws.empty_stores import new_table
from tests.aws.service_faults import TRIES, Fault, ServiceFaults
from tests.simulation.records import encoded, zstd

FIRST = 49590338271490256608559692538361571095921575989136588898
DONE: dict[str, list[object]] = {"batchItemFailures": []}
RETRY = {"batchItemFailures": [{"itemIdentifier": str(FIRST)}]}
PAYLOADS = (encoded(page_url="/a"), b"{", zstd(encoded(page_url="/a") + b"\n" + encoded(event_type="click")))
CHECKOUT = (encoded(session_id="s1", event_type="purchase"), encoded(session_id="s2"))


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A stream, a topic and a bucket; writers one after the other, so that requests come in one order."""
    boto3.client("kinesis").create_stream(StreamName="events", ShardCount=1)
    boto3.client("sns").create_topic(Name="alerts")
    boto3.client("s3").create_bucket(Bucket="lake")
    monkeypatch.setattr(process_events, "WRITERS", 1)
    monkeypatch.setattr(detect_anomalies, "WRITERS", 1)
    return monkeypatch


def processing(patch: pytest.MonkeyPatch, name: str) -> None:
    """Fresh tables of this name, and a cold container of process_events."""
    tables = {f"{table}_table": f"{table}-{name}" for table in ("ledger", "counters", "page_metrics")}
    environment = variables(ProcessEventsSettings, bucket="lake", **tables)
    _cold(patch, environment, list(tables.values()))


def detecting(patch: pytest.MonkeyPatch, name: str) -> None:
    """Fresh tables of this name, and a cold container of detect_anomalies."""
    tables = {f"{table}_table": f"{table}-{name}" for table in ("session_metrics", "anomalies")}
    arn = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    _cold(patch, variables(DetectAnomaliesSettings, **tables, topic_arn=arn), list(tables.values()))


def _cold(patch: pytest.MonkeyPatch, environment: dict[str, str], tables: list[str]) -> None:
    process_events.processor.cache_clear()
    detect_anomalies.detector.cache_clear()
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)
    for name in tables:
        new_table(name)


def invocation(payloads: tuple[bytes, ...]) -> dict[str, Any]:
    """What Lambda hands over."""
    records = [
        {
            "kinesis": {
                "sequenceNumber": str(FIRST + number),
                "data": base64.b64encode(data).decode(),
                "approximateArrivalTimestamp": 1795251930.25,
            },
            "eventID": f"shardId-000000000000:{FIRST + number}",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        }
        for number, data in enumerate(payloads)
    ]
    return {"Records": records}


def processed(name: str) -> tuple[object, ...]:
    """What ledger, work list, archive and pages say, in comparable words."""
    ledger = Ledger(DynamoTable(f"ledger-{name}"), S3Bucket("lake"))
    commits = [commit for lane in ledger.lanes("process_events") for commit in ledger.commits(lane)]
    listed = [landed for hour in ledger.hours() for landed in ledger.work(hour)]
    named = {landed.key for commit in commits for landed in commit.objects}
    events = [item["events"] for item in DynamoTable(f"counters-{name}").scan()]
    views = [item["page_views"] for item in DynamoTable(f"page_metrics-{name}").scan()]
    assert {landed.key for landed in listed} == named
    assert all(S3Bucket("lake").get(key) for key in named)
    return len(commits), totals(commits), sum(landed.rows for landed in listed), events, views


EVERYTHING_ONCE = 1, {"records": 3, "events": 4, "landed": 3, "bad": 1}, 4, [3], [2]


def process_under_faults(patch: pytest.MonkeyPatch, faults: list[Fault], count: int) -> list[object]:
    """Let each request in turn, and the `count` from it on, fail in each of the ways; returns the first answers."""
    processing(patch, "clean")
    with ServiceFaults().active() as clean:
        assert process_events.handler(invocation(PAYLOADS), None) == DONE
    assert processed("clean") == EVERYTHING_ONCE
    answers: list[object] = []
    for first, fault in zip(range(1, clean.requests + 1), cycle(faults), strict=False):
        processing(patch, f"{fault.name}-{first}")
        with ServiceFaults(fault, first, count).active():
            answers.append(process_events.handler(invocation(PAYLOADS), None))
        assert process_events.handler(invocation(PAYLOADS), None) == DONE
        assert processed(f"{fault.name}-{first}") == EVERYTHING_ONCE
    return answers


def test_a_lost_request_is_the_affair_of_the_sdk(account: pytest.MonkeyPatch) -> None:
    """Whichever request fails, and however, the batch is done by the first delivery and counted once by the second."""
    assert RETRY not in process_under_faults(account, list(Fault), count=1)


def test_a_lost_call_has_the_batch_delivered_again(account: pytest.MonkeyPatch) -> None:
    """Whichever call fails in all its tries, the next delivery leaves everything there once."""
    assert RETRY in process_under_faults(account, list(Fault), count=TRIES)


@pytest.mark.long
@pytest.mark.parametrize("count", [1, TRIES])
@pytest.mark.parametrize("fault", Fault)
def test_any_fault_of_any_request_counts_once(account: pytest.MonkeyPatch, fault: Fault, count: int) -> None:
    """The same for each pair of request and fault."""
    assert (RETRY in process_under_faults(account, [fault], count)) == (count == TRIES)


def test_a_lost_call_has_the_sessions_delivered_again(account: pytest.MonkeyPatch) -> None:
    """Whichever call of detection fails, the next delivery leaves each session and each anomaly there once."""
    detecting(account, "clean")
    with ServiceFaults().active() as clean:
        assert detect_anomalies.handler(invocation(CHECKOUT), None) == DONE
    for first, fault in zip(range(1, clean.requests + 1), cycle(Fault), strict=False):
        detecting(account, str(first))
        with ServiceFaults(fault, first, TRIES).active():
            detect_anomalies.handler(invocation(CHECKOUT), None)
        assert detect_anomalies.handler(invocation(CHECKOUT), None) == DONE
        sessions = {item["pk"]: item["events"] for item in DynamoTable(f"session_metrics-{first}").scan()}
        assert sessions == {"s1": 1, "s2": 1}
        assert DynamoTable(f"anomalies-{first}").get(Key("s1", "checkout_without_journey"))


class LeavingOver:
    """A client whose table answers one key a request, and none once `patience` requests are over."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.sizes: list[int] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  the API's name
        """The first key, unless patience is over; the others are left over."""
        [(name, request)] = RequestItems.items()
        self.sizes.append(len(request["Keys"]))
        assert request["ConsistentRead"]
        done = request["Keys"][:1] if len(self.sizes) <= self.patience else []
        left = request["Keys"][len(done) :]
        return {"Responses": {name: done}, "UnprocessedKeys": {name: {"Keys": left}} if left else {}}


def test_keys_that_are_left_over_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A throttled table answers in parts; every key is read, with a pause before each further request."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    client = LeavingOver(patience=99)
    assert len(DynamoTable("t", client).get_many(Key("a", str(n)) for n in range(7))) == 7
    assert (client.sizes, len(pauses)) == ([7, 6, 5, 4, 3, 2, 1], 6)


def test_keys_that_are_always_left_over_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is delivered again, instead of the function running into its time-out."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    client = LeavingOver(patience=2)
    with pytest.raises(InfrastructureError, match=r"t: 3 keys were not read in 50 requests"):
        DynamoTable("t", client).get_many(Key("a", str(n)) for n in range(5))
    assert len(client.sizes) == READ_ROUNDS


def test_no_request_holds_more_keys_than_one_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchGetItem takes 100 keys."""
    client = LeavingOver(patience=999)
    monkeypatch.setattr(client, "batch_get_item", _answering_all(client.sizes))
    DynamoTable("t", client).get_many(Key("a", str(n)) for n in range(250))
    assert client.sizes == [READ_BATCH, READ_BATCH, 50]


def _answering_all(sizes: list[int]) -> Any:
    def batch_get_item(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  the API's name
        [(name, request)] = RequestItems.items()
        sizes.append(len(request["Keys"]))
        return {"Responses": {name: request["Keys"]}}

    return batch_get_item


def test_guards_are_read_consistently(account: pytest.MonkeyPatch) -> None:
    """Every read of both handlers asks for what was written last; only the list of unsent alerts may lag."""
    reads: Counter[tuple[str, bool]] = Counter()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "BatchGetItem":
            reads.update((model.name, bool(each.get("ConsistentRead"))) for each in params["RequestItems"].values())
        elif model.name in ("GetItem", "Query"):
            reads[f"{model.name} {params.get('IndexName', '')}".strip(), bool(params.get("ConsistentRead"))] += 1

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("provide-client-params.dynamodb.*", note)  # type: ignore[union-attr]
    processing(account, "read")
    process_events.handler(invocation(PAYLOADS), None)
    detecting(account, "read")
    detect_anomalies.handler(invocation(CHECKOUT), None)
    boto3.setup_default_session()
    assert {name for name, is_consistent in reads if not is_consistent} == {"Query pending"}
    assert {name for name, is_consistent in reads if is_consistent} >= {"BatchGetItem", "Query"}
