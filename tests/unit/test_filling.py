"""A fill of many separate runs fits the items of the ledger, whatever the number of runs."""

from datetime import timedelta

import msgspec
import pytest

from clickstream.intake.kinesis import Batch
from clickstream.ledger import Ledger, Range
from clickstream.positions import START, Epochs, Lane, ordinal, padded
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, RANGES_PER_COMMIT, EventProcessor, Invocation
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, encoded, record
from tests.unit.test_ledger import commit

HIGH = 20_000
LANE = Lane(CONSUMER, "1", "shardId-0")


def with_every_other_record(runs: int) -> EventProcessor:
    """A processor whose lane has its head far above, and whose fill lane holds each second of so many records."""
    bucket, now = MemoryBucket(), ARRIVAL + timedelta(seconds=1)
    ledger = Ledger(MemoryTable(), bucket)
    applier = Applier(ledger, MemoryTable(), MemoryTable(), 30, lambda: now)
    epochs = Epochs(lambda _: LANE.epoch, lambda: now)
    processor = EventProcessor(ledger, bucket, applier, epochs, lambda: now)
    processor.process(Batch("arn", LANE.shard_id, (record(encoded(), HIGH),)), "head")
    held = [Range(padded(str(2 * n)), padded(str(2 * n))) for n in range(1, runs)]
    for number, start in enumerate(range(0, len(held), 900), 1):
        ranges, previous = tuple(held[start : start + 900]), START if number == 1 else ordinal(number - 1)
        fill = commit(None, number, LANE.fill, ranges=ranges, objects=(), deltas={})
        ledger.append(msgspec.structs.replace(fill, previous=previous, last=ordinal(number)))
    return processor


def filled(processor: EventProcessor, runs: int) -> Invocation:
    """All records up to the last run."""
    records = tuple(record(b"{", number) for number in range(1, 2 * runs))
    return processor.process(Batch("arn", LANE.shard_id, records), "run")


@pytest.mark.parametrize(("runs", "commits"), [(RANGES_PER_COMMIT, 1), (RANGES_PER_COMMIT + 1, 2)])
def test_a_fill_of_many_runs_is_several_commits(runs: int, commits: int) -> None:
    """Each fits an item of DynamoDB, all of them together hold each record once, and a redelivery finds it all done."""
    processor = with_every_other_record(runs)
    found = filled(processor, runs)
    assert [len(each.ranges) for each in found.commits][:-1] == [RANGES_PER_COMMIT] * (commits - 1)
    assert len(found.commits) == commits
    assert found.total("records") == found.total("bad") == runs
    chain = list(processor.ledger.commits(LANE.fill))
    assert [each.previous for each in chain][1:] == [each.last for each in chain][:-1]
    for number in range(1, 2 * runs):
        assert sum(each.covers(padded(str(number))) for each in chain[-commits:]) == number % 2
    assert filled(processor, runs).commits == []
