"""The platform as senders and functions meet it: a real emulator, functions made through the Lambda API."""

import json
from pathlib import Path

import pytest

from local_aws.__main__ import main
from local_aws.access import Endpoints
from local_aws.deploy import is_bootstrapped
from local_aws.errors import PlatformError
from local_aws.node import find_cdk
from local_aws.state import StateFolder
from tests.end_to_end.counting_pipeline import Pipeline


def _local_aws(state: StateFolder, *words: str) -> int:
    return main([words[0], "--state", str(state.root), *words[1:]])


def _wait(state: StateFolder) -> None:
    assert _local_aws(state, "wait", "--timeout", "60") == 0


@pytest.fixture
def pipeline(endpoints: Endpoints) -> Pipeline:
    """Give each test a stream and a bucket of its own."""
    pipeline = Pipeline(endpoints)
    pipeline.create(shards=2)
    return pipeline


def test_every_record_is_counted_once_by_every_consumer(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """Two functions on two shards count what was sent; the emulator's poller is switched off where it was on."""
    pipeline.add_function(0)
    pipeline.add_function(1, Enabled=True, MaximumBatchingWindowInSeconds=300)
    _wait(platform_state)
    pipeline.send(3_000)
    _wait(platform_state)
    assert [pipeline.count("done", number) for number in (0, 1)] == [3_000, 3_000]


def test_a_poison_record_is_isolated_and_kept(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """The report saves what came first, splitting saves what came after, and the bucket gets the one record whole."""
    pipeline.add_function(
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{pipeline.name}"}},
    )
    pipeline.send(200, poison=57, key="one-shard")
    _wait(platform_state)
    (failure,) = pipeline.failures()
    assert pipeline.count("done") == 199
    assert failure["KinesisBatchInfo"]["batchSize"] == 1
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    (event,) = json.loads(failure["payload"])["Records"]
    assert event["kinesis"]["sequenceNumber"] == failure["KinesisBatchInfo"]["startSequenceNumber"]


def test_a_function_that_always_raises_is_tried_retries_plus_one_times(
    pipeline: Pipeline, platform_state: StateFolder
) -> None:
    """Two poison records are split apart, tried three times each, and kept one by one."""
    pipeline.add_function(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{pipeline.name}"}},
    )
    pipeline.send(2, is_all_poison=True, key="one-shard")
    _wait(platform_state)
    failures = pipeline.failures()
    assert [failure["KinesisBatchInfo"]["batchSize"] for failure in failures] == [1, 1]
    assert pipeline.count("done") == 0
    singles, splits = 2 * 3, 1
    assert pipeline.count("tries") == singles + splits


def test_queues_and_topics_are_told_about_given_up_records(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """Both on-failure destinations without payload get one message for one record given up."""
    sqs, sns = pipeline.client("sqs"), pipeline.client("sns")
    queues = [sqs.create_queue(QueueName=f"{pipeline.name}-{kind}")["QueueUrl"] for kind in ("direct", "topic")]
    arns = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"] for url in queues
    ]
    topic = sns.create_topic(Name=pipeline.name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[1], Attributes={"RawMessageDelivery": "true"})
    for number, destination in enumerate((arns[0], topic)):
        pipeline.add_function(
            number, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": destination}}
        )
    pipeline.send(1, is_all_poison=True)
    _wait(platform_state)
    for url in queues:
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]
        record = json.loads(message["Body"])
        assert (record["KinesisBatchInfo"]["batchSize"], "payload" in record) == (1, False)


def test_a_changed_mapping_and_a_split_shard_go_on(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """New settings take effect without a restart of the platform, and child shards are read from their start."""
    pipeline.add_function()
    pipeline.send(100)
    _wait(platform_state)
    kinesis, functions = pipeline.client("kinesis"), pipeline.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=f"{pipeline.name}-0")["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=10)
    kinesis.split_shard(StreamName=pipeline.name, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    pipeline.send(100)
    _wait(platform_state)
    assert pipeline.count("done") == 200


def test_simulated_arrival_times_reach_the_function(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """Records of two simulated hours arrive in one invocation and still belong to two hours."""
    pipeline.add_function()
    kinesis = pipeline.client("kinesis")
    hour_ms = 3_600_000
    records = [{"Data": b"{}", "PartitionKey": f"k@{n * hour_ms}", "ExplicitHashKey": "0"} for n in (400_000, 400_001)]
    kinesis.put_records(StreamName=pipeline.name, Records=records)
    _wait(platform_state)
    assert pipeline.count("hours") == 2


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Write a synthesised CDK app of one topic, so that no test waits for a synthesis."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "deployed"}}},
        "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
    }
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://000000000000/us-east-1",
        "properties": {"templateFile": "Small.template.json"},
    }
    folder = tmp_path / "assembly"
    folder.mkdir()
    (folder / "Small.template.json").write_text(json.dumps(template))
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"Small": stack}}))
    return folder


def test_the_real_cdk_deploys(platform_state: StateFolder, endpoints: Endpoints, assembly: Path) -> None:
    """Bootstrap and deploy by the real command line, outputs in the state folder, resources on the platform."""
    try:
        find_cdk()
    except PlatformError as error:
        pytest.skip(str(error))
    assert _local_aws(platform_state, "deploy", "--app", str(assembly)) == 0
    topics = Pipeline(endpoints).client("sns").list_topics()["Topics"]
    arn = json.loads(platform_state.outputs_file.read_text())["Small"]["Arn"]
    assert {"TopicArn": arn} in topics
    assert is_bootstrapped(endpoints)
