"""The commands on the ledger, from the command line to the services, on AWS in memory."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from aws_processor import build, mappings_of
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import audit_ledger, ledger_tools, recover_events, repair_pages, show_ledger
from clickstream import metrics
from clickstream.intake.kinesis import Batch, Record
from clickstream.ports import Key
from clickstream.positions import padded
from clickstream.settings import ProcessEventsSettings
from clickstream.stream.failures import PREFIX, failed_keys
from clickstream.stream.recovering import Recoverer, epoch_at
from tests.aws.test_handlers import create_table
from tests.simulation.records import encoded
from tests.simulation.recovery_parts import invocation_record

FUNCTION, OTHER = "process-events", "detect-anomalies"
SETTINGS = ProcessEventsSettings("lake", "ledger", "counters", "page-metrics")
NAMES = {
    "LedgerTableName": "ledger",
    "CountersTableName": "counters",
    "PageMetricsTableName": "page-metrics",
    "BucketName": "lake",
    "FailureBucketName": "failures",
    "StreamName": "events",
    "ProcessEventsFunctionName": FUNCTION,
}
STEP = ["--bucket", "lake", "--stream", "events", "--ledger-table", "ledger", "--counters-table", "counters"]
STEP += ["--page-metrics-table", "page-metrics"]


class Deployment:
    """A stream of one shard, the stores, and a failure bucket."""

    def __init__(self) -> None:
        self.kinesis: Any = boto3.client("kinesis")
        self.kinesis.create_stream(StreamName="events", ShardCount=1)
        for name in ("ledger", "counters", "page-metrics"):
            create_table(name)
        for bucket in ("lake", "failures"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        summary = self.kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
        self.arn: str = summary["StreamARN"]
        self.shard_id: str = self.kinesis.list_shards(StreamName="events")["Shards"][0]["ShardId"]
        self.failures = S3Bucket("failures")

    def send(self, *payloads: bytes) -> Batch:
        """Put records, and give them as a batch."""
        for data in payloads:
            self.kinesis.put_record(StreamName="events", Data=data, PartitionKey="key")
        where = {"StreamName": "events", "ShardId": self.shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**where)["ShardIterator"]
        found = self.kinesis.get_records(ShardIterator=iterator)["Records"][-len(payloads) :]
        return Batch(self.arn, self.shard_id, tuple(map(_record, found)))

    def process(self, batch: Batch) -> None:
        """What the function does."""
        build(SETTINGS).process(batch, "run")

    def give_up(self, batch: Batch, function: str = FUNCTION) -> None:
        """What Lambda does with a batch that the function's mapping gave up."""
        number = len(failed_keys(self.failures))
        self.failures.put(f"{PREFIX}{function}/{self.shard_id}/{number}", invocation_record(batch, function))


def _record(found: dict[str, Any]) -> Record:
    number, arrived = found["SequenceNumber"], found["ApproximateArrivalTimestamp"]
    return Record(number, padded(number), arrived.astimezone(UTC), found["Data"])


@pytest.fixture
def deployment(aws: None, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Everything that a stack names."""
    monkeypatch.setattr(ledger_tools, "outputs", lambda _: NAMES)
    monkeypatch.setattr(ledger_tools, "variables_of", lambda _: {})
    monkeypatch.setattr(ledger_tools, "settings_of", lambda _: SETTINGS)
    monkeypatch.setattr("batch_jobs.stream_reading.PAUSE_S", 0)
    return Deployment()


def account(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    """What `show_ledger --json` says, and that it ends with this code."""
    capsys.readouterr()
    assert show_ledger.main(["--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def lines(text: str) -> list[dict[str, Any]]:
    """NDJSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_every_term_is_counted_where_it_happens(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Committed, given up and unread records, landed and bad events; the sums are what the stream holds."""
    deployment.process(deployment.send(encoded(), b"{", encoded()))
    deployment.give_up(deployment.send(encoded(), encoded()))
    deployment.process(deployment.send(encoded()))
    deployment.send(encoded())
    found = account(capsys, 0)
    expected = {"records": 4, "events": 4, "landed": 3, "bad": 1, "waiting": 3, "uncovered": 2, "unread": 1}
    assert {name: found["total"][name] for name in expected} == expected
    assert (found["received"], found["received_from"], found["failure_objects"]) == (7, "the stream", 1)
    assert found["disagreements"] == []


def test_lost_records_are_named(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """A batch that was skipped and lies nowhere is an error with its lane and range."""
    deployment.process(deployment.send(encoded()))
    lost = deployment.send(encoded(), encoded()).records
    deployment.process(deployment.send(encoded()))
    found = account(capsys, 1)
    run = f"{lost[0].sequence_number}…{lost[1].sequence_number}"
    assert any(
        run in text and deployment.shard_id in text and "in no commit" in text for text in found["disagreements"]
    )


def test_the_senders_count_is_believed(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """More records sent than accounted for is an error, whatever the stream says; and a table is printed."""
    deployment.process(deployment.send(encoded()))
    assert show_ledger.main(["--sent-records", "1"]) == 0
    assert show_ledger.main(["--sent-records", "2"]) == 1
    assert "the sender counted 2 records, 1 are accounted for" in capsys.readouterr().out


def test_recover_brings_given_up_batches_back(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run changes nothing; a run commits what is in no commit and removes every object; a second has no work."""
    skipped = deployment.send(encoded(), encoded())
    deployment.give_up(skipped, OTHER)
    deployment.give_up(skipped)
    deployment.process(deployment.send(encoded()))
    assert recover_events.main(["--dry-run"]) == 0
    assert len(failed_keys(deployment.failures)) == 2
    capsys.readouterr()
    assert recover_events.main([]) == 0
    found = lines(capsys.readouterr().out)
    assert sorted(line["result"] for line in found if "result" in line) == ["covered", "recovered"]
    assert found[-1] == {"job": "recover_events", "objects": 2, "records": 2, "open": 0}
    assert failed_keys(deployment.failures) == []
    assert account(capsys, 0)["total"]["records"] == 3
    assert recover_events.main([]) == 0


def test_an_object_of_the_other_consumer_waits(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not fed to the processor, which would jump over what its own mapping has not read yet."""
    deployment.process(deployment.send(encoded()))
    deployment.send(encoded())
    deployment.give_up(deployment.send(encoded()), OTHER)
    assert recover_events.main([]) == 1
    assert "1 objects are left" in capsys.readouterr().err
    assert account(capsys, 0)["total"]["unread"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b'{"requestContext": {"functionArn": "arn:aws:lambda:r:1:function:f"}}',
        b'{"requestContext": {"functionArn": "elsewhere"}, "payload": "{}"}',
        b'{"requestContext": {"functionArn": "arn:aws:lambda:r:1:function:f"}, "payload": "{\\"Records\\": []}"}',
    ],
)
def test_an_unreadable_object_is_left_and_told(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    """Something else in the bucket stops neither the others nor is it removed."""
    deployment.failures.put(f"{PREFIX}x/shard/0", body)
    deployment.give_up(deployment.send(encoded()))
    assert recover_events.main([]) == 1
    results = [line["result"] for line in lines(capsys.readouterr().out) if "result" in line]
    assert sorted(results) == ["failed", "recovered"]
    assert failed_keys(deployment.failures) == [f"{PREFIX}x/shard/0"]
    assert any("is no given-up batch" in text for text in account(capsys, 1)["disagreements"])


def test_an_object_that_somebody_else_removed(deployment: Deployment) -> None:
    """Two operators at once: the second one finds it gone, which is no failure."""
    recoverer = Recoverer(build(SETTINGS), deployment.failures, FUNCTION)
    assert recoverer.recover(f"{PREFIX}gone", "run").result == "gone"


def test_records_of_a_deleted_stream_go_into_its_lane() -> None:
    """The newest epoch that had begun when the record arrived; the current one where times are simulated."""
    arrived = datetime(2026, 11, 21, 9, tzinfo=UTC)
    record = Record("1", padded("1"), arrived, b"")
    start = int(arrived.timestamp())
    epochs = [str(start - 500), str(start - 5), str(start + 60)]
    assert epoch_at(record, epochs, str(start + 60)) == str(start - 5)
    assert epoch_at(record, [str(start + 60)], str(start + 60)) == str(start + 60)


def test_recover_bad_events(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """After a fix the event has landed, and bad counts one less; the sums of the ledger hold before and after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clickstream.intake.envelopes.MAX_EVENTS_PER_RECORD", 0)
        patch.setattr("clickstream.intake.envelopes.KPL_MAGIC", b'{"event_type": "x"')
        patch.setattr("clickstream.intake.rows.PACKED_MAGICS", (b'{"event_type": "x"',))
        deployment.process(deployment.send(b'{"event_type": "x"}', b"{"))
    assert account(capsys, 0)["total"]["bad"] == 2
    assert recover_events.main(["--bad", "--dry-run", "--reason", "unreadable_record"]) == 0
    assert lines(capsys.readouterr().out)[-1] == {
        "job": "recover_events",
        "looked_at": 1,
        "recovered": 1,
        "landed": 1,
    }
    assert recover_events.main(["--bad"]) == 0
    found = account(capsys, 0)["total"]
    assert {name: found[name] for name in ("events", "landed", "bad", "recovered")} == {
        "events": 2,
        "landed": 1,
        "bad": 1,
        "recovered": 1,
    }


def published(name: str) -> list[float]:
    """What the audit has published."""
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=metrics.NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": metrics.LEDGER, "Value": "ledger"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    return [point["Maximum"] for point in found["Datapoints"]]


def test_audit_and_repair(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """The audit applies what a dead writer left, publishes a difference and names it; repair makes the page anew."""
    deployment.process(deployment.send(encoded(), encoded()))
    counters = DynamoTable("counters")
    (page,) = counters.scan()
    counters.delete(Key(page["pk"], page["sk"]))
    assert audit_ledger.main(STEP) == 0
    (page,) = counters.scan()
    assert page["events"] == 2
    counters.put(page | {"events": 9})
    assert audit_ledger.main(STEP) == 0
    assert "9 instead of 2" in capsys.readouterr().err
    assert published(metrics.COUNTER_DIFFERENCE) == [7]
    assert show_ledger.main([]) == 1
    assert repair_pages.main([]) == 0
    assert show_ledger.main([]) == 0
    counters.put(page | {"events": 9, "rev": 20})
    assert audit_ledger.main([*STEP, "--repair"]) == 0
    assert [found["events"] for found in counters.scan()] == [2]


def test_repair_of_all_pages(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost pages come back and foreign ones go, but only while no mapping feeds the function."""
    deployment.process(deployment.send(encoded(), encoded()))
    counters = DynamoTable("counters")
    (page,) = counters.scan()
    counters.put(page | {"events": 9, "lsn": padded("9" * 56)})
    counters.put(page | {"pk": "2026-11-20"})
    mappings = [{"UUID": "u", "State": "Enabled"}]
    monkeypatch.setattr(repair_pages, "mappings_of", lambda _: mappings)
    assert repair_pages.main(["--all"]) == 1
    assert "disable it" in capsys.readouterr().err
    mappings[0]["State"] = "Disabled"
    assert repair_pages.main(["--all"]) == 0
    assert lines(capsys.readouterr().out) == [{"job": "repair_pages", "rebuilt_lanes": 1}]
    assert [(found["pk"], found["events"]) for found in counters.scan()] == [(page["pk"], 2)]
    assert show_ledger.main([]) == 0


def test_mappings_of_a_function_that_is_not_there(aws: None) -> None:
    """None, so that pages can be made anew in a stack whose function is gone."""
    assert mappings_of(FUNCTION) == []


@pytest.mark.parametrize(
    "words",
    [["--minute", "yesterday"], ["--all", "--minute", "2026-11-21T09:05"], ["--lane", "x"], ["--since", "soon"]],
)
def test_wrong_usage(words: list[str]) -> None:
    """Wrong words end with code 2 before anything is asked."""
    with pytest.raises(SystemExit) as raised:
        repair_pages.main(words)
    assert raised.value.code == 2


def test_the_count_of_cloudwatch(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours that are over are compared with IncomingRecords; then only the tail of the stream is read, unless asked."""
    deployment.process(deployment.send(encoded(), encoded()))
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    incoming = {hour: 2}
    monkeypatch.setattr("batch_jobs.ledger_account.incoming_records", lambda *_: incoming)
    monkeypatch.setattr(show_ledger, "now", lambda: datetime.now(UTC) + timedelta(hours=1))
    found = account(capsys, 0)
    assert (found["received"], found["received_from"], found["accounted"]) == (2, "CloudWatch", 2)
    incoming[hour] = 3
    assert "CloudWatch counted 3 records, 2 are accounted for" in account(capsys, 1)["disagreements"][0]
    deployment.send(encoded())
    assert account(capsys, 0)["total"]["unread"] == 1
    assert show_ledger.main(["--whole-stream"]) == 0
