"""Invocation events, invocation records and mappings, in the shapes of the service."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.failures import GivenUp, failure_key, invocation_record
from local_aws.mapping import EventSourceMapping, is_kinesis
from local_aws.record import (
    ENVELOPE_BYTES,
    ArrivalRule,
    RecordEncoder,
    arrival_from_partition_key,
    event_payload,
    real_arrival,
)

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:count:live"
ENCODER = RecordEncoder(STREAM, "shardId-000000000001")
ARRIVAL_S = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()


def test_an_event_has_the_shape_of_the_service() -> None:
    """Every field a Kinesis event has, data in base64, arrival in seconds."""
    record = ENCODER.encode(sequence_number="77", partition_key='k"1', data=b"\x00\xff", arrival_time=ARRIVAL_S)
    assert json.loads(event_payload([record])) == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": 'k"1',
                    "sequenceNumber": "77",
                    "data": "AP8=",
                    "approximateArrivalTimestamp": ARRIVAL_S,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-000000000001:77",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/local-event-source",
                "awsRegion": "eu-west-1",
                "eventSourceARN": STREAM,
            }
        ]
    }


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=50)), min_size=1, max_size=8))
def test_payload_sizes_are_exact_and_data_survives(records: list[tuple[str, bytes]]) -> None:
    """The sizes that close a batch are those of the event, and functions get the bytes that were sent."""
    encoded = [ENCODER.encode(sequence_number="1", partition_key=k, data=d, arrival_time=0.0) for k, d in records]
    payload = event_payload(encoded)
    assert len(payload) == ENVELOPE_BYTES + sum(record.payload_bytes for record in encoded) - 1
    received = [event["kinesis"] for event in json.loads(payload)["Records"]]
    assert [(event["partitionKey"], base64.b64decode(event["data"])) for event in received] == records


@pytest.mark.parametrize(
    ("rule", "key", "expected"),
    [
        pytest.param(real_arrival, "s1@1767225600123", ARRIVAL_S, id="real"),
        pytest.param(arrival_from_partition_key, "s1@1767225600123", 1767225600.123, id="stamped"),
        pytest.param(arrival_from_partition_key, "s1", ARRIVAL_S, id="not stamped"),
        pytest.param(arrival_from_partition_key, "s1@17672256001x3", ARRIVAL_S, id="no number"),
        pytest.param(arrival_from_partition_key, "user@12", ARRIVAL_S, id="too short for a time"),
        pytest.param(arrival_from_partition_key, "@1767225600123", 1767225600.123, id="nothing but a stamp"),
    ],
)
def test_functions_are_told_the_chosen_arrival_time(rule: ArrivalRule, key: str, expected: float) -> None:
    """A simulated arrival comes from the key alone; age is still measured from the real one."""
    encoder = RecordEncoder(STREAM, "shardId-000000000001", rule)
    record = encoder.encode(sequence_number="1", partition_key=key, data=b"", arrival_time=ARRIVAL_S)
    told = json.loads(record.fragment)["kinesis"]["approximateArrivalTimestamp"]
    assert (told, record.told_arrival_time, record.arrival_time) == (expected, expected, ARRIVAL_S)


def test_an_invocation_record_has_the_shape_of_the_service() -> None:
    """Queues and topics are told the shard, the range and the condition, not the data."""
    records = [
        ENCODER.encode(sequence_number=number, partition_key="p", data=b"d", arrival_time=ARRIVAL_S + index)
        for index, number in enumerate(["5", "6"])
    ]
    mapping = EventSourceMapping("uuid", STREAM, FUNCTION)
    given_up = GivenUp("shardId-000000000001", records, "RetryAttemptsExhausted", 3, is_function_error=True)
    record = invocation_record(mapping, given_up, time_s=ARRIVAL_S)
    assert len(record["requestContext"].pop("requestId")) == 36
    assert record == {
        "requestContext": {
            "functionArn": FUNCTION,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-03-01T12:00:00.250Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000001",
            "startSequenceNumber": "5",
            "endSequenceNumber": "6",
            "approximateArrivalOfFirstRecord": "2026-03-01T12:00:00.250Z",
            "approximateArrivalOfLastRecord": "2026-03-01T12:00:01.250Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_failure_objects_are_named_by_mapping_shard_and_day() -> None:
    """The object names follow the documented scheme."""
    key = failure_key("uuid", "shardId-000000000001", ARRIVAL_S)
    assert key.startswith("aws/lambda/uuid/shardId-000000000001/2026/03/01/2026-03-01T12.00.00-")


def test_a_mapping_is_read_with_the_defaults_of_the_service() -> None:
    """What the API leaves out means: 100 records, no window, no limits."""
    mapping = EventSourceMapping.from_api({"UUID": "u", "EventSourceArn": STREAM, "FunctionArn": FUNCTION})
    assert mapping == EventSourceMapping("u", STREAM, FUNCTION, batch_size=100, max_retries=-1, max_age_s=-1)
    assert (mapping.function_name, mapping.stream_name) == ("count", "clicks")


def test_a_mapping_is_read_with_all_its_settings() -> None:
    """Zero retries are a setting, not an absence; settings that are not applied here are named."""
    mapping = EventSourceMapping.from_api(
        {
            "UUID": "u",
            "EventSourceArn": STREAM,
            "FunctionArn": FUNCTION,
            "State": "Enabled",
            "BatchSize": 10_000,
            "MaximumBatchingWindowInSeconds": 10,
            "StartingPosition": "AT_TIMESTAMP",
            "StartingPositionTimestamp": datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
            "MaximumRetryAttempts": 0,
            "MaximumRecordAgeInSeconds": 3_600,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
            "ParallelizationFactor": 2,
            "FilterCriteria": {"Filters": []},
        }
    )
    assert mapping == EventSourceMapping(
        "u",
        STREAM,
        FUNCTION,
        batch_size=10_000,
        window_s=10.0,
        starting_position="AT_TIMESTAMP",
        starting_time=60.0,
        max_retries=0,
        max_age_s=3_600,
        is_bisecting=True,
        is_reporting=True,
        failure_destination="arn:aws:s3:::failures",
        ignored_settings=("ParallelizationFactor",),
    )
    assert mapping.is_polled_by_service


@pytest.mark.parametrize(
    ("arn", "state", "expected"),
    [
        (STREAM, "Disabled", True),
        (STREAM, "Deleting", False),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", "Enabled", False),
    ],
)
def test_only_living_kinesis_mappings_are_run(arn: str, state: str, *, expected: bool) -> None:
    """Queues belong to the emulator, and a mapping on its way out belongs to nobody."""
    assert is_kinesis({"EventSourceArn": arn, "State": state}) == expected
