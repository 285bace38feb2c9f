"""Reads that answer with what was there before: the conditional write notices, and everything still counts once."""

from collections.abc import Iterable, Iterator

import pytest

from clickstream.intake.kinesis import Batch
from clickstream.ledger import Ledger, totals
from clickstream.ports import Item, Key
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, encoded, record


class LaggingTable(MemoryTable):
    """A table that answers the next `stale_reads` reads as it was when `remember` was called."""

    stale_reads = 0
    before: dict[Key, Item]

    def remember(self) -> None:
        """The present state is what stale reads will see."""
        self.before = {Key(item["pk"], item["sk"]): item for item in MemoryTable.scan(self)}

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, or existed."""
        wanted = list(keys)
        if not self._is_stale():
            return super().get_many(wanted)
        return {key: self.before[key] for key in wanted if key in self.before}

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition, or those of before."""
        if not self._is_stale():
            return super().query(pk, first=first, last=last, descending=descending, limit=limit)
        other = MemoryTable()
        for item in self.before.values():
            other.put(item)
        return other.query(pk, first=first, last=last, descending=descending, limit=limit)

    def _is_stale(self) -> bool:
        self.stale_reads -= 1
        return self.stale_reads >= 0


class Place:
    """Tables that can lag, and containers over them."""

    def __init__(self) -> None:
        self.ledger_table, self.counters, self.page_metrics = (LaggingTable() for _ in range(3))
        self.ledger = Ledger(self.ledger_table, MemoryBucket())

    def process(self, *numbers: int) -> None:
        """A cold container processes records with these numbers."""
        applier = Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: ARRIVAL)
        processor = EventProcessor(
            ledger=self.ledger,
            bucket=MemoryBucket(),
            applier=applier,
            epochs=Epochs(lambda _: "1", lambda: ARRIVAL),
            now=lambda: ARRIVAL,
        )
        records = tuple(record(encoded(event_id=str(number)), number) for number in numbers)
        processor.process(Batch("arn", "shardId-0", records), f"run {numbers}")

    def counted(self) -> tuple[int, int, int]:
        """Events of the counters, page views, and records in commits."""
        commits = [commit for lane in self.ledger.lanes(CONSUMER) for commit in self.ledger.commits(lane)]
        events = sum(item["events"] for item in MemoryTable.scan(self.counters))
        views = sum(item["page_views"] for item in MemoryTable.scan(self.page_metrics))
        return events, views, totals(commits)["records"]


@pytest.mark.parametrize("reads", [1, 2])
def test_a_head_that_is_read_stale_costs_a_round(reads: int) -> None:
    """A container that does not see the newest commit loses the race for its place, and plans again."""
    place = Place()
    place.process(1, 2)
    place.ledger_table.remember()
    place.process(3, 4)
    place.ledger_table.stale_reads = reads
    place.process(3, 4, 5, 6)
    assert place.counted() == (6, 6, 6)


def test_a_page_that_is_read_stale_is_read_again() -> None:
    """The write is conditional on the revision that was read, so that nothing written since is lost."""
    place = Place()
    place.process(1, 2)
    tables = (place.counters, place.page_metrics)
    for table in tables:
        table.remember()
    place.process(3, 4)
    for table in tables:
        table.stale_reads = 2  # once for the head's commit, once for the new one
    place.process(5, 6)
    assert place.counted() == (6, 6, 6)
