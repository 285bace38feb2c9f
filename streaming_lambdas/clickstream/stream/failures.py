"""What lies in the failure bucket: one object per batch that an event source mapping gave up, payload included.

Source: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import binascii
from dataclasses import dataclass
from typing import Any

import msgspec

from clickstream.errors import LakeError, LedgerError
from clickstream.intake.kinesis import Batch, decode_batch
from clickstream.ports import Bucket

PREFIX = "aws/lambda/"


@dataclass(frozen=True)
class FailedBatch:
    """One object: its key, the name of the function whose mapping gave the batch up, and the batch."""

    key: str
    function: str
    batch: Batch


def failed_keys(bucket: Bucket) -> list[str]:
    """Keys of all given-up batches."""
    return [entry.key for entry in bucket.list(PREFIX)]


def read_failure(bucket: Bucket, key: str) -> FailedBatch:
    """The batch under the key. Raises `LakeError` if the object is not an invocation record with its payload."""
    try:
        found: dict[str, Any] = msgspec.json.decode(bucket.get(key))
        payload = found["payload"]
        event = msgspec.json.decode(payload) if isinstance(payload, str) else payload
        arn: str = found["requestContext"]["functionArn"]
        return FailedBatch(key, function_name(arn), decode_batch(event))
    except (msgspec.DecodeError, binascii.Error, KeyError, TypeError, ValueError, LedgerError) as error:
        raise LakeError(f"{bucket.name}/{key} is no given-up batch with its payload ({error!r}): look at it") from error


def function_name(arn: str) -> str:
    """The name in a function's ARN, with or without a qualifier: `arn:aws:lambda:<region>:<account>:function:<name>`.

    Raises `ValueError` for anything else.
    """
    parts = arn.split(":")
    if len(parts) < 7 or parts[5] != "function":
        raise ValueError(f"{arn!r} is no function")
    return parts[6]
