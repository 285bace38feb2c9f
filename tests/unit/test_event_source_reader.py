"""Reading a shard: positions, expired iterators, ends, and answers of a bearable size."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.checkpoints import Checkpoint
from local_aws.record import RecordEncoder
from local_aws.shard_reader import Reading, ShardReader

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"


@dataclass
class FakeShard:
    """A shard as the client shows it: iterators are positions, errors come when they are asked for."""

    size: int
    data: bytes = b"d"
    is_closed: bool = False
    errors: list[str] = field(default_factory=list)
    entered: list[dict[str, Any]] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)

    def get_shard_iterator(self, **words: Any) -> dict[str, str]:
        """Note how the shard is entered."""
        self.entered.append({name: value for name, value in words.items() if name not in {"StreamARN", "ShardId"}})
        after = words.get("StartingSequenceNumber")
        return {"ShardIterator": "0" if after is None else str(int(after) + 1)}

    def get_records(self, **words: Any) -> dict[str, Any]:
        """Answer from the position, or with the next error."""
        self.limits.append(words["Limit"])
        if self.errors:
            raise ClientError({"Error": {"Code": self.errors.pop()}}, "GetRecords")
        start = int(words["ShardIterator"])
        end = min(start + words["Limit"], self.size)
        records = [
            {
                "SequenceNumber": str(number),
                "PartitionKey": "p",
                "Data": self.data,
                "ApproximateArrivalTimestamp": datetime.fromtimestamp(number, UTC),
            }
            for number in range(start, end)
        ]
        is_over = self.is_closed and end == self.size
        following = {} if is_over else {"NextShardIterator": str(end)}
        return {"Records": records, "MillisBehindLatest": (self.size - end) * 10, **following}


def _reader(shard: FakeShard, start: Checkpoint | None = None) -> ShardReader:
    encoder = RecordEncoder(STREAM, "shardId-000000000000")
    return ShardReader(shard, encoder, start or Checkpoint())  # type: ignore[arg-type]  # a fake with two methods


def _numbers(reading: Reading) -> list[int]:
    return [int(record.sequence_number) for record in reading.records]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(Checkpoint(), {"ShardIteratorType": "TRIM_HORIZON"}, id="the start"),
        pytest.param(
            Checkpoint(start_time=5.0),
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)},
            id="a time",
        ),
        pytest.param(
            Checkpoint("3", start_time=5.0),
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": "3"},
            id="a record",
        ),
    ],
)
def test_a_shard_is_entered_at_the_checkpoint(start: Checkpoint, expected: dict[str, Any]) -> None:
    """A record passed counts more than the time at which the shard was once entered."""
    shard = FakeShard(5)
    _reader(shard, start).read()
    assert shard.entered == [expected]


def test_reading_walks_to_the_tip_without_entering_again() -> None:
    """One iterator leads through the shard, and the tip is told from a mere pause."""
    shard = FakeShard(1_500)
    reader = _reader(shard)
    first, second, third = reader.read(), reader.read(), reader.read()
    assert [_numbers(first), _numbers(second), _numbers(third)] == [list(range(1_000)), list(range(1_000, 1_500)), []]
    assert [first.is_tip, second.is_tip, third.is_tip, third.is_end] == [False, True, True, False]
    assert len(shard.entered) == 1


def test_an_expired_iterator_is_replaced_behind_the_last_record() -> None:
    """Nothing is skipped or read twice after a long pause."""
    shard = FakeShard(3)
    reader = _reader(shard)
    assert _numbers(reader.read()) == [0, 1, 2]
    shard.size, shard.errors = 5, ["ExpiredIteratorException"]
    assert reader.read() == Reading()
    assert _numbers(reader.read()) == [3, 4]


def test_a_closed_shard_ends() -> None:
    """The end of a closed shard comes with its last records."""
    reading = _reader(FakeShard(2, is_closed=True)).read()
    assert (_numbers(reading), reading.is_end) == ([0, 1], True)


def test_a_lost_shard_is_gone_not_ended() -> None:
    """A deleted stream may be created again, so its shards are not remembered as finished."""
    assert _reader(FakeShard(2, errors=["ResourceNotFoundException"])).read() == Reading(is_gone=True)


def test_other_errors_reach_the_caller_and_cost_nothing() -> None:
    """After a throttled call the next one brings the same records."""
    reader = _reader(FakeShard(2, errors=["ProvisionedThroughputExceededException"]))
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        reader.read()
    assert _numbers(reader.read()) == [0, 1]


def test_large_records_are_asked_for_in_small_numbers() -> None:
    """An answer stays near 8 MB whatever the size of the records; small ones come 10,000 at a time."""
    large, small = FakeShard(5_000, data=b"x" * 20_000), FakeShard(5_000)
    for shard in (large, small):
        reader = _reader(shard)
        reader.read()
        reader.read()
    assert 200 < large.limits[1] < 400
    assert small.limits[1] == 10_000
