"""Parts of the simulated recovery: code that changes its mind, the failure bucket, and quick files."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator

import msgspec

from clickstream.intake.kinesis import Batch
from clickstream.intake.reasons import Reason, Rejected
from clickstream.intake.rows import Pseudonym, Row
from clickstream.lake_table import LakeTable
from clickstream.ports import ObjectInfo
from clickstream.stream.failures import PREFIX
from tests.simulation.fakes import MemoryBucket
from tests.simulation.faults import FaultyBucket

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
FUNCTION, OTHER_FUNCTION = "process-events", "detect-anomalies"


def packed(rows: Iterable[Row], _table: LakeTable) -> bytes:
    """Stands for a Parquet file, for speed."""
    return msgspec.msgpack.encode(list(rows))


def unpacked(body: bytes, _table: LakeTable) -> list[Row]:
    """The rows of `packed`."""
    return [tuple(row) for row in msgspec.msgpack.decode(body)]


class CodeVersion(Pseudonym):
    """A version of the code. Odd ones refuse the events of `quirk`."""

    def of(self, user_id: str) -> str:
        """The pseudonym."""
        if user_id == "quirk" and int(self.key_id) % 2:
            raise Rejected(Reason.WRONG_TYPE, "refused by this version")
        return super().of(user_id)


class FailureBucket(FaultyBucket):
    """The failure bucket: what operators do there passes the gate."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object under the prefix."""
        return iter(self._gate.read(lambda: list(MemoryBucket.list(self, prefix))))

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        self._gate.write(lambda: MemoryBucket.delete(self, key))

    def give_up(self, batch: Batch, function: str, number: int) -> None:
        """Put the invocation record of a batch, as Lambda does."""
        key = f"{PREFIX}{function}/{batch.shard_id}/{number}"
        MemoryBucket.put(self, key, invocation_record(batch, function))


def invocation_record(batch: Batch, function: str) -> bytes:
    """What Lambda puts into the failure bucket for a batch that the function's mapping gave up."""
    records = [
        {
            "eventID": f"{batch.shard_id}:{record.sequence_number}",
            "eventSourceARN": batch.stream_arn,
            "kinesis": {
                "sequenceNumber": record.sequence_number,
                "approximateArrivalTimestamp": record.received_time.timestamp(),
                "data": b64encode(record.data).decode(),
            },
        }
        for record in batch.records
    ]
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    body = {"requestContext": {"functionArn": arn}, "payload": json.dumps({"Records": records})}
    return json.dumps(body).encode()
