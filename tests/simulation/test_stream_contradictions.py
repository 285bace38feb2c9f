"""What `process_events` does when the ledger, the clock and the stream do not agree, step by step."""

from datetime import timedelta

import pytest

from clickstream.errors import Conflict, InfrastructureError, LedgerError
from clickstream.intake.kinesis import Batch
from clickstream.ledger import Commit, Ledger
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, ROUNDS, EventProcessor
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, encoded, record

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"


class Place:
    """A processor with everything it needs, at a time that the test sets."""

    def __init__(self) -> None:
        self.epoch = "1"
        self.now = ARRIVAL
        self.table, self.bucket, self.counters = MemoryTable(), MemoryBucket(), MemoryTable()
        self.ledger = Ledger(self.table, self.bucket)
        applier = Applier(self.ledger, self.counters, MemoryTable(), 30, lambda: self.now)
        self.processor = EventProcessor(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=applier,
            epochs=Epochs(lambda _: self.epoch, lambda: self.now),
            now=lambda: self.now,
        )

    def process(self, *numbers: int, run_id: str = "run") -> list[Commit]:
        """Process records of these numbers that arrive now."""
        records = tuple(record(encoded(n=number), number, self.now) for number in numbers)
        return self.processor.process(Batch(ARN, "shardId-000000000000", records), run_id).commits

    def everything(self) -> tuple[object, ...]:
        """All that is stored."""
        return dict(self.table.items), dict(self.bucket.objects), dict(self.counters.items)


@pytest.fixture
def place() -> Place:
    """A place with one commit of the records 5 to 7."""
    place = Place()
    place.process(5, 6, 7)
    return place


def test_a_number_below_the_head_that_arrives_later_stops_the_lane(place: Place) -> None:
    """In the same stream numbers grow with time: nothing is written until somebody has looked."""
    before = place.everything()
    place.now += timedelta(minutes=6)
    with pytest.raises(LedgerError, match="records below the head arrived after it was written"):
        place.process(3, 4)
    assert place.everything() == before


def test_such_a_number_in_a_new_stream_belongs_to_another_lane(place: Place) -> None:
    """The numbers of a re-created stream begin again, also when the minute of the old answer is not over."""
    place.processor.epochs.of(ARN)
    place.now += timedelta(minutes=6)
    place.processor.epochs.of(ARN)
    place.epoch = "2"
    [commit] = place.process(5, 6)
    assert (commit.lane.epoch, commit.records) == ("2", 2)
    assert [lane.epoch for lane in place.ledger.lanes(CONSUMER)] == ["1", "2"]


def test_a_number_below_the_head_within_the_doubt_is_filled_in(place: Place) -> None:
    """A batch that was skipped comes back: its records, and only those, go to the fill lane."""
    [commit] = place.process(3, 4, 5, 6)
    assert commit.lane.shard_id.endswith("#fill")
    assert ([int(found.first) for found in commit.ranges], commit.records) == ([3], 2)


def test_a_batch_across_the_head_makes_two_commits(place: Place) -> None:
    """What is below the head and uncovered fills, what is above it extends, what is covered is left alone."""
    fill, main = place.process(4, 5, 7, 8, 9)
    assert (fill.lane, fill.records) == (main.lane.fill, 1)
    assert ([(int(r.first), int(r.last)) for r in main.ranges], main.records) == ([(8, 9)], 2)
    assert sum(item["events"] for item in place.counters.scan()) == 6


def test_a_lane_that_is_always_lost_fails_the_invocation(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five lost races are no success: the batch is delivered again."""
    tries = []

    def lose(self: Ledger, commit: Commit) -> None:
        tries.append(commit)
        raise Conflict("somebody was faster")

    monkeypatch.setattr(Ledger, "append", lose)
    with pytest.raises(InfrastructureError, match="another writer was faster 5 times"):
        place.process(8)
    assert len(tries) == ROUNDS


def test_our_own_commit_whose_reply_was_lost_is_ours(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends a write again that had happened: the conflict with ourselves is a success, counted once."""
    original = Ledger.append

    def twice(self: Ledger, commit: Commit) -> None:
        original(self, commit)
        original(self, commit)

    monkeypatch.setattr(Ledger, "append", twice)
    [commit] = place.process(8, run_id="mine")
    assert (commit.run_id, commit.records) == ("mine", 1)
    assert sum(item["events"] for item in place.counters.scan()) == 4


def test_the_audit_applies_what_a_dead_writer_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last commit of a closed shard is counted although no record comes after it."""
    with monkeypatch.context() as patch:
        patch.setattr(Applier, "apply", lambda *_: None)
        place.process(8, 9)
    assert sum(item["events"] for item in place.counters.scan()) == 3
    assert place.processor.applier.audit(CONSUMER) == 1
    assert sum(item["events"] for item in place.counters.scan()) == 5
