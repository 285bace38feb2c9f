"""A Kinesis record in the form in which a function receives it."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ArrivalRule = Callable[[str, float], float]
"""(partition key, real arrival in epoch seconds) -> the arrival that the function is told."""

_STAMPED_KEY = re.compile(r"@(\d{12,14})$")
_PAYLOAD_START, _PAYLOAD_END = b'{"Records":[', b"]}"
ENVELOPE_BYTES = len(_PAYLOAD_START) + len(_PAYLOAD_END)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a shard.

    Attributes:
        sequence_number: Position in the shard, as the service spells it.
        arrival_time: When the stream really took it, epoch seconds UTC; record age is measured from here.
        told_arrival_time: The `approximateArrivalTimestamp` that functions and failure records are given.
        fragment: Its JSON object in the invocation event, data base64 encoded.
    """

    sequence_number: str
    arrival_time: float
    told_arrival_time: float
    fragment: bytes

    @property
    def payload_bytes(self) -> int:
        """Bytes it adds to an invocation event, the separating comma included."""
        return len(self.fragment) + 1


def real_arrival(_partition_key: str, arrival_time: float) -> float:
    """Tell functions the real arrival time."""
    return arrival_time


def arrival_from_partition_key(partition_key: str, arrival_time: float) -> float:
    """Tell functions the time at the end of the partition key (`…@<epoch milliseconds>`), if there is one.

    A function of the record alone, so a redelivered record carries the same time again. With it a sender can
    play a whole day in a minute and the pipeline still sees hours pass.
    """
    stamp = _STAMPED_KEY.search(partition_key)
    return int(stamp.group(1)) / 1000 if stamp else arrival_time


@dataclass(frozen=True, slots=True)
class RecordEncoder:
    """Turns what `GetRecords` returns into records of one shard.

    Attributes:
        stream_arn: The stream read.
        shard_id: The shard read.
        arrival_rule: Which arrival time functions are told.
    """

    stream_arn: str
    shard_id: str
    arrival_rule: ArrivalRule = real_arrival

    def encode(self, *, sequence_number: str, partition_key: str, data: bytes, arrival_time: float) -> Record:
        """Build the record and its part of the invocation event.

        The event's shape: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
        """
        region, account = self.stream_arn.split(":")[3:5]
        told_time = self.arrival_rule(partition_key, arrival_time)
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": partition_key,
                "sequenceNumber": sequence_number,
                "data": base64.b64encode(data).decode("ascii"),
                "approximateArrivalTimestamp": told_time,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard_id}:{sequence_number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{account}:role/local-event-source",
            "awsRegion": region,
            "eventSourceARN": self.stream_arn,
        }
        fragment = json.dumps(event, separators=(",", ":")).encode()
        return Record(sequence_number, arrival_time, told_time, fragment)


def event_payload(records: Sequence[Record]) -> bytes:
    """Join records into the invocation event, exactly as counted by `payload_bytes` and `ENVELOPE_BYTES`."""
    return _PAYLOAD_START + b",".join(record.fragment for record in records) + _PAYLOAD_END
