"""Lambda's Kinesis envelope in and out."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.errors import LedgerError
from clickstream.intake.kinesis import Batch, Record, all_done, decode_batch, retry_from
from clickstream.positions import padded

NUMBERS = (
    "49590338271490256608559692538361571095921575989136588898",
    "49590338271490256608559692540925702759324208523137515618",
)
ARN = "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"


def envelope(number: str, data: str, arrival: float) -> dict[str, Any]:
    """One record as Lambda hands it over. Source: AWS Lambda developer guide, "Using Lambda with Kinesis"."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": number,
            "data": data,
            "approximateArrivalTimestamp": arrival,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": ARN,
    }


def test_the_documented_envelope_is_read() -> None:
    """The two records of the guide, with their payloads, numbers and arrival times."""
    event = {
        "Records": [
            envelope(NUMBERS[0], "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==", 1545084650.987),
            envelope(NUMBERS[1], "VGhpcyBpcyBvbmx5IGEgdGVzdC4=", 1545084711.166),
        ]
    }
    first = datetime(2018, 12, 17, 22, 10, 50, 987000, tzinfo=UTC)
    second = datetime(2018, 12, 17, 22, 11, 51, 166000, tzinfo=UTC)
    assert decode_batch(event) == Batch(
        ARN,
        "shardId-000000000006",
        (
            Record(NUMBERS[0], padded(NUMBERS[0]), first, b"Hello, this is a test."),
            Record(NUMBERS[1], padded(NUMBERS[1]), second, b"This is only a test."),
        ),
    )


@settings(max_examples=300, deadline=None, database=None)
@given(st.integers(0, 2**32 * 1000), st.binary(max_size=50))
def test_arrival_is_exact_to_the_millisecond_and_data_to_the_byte(milliseconds: int, data: bytes) -> None:
    """Floating-point seconds give one answer: the millisecond that the service keeps."""
    event = {"Records": [envelope("1", base64.b64encode(data).decode(), milliseconds / 1000)]}
    found = decode_batch(event).records[0]
    assert found.received_time == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert found.data == data


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "x"}]},
        {"Records": [envelope("1", "not base64", 1.0)]},
        *({"Records": [envelope("1", text, 1.0)]} for text in ("YQ", "-_-_", "YWJj\n", "YW Jj", "YQ==YQ==", "YWJj=")),
        {"Records": [envelope("one", "", 1.0)]},
    ],
)
def test_what_is_no_kinesis_batch_is_refused(event: dict[str, Any]) -> None:
    """A wrong trigger is an error of the deployment, said at once."""
    with pytest.raises((KeyError, ValueError, LedgerError)):
        decode_batch(event)


def test_the_answers_have_the_shape_that_lambda_reads() -> None:
    """Anything else would count as success of the whole batch, or as its failure."""
    assert all_done() == {"batchItemFailures": []}
    assert retry_from(NUMBERS[0]) == {"batchItemFailures": [{"itemIdentifier": NUMBERS[0]}]}
