"""Reading one shard from a position onwards."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local_aws.checkpoints import Checkpoint
from local_aws.record import Record, RecordEncoder

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_RESPONSE_BYTES_WANTED = 8_000_000
_FIRST_LIMIT, _LARGEST_LIMIT = 1_000, 10_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look into the shard brought.

    Attributes:
        records: New records, in order.
        is_tip: Everything now in the shard has been read.
        is_end: The shard is closed and read to its end.
        is_gone: The shard, or its stream, no longer exists.
    """

    records: tuple[Record, ...] = ()
    is_tip: bool = False
    is_end: bool = False
    is_gone: bool = False


class ShardReader:
    """Walks through a shard; after an error or an expired iterator it goes on behind the last record it returned."""

    def __init__(self, kinesis: "KinesisClient", encoder: RecordEncoder, start: Checkpoint) -> None:
        self._kinesis = kinesis
        self._encoder = encoder
        self._start = start
        self._iterator: str | None = None
        self._limit = _FIRST_LIMIT

    def read(self) -> Reading:
        """Fetch the next records.

        Raises:
            botocore.exceptions.ClientError: The service refused for a reason other than a lost shard or iterator.
        """
        try:
            return self._read()
        except ClientError as error:
            self._iterator = None
            match error.response.get("Error", {}).get("Code"):
                case "ExpiredIteratorException":
                    return Reading()
                case "ResourceNotFoundException":
                    return Reading(is_gone=True)
                case _:
                    raise

    def _read(self) -> Reading:
        iterator = self._iterator or self._enter()
        response = self._kinesis.get_records(
            ShardIterator=iterator, Limit=self._limit, StreamARN=self._encoder.stream_arn
        )
        records = tuple(
            self._encoder.encode(
                sequence_number=raw["SequenceNumber"],
                partition_key=raw["PartitionKey"],
                data=raw["Data"],
                arrival_time=raw["ApproximateArrivalTimestamp"].timestamp(),
            )
            for raw in response["Records"]
        )
        is_tip = response.get("MillisBehindLatest", 0) == 0 and len(records) < self._limit
        self._iterator = response.get("NextShardIterator")
        if records:
            self._start = Checkpoint(sequence_number=records[-1].sequence_number)
            self._adapt_limit(records)
        return Reading(records, is_tip=is_tip, is_end=self._iterator is None)

    def _enter(self) -> str:
        arn, shard_id = self._encoder.stream_arn, self._encoder.shard_id
        if self._start.sequence_number is not None:
            return self._kinesis.get_shard_iterator(
                StreamARN=arn,
                ShardId=shard_id,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                StartingSequenceNumber=self._start.sequence_number,
            )["ShardIterator"]
        if self._start.start_time is not None:
            return self._kinesis.get_shard_iterator(
                StreamARN=arn,
                ShardId=shard_id,
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=datetime.fromtimestamp(self._start.start_time, UTC),
            )["ShardIterator"]
        return self._kinesis.get_shard_iterator(StreamARN=arn, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]

    def _adapt_limit(self, records: tuple[Record, ...]) -> None:
        # The service caps a response at 10 MB; an emulator may not, and records may be 1 MB each.
        average = max(1, sum(record.payload_bytes for record in records) // len(records))
        self._limit = min(_LARGEST_LIMIT, max(1, _RESPONSE_BYTES_WANTED // average))
