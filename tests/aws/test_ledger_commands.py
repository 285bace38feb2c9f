"""The commands on the ledger, from the command line to the services, on AWS in memory."""

from datetime import UTC, datetime, timedelta
from functools import partial

import boto3
import pytest

from aws_processor import build, mappings_of
from aws_stores import DynamoTable
from batch_jobs import audit_ledger, recover_events, repair_pages, show_ledger
from clickstream import metrics
from clickstream.intake.kinesis import Record
from clickstream.intake.portions import portions
from clickstream.ports import Key
from clickstream.positions import padded
from clickstream.stream import recovering
from clickstream.stream.failures import PREFIX, failed_keys
from clickstream.stream.processing import CONSUMER
from clickstream.stream.recovering import Recoverer, epoch_at
from tests.aws.ledger_stack import FUNCTION, OTHER, SETTINGS, STEP, Deployment, account, lines
from tests.simulation.records import encoded, zstd


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


def test_a_large_batch_is_recovered_in_portions(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the function would have taken it: no more at once than fits."""
    monkeypatch.setattr(recovering, "portions", partial(portions, max_events=2))
    deployment.give_up(deployment.send(*[encoded()] * 5))
    assert recover_events.main([]) == 0
    ledger = build(SETTINGS).ledger
    assert [commit.events for lane in ledger.lanes(CONSUMER) for commit in ledger.commits(lane)] == [2, 2, 1]


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
        deployment.process(deployment.send(zstd(encoded()), b"{"))
    assert account(capsys, 0)["total"]["bad"] == 2
    assert recover_events.main(["--bad", "--dry-run", "--reason", "too_many_events"]) == 0
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
    capsys.readouterr()
    assert [repair_pages.main([]), repair_pages.main([])] == [0, 0]
    said = lines(capsys.readouterr().out)
    assert [(line["before"], line["after"]) for line in said if "before" in line] == [(9, 2), (2, 2)]
    assert [line["repaired"] for line in said if "repaired" in line] == [2, 0]
    assert repair_pages.main(["--lane", "process_events/1/shardId-9"]) == 2
    assert "no lane process_events/1/shardId-9; there are: process_events/" in capsys.readouterr().err
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
