"""Lambda's Kinesis envelope: invocation payload → records, and the partial-batch response.

Rules of the event source mapping: one batch holds records of one shard, in order; the lowest reported sequence number
is where the next try begins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from pybase64 import b64decode

from clickstream.positions import all_padded


class Record(msgspec.Struct, frozen=True, gc=False):
    """One Kinesis record: its number, when the stream took it (UTC), and its bytes, which may hold many events."""

    sequence_number: str
    position: str
    """The sequence number, padded for comparison."""
    received_time: datetime
    data: bytes


@dataclass(frozen=True)
class Batch:
    """Contiguous records of one shard, in order of position. Never empty."""

    stream_arn: str
    shard_id: str
    records: tuple[Record, ...]


class _Data(msgspec.Struct, gc=False):
    """What we need of a record in the envelope; `data` is base64 there."""

    sequenceNumber: str  # noqa: N815  Lambda's name
    data: str
    approximateArrivalTimestamp: float  # noqa: N815  Lambda's name


class _Envelope(msgspec.Struct, gc=False):
    kinesis: _Data
    eventID: str  # noqa: N815  Lambda's name
    eventSourceARN: str  # noqa: N815  Lambda's name


def decode_batch(event: Mapping[str, Any]) -> Batch:
    """The batch of an invocation payload. Raises KeyError, ValueError or `LedgerError` if it is not one of Kinesis."""
    try:
        envelopes = msgspec.convert(event["Records"], list[_Envelope])
    except msgspec.ValidationError as error:
        raise ValueError(f"the invocation payload is not one of Kinesis: {error}") from error
    if not envelopes:
        raise ValueError("the invocation payload holds no record")
    shard_id, _, _ = envelopes[0].eventID.partition(":")
    return Batch(envelopes[0].eventSourceARN, shard_id, tuple(_records([entry.kinesis for entry in envelopes])))


def all_done() -> dict[str, Any]:
    """The response that lets the mapping move on."""
    return {"batchItemFailures": []}


def retry_from(sequence_number: str) -> dict[str, Any]:
    """The response that has the batch delivered again from this record on."""
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}


def _records(found: list[_Data]) -> Iterator[Record]:
    numbers = [data.sequenceNumber for data in found]
    # Rounded to milliseconds: that is what the service keeps, and floats of epoch seconds must give one answer.
    seconds = [round(data.approximateArrivalTimestamp * 1000) / 1000 for data in found]
    received = msgspec.convert(seconds, list[datetime], strict=False)
    return map(Record, numbers, all_padded(numbers), received, [b64decode(data.data, None, True) for data in found])
