"""What a proof says of parts that only AWS has: the state of a mapping, and an execution of the state machine."""

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from batch_jobs.proof import causes, lake_stages
from batch_jobs.proof.marked_events import EVENT_TYPE, MarkedEvents
from batch_jobs.proof.proving import Limits, Proof, StageError
from clickstream.intake.events import parse

FUNCTION = "clickstream-dev-process-events"
ROLE = "arn:aws:iam::123456789012:role/any"
SENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def proof(**names: str) -> Proof:
    """A proof that has sent its events."""
    return Proof("clickstream-dev", names, MarkedEvents("0123456789ab", 2, SENT), Limits(1, 1))


@pytest.fixture
def mapping(aws: None) -> str:
    """A disabled mapping of a function; its id."""
    iam: Any = boto3.client("iam")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="any", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("process_events.py", "def handler(event, context): ...")
    functions: Any = boto3.client("lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="process_events.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    streams: Any = boto3.client("kinesis")
    streams.create_stream(StreamName="events", ShardCount=1)
    arn = streams.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["StreamARN"]
    boto3.client("s3").create_bucket(Bucket="failures")
    boto3.client("logs").create_log_group(logGroupName=causes.log_group(FUNCTION))
    made = functions.create_event_source_mapping(
        FunctionName=FUNCTION, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", Enabled=False
    )
    found: str = made["UUID"]
    return found


def test_a_disabled_mapping_is_named_with_the_command_that_enables_it(mapping: str) -> None:
    """The state of the mapping comes first, the log group last."""
    found = causes.of_function(proof(FailureBucketName="failures"), FUNCTION)
    assert found[0] == (
        f"the event source mapping {mapping} of {FUNCTION} is Disabled: "
        f"aws lambda update-event-source-mapping --uuid {mapping} --enabled"
    )
    assert found[-1] == f"see the log group /aws/lambda/{FUNCTION}"


def test_what_the_function_said_last_and_what_was_given_up(mapping: str) -> None:
    """Only lines since the proof began count; batches in the failure bucket are told with the verb that takes them."""
    logs: Any = boto3.client("logs")
    group = causes.log_group(FUNCTION)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    at_ms = int(SENT.timestamp() * 1000)
    lines = [(at_ms - 3_600_000, "[ERROR] an hour ago"), (at_ms, "[ERROR] AccessDenied"), (at_ms + 1, "all is well")]
    events = [{"timestamp": at, "message": text} for at, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    boto3.client("s3").put_object(Bucket="failures", Key="aws/lambda/any/shardId-0/2026/11/21/one", Body=b"{}")
    found = causes.of_function(proof(FailureBucketName="failures"), FUNCTION)
    assert found[1] == f"{FUNCTION} failed: [ERROR] AccessDenied"
    assert found[2] == "1 batches that were given up lie in failures: `make recover`"


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("FAILURE", r"the batch ended FAILED .*; see the execution arn:\S+:smoke-0123456789ab, and"),
        ("SUCCESS", "the batch has not ended after 1 s; see the execution arn:"),
    ],
)
def test_a_batch_that_does_not_succeed(aws: None, history: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the execution, which has the id of the run, and the Glue job whose run has the reason."""
    monkeypatch.setenv("SF_EXECUTION_HISTORY_TYPE", history)
    client: Any = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "Run", "States": {"Run": {"Type": "Wait", "Seconds": 60, "End": True}}})
    arn = client.create_state_machine(name="batch", definition=definition, roleArn=ROLE)["stateMachineArn"]
    with pytest.raises(StageError, match=words) as caught:
        lake_stages.compact(proof(StateMachineArn=arn, JobName="clickstream-dev-batch"))
    assert "newest run of the Glue job clickstream-dev-batch" in str(caught.value)
    (started,) = client.list_executions(stateMachineArn=arn)["executions"]
    assert json.loads(client.describe_execution(executionArn=started["executionArn"])["input"]) == {"steps": "now"}


def test_marked_events_are_accepted_and_name_nobody() -> None:
    """Each shard has a session, each event its own id; all are of the one type that counters keep."""
    marked = MarkedEvents("0123456789ab", 3, SENT)
    events = [parse(data) for shard in range(3) for data in marked.of_shard(shard)]
    assert len({event.event_id for event in events}) == marked.count == 21
    assert {event.event_type for event in events} == {EVENT_TYPE}
    assert {event.session_id for event in events} == {f"smoke-0123456789ab-{shard}" for shard in range(3)}
    assert {event.user_id for event in events} == {None}
