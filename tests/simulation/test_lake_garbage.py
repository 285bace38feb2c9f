"""Removing garbage while the stream is still at work: what a commit names stays, whatever else is unfinished."""

from collections import Counter
from datetime import timedelta

import pytest

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch, Record
from clickstream.lake.compaction import compact_hours
from clickstream.lake.garbage import collect
from clickstream.lake.work import Lake, closed
from clickstream.ledger import Ledger
from clickstream.ports import Item
from clickstream.positions import Epochs, Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from tests.simulation.fake_catalog import MemoryCatalog
from tests.simulation.fake_lake import LANE, rows_under, visible
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, encoded, record

NOW = ARRIVAL + timedelta(hours=1)


class DeniedTable(MemoryTable):
    """A table that refuses writes until it is told otherwise."""

    is_denied = True

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write, if allowed."""
        if self.is_denied:
            raise InfrastructureError("AccessDeniedException")
        super().put_revision(item, read)


class Site:
    """`process_events` before a lake, with counters that can be denied."""

    def __init__(self) -> None:
        self.bucket = MemoryBucket(now=NOW)
        self.ledger = Ledger(MemoryTable(), self.bucket)
        self.counters = DeniedTable()
        self.lake = Lake(self.bucket, self.ledger, MemoryCatalog(), lambda: NOW + timedelta(hours=30))
        self.applier = Applier(self.ledger, self.counters, MemoryTable(), 30, self.lake.clock)

    def process(self, records: list[Record]) -> None:
        """One invocation, in a new container."""
        epochs = Epochs(lambda _: LANE.epoch, lambda: NOW)
        processor = EventProcessor(self.ledger, self.bucket, self.applier, epochs, lambda: NOW)
        processor.process(Batch("arn", LANE.shard_id, tuple(records)), "run")

    def fail_to_apply(self, records: list[Record]) -> None:
        """An invocation that commits and then cannot write its counters."""
        self.counters.is_denied = True
        with pytest.raises(InfrastructureError):
            self.process(records)
        self.counters.is_denied = False


def batch(first: int) -> list[Record]:
    """A good and a bad event of one hour, and a good one of the next."""
    payloads = [(encoded(event_id=f"e{first}"), ARRIVAL), (b"{", ARRIVAL), (encoded(event_id=f"f{first}"), NOW)]
    return [record(data, first + place, time) for place, (data, time) in enumerate(payloads)]


@pytest.mark.parametrize("lane", [LANE, LANE.fill], ids=["main", "fill"])
def test_what_a_commit_names_outlives_a_long_way_to_the_work_list(lane: Lane) -> None:
    """A commit that is applied only after the grace of orphans loses no object, so compaction holds every row."""
    site, seen = Site(), Counter(["e1", "f1"])
    if lane == LANE.fill:
        site.counters.is_denied = False
        site.process(batch(11))
        seen.update(["e11", "f11"])
    site.fail_to_apply(batch(1))
    assert lane in site.ledger.lanes(CONSUMER)
    archived = {key for key in site.bucket.objects if key.startswith(("landing/", "bad_events/"))}

    collected = collect(site.lake)
    assert (collected.orphans, collected.unexplained) == (0, ())
    assert archived <= site.bucket.objects.keys()

    site.process(batch(1))
    hours = closed(site.lake, site.ledger.hours())
    assert [outcome.result for outcome in compact_hours(site.lake, hours)] == ["compacted", "compacted"]
    assert visible(site.lake) == seen
    assert len(rows_under(site.bucket, "bad_events/")) == len(seen) // 2
