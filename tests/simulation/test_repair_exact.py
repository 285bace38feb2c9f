"""Repair of counter pages while events keep coming: nothing lost, nothing doubled, no repair undone."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch, Record
from clickstream.ledger import Commit, Ledger, PageDelta
from clickstream.live.counters import minute_deltas
from clickstream.ports import Item, Key
from clickstream.positions import Epochs, padded
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from clickstream.stream.repairing import Pages
from clickstream.tables import RAW_EVENTS
from tests.simulation.actors import Actor, draw_fate
from tests.simulation.fakes import MemoryTable
from tests.simulation.faults import FaultyBucket, FaultyTable, Gate
from tests.simulation.records import encoded
from tests.simulation.recovery_parts import ARN, packed, unpacked
from tests.simulation.recovery_schedule import EPOCH, START_TIME

SHARD = "shardId-0"
DAMAGES = ("count", "lost page", "older tables")


class RepairWorld:
    """One shard, one mapping, one damage, and one repair that nobody repeats."""

    def __init__(self, seed: int, damage: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311  reproducible, not secret
        self.damage = damage
        self.gate = Gate()
        self.counters, self.page_metrics = FaultyTable(self.gate), FaultyTable(self.gate)
        self.bucket = FaultyBucket(self.gate)
        self.ledger = Ledger(FaultyTable(self.gate), self.bucket)
        self.now, self.at, self.runs = START_TIME + timedelta(hours=1), 0, 0
        self.records = [self._record(number) for number in range(1, 41)]
        self.live: Actor | None = None
        self.batch: tuple[Record, ...] = ()
        self.backup: dict[Key, Item] = {}
        self.is_damaged = False
        self.repair: Actor | None = None
        self.is_repaired = False
        self.pages = Pages(self.ledger, self.bucket, self.counters, self.page_metrics, 30, lambda: self.now)

    def _record(self, number: int) -> Record:
        data = encoded(event_id=str(number), page_url=f"/{number % 3}")
        return Record(str(number), padded(str(number)), START_TIME + timedelta(seconds=4 * number), data)

    def run(self) -> None:
        """Events, damage in the middle, repair; then the rest of the events without faults."""
        for _ in range(2_000):
            if self.at >= len(self.records) and self.is_repaired:
                break
            self._step()
        while self.gate.late:
            self.gate.land(self.chance)
        if not self.is_repaired:
            self._repair_all()
        Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: self.now).audit(CONSUMER)

    def _step(self) -> None:
        if self.gate.late and self.chance.random() < 0.2:
            self.gate.land(self.chance)
        if self.at == 12 and not self.backup:
            self.backup = {Key(item["pk"], item["sk"]): item for item in self.counters.everything()}
        if self.at >= 24 and not self.is_damaged:
            self._do_damage()
        if self.is_damaged and not self.is_repaired and self.chance.random() < 0.5:
            self._advance_repair()
        else:
            self._advance_live()

    def _do_damage(self) -> None:
        """An old defect, or a restore, at one moment."""
        self.is_damaged = True
        item = max(self.counters.everything(), key=lambda item: str(item["sk"]))
        if self.damage == "older tables":
            self.counters.items.clear()
            for older in self.backup.values():
                MemoryTable.put(self.counters, older)
        elif self.damage == "lost page":
            MemoryTable.delete(self.counters, Key(item["pk"], item["sk"]))
        else:
            MemoryTable.put(self.counters, item | {"events": item["events"] + 7})

    def _advance_repair(self) -> None:
        if self.repair is None:
            self.repair = Actor(self._repair_all)
        self.gate.advance(self.repair, draw_fate(self.chance, 0.05))
        if self.repair.is_done:
            self.is_repaired = not (self.repair.is_killed or self.repair.error)
            self.repair = None

    def _repair_all(self) -> None:
        for lane in self.ledger.lanes(CONSUMER):
            minutes = {minute for commit in self.ledger.commits(lane) for minute in commit.deltas}
            for minute in sorted(minutes):
                self.pages.repair(lane, minute)

    def _advance_live(self) -> None:
        if self.live is None:
            self.batch = tuple(self.records[self.at : self.at + self.chance.randint(1, 3)])
            if not self.batch:
                self.at = len(self.records)
                return
            self.runs += 1
            processor, batch, run_id = self._processor(), Batch(ARN, SHARD, self.batch), f"run-{self.runs}"
            self.live = Actor(lambda: processor.process(batch, run_id))
        self.gate.advance(self.live, draw_fate(self.chance, 0.05))
        if self.live.is_done:
            if self.live.error and not isinstance(self.live.error, InfrastructureError):
                raise self.live.error
            self.at += 0 if self.live.is_killed or self.live.error else len(self.batch)
            self.live = None

    def _processor(self) -> EventProcessor:
        applier = Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: self.now)
        epochs = Epochs(lambda _: EPOCH, lambda: self.now)
        return EventProcessor(self.ledger, self.bucket, applier, epochs, lambda: self.now)

    def violations(self) -> list[str]:
        """Minutes whose pages of all lanes together are not what was sent."""
        sent: dict[str, int] = {}
        for record in self.records[: self.at]:
            minute = record.received_time.isoformat()[:16]
            sent[minute] = sent.get(minute, 0) + 1
        counted: dict[str, int] = {}
        for page in self.counters.everything():
            minute = f"{page['pk']}T{page['sk'][:5]}"
            counted[minute] = counted.get(minute, 0) + page["events"]
        return [f"{sent} were sent, {counted} are counted"] if sent != counted else []


@pytest.fixture(autouse=True)
def packed_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects hold packed rows instead of Parquet, for speed."""
    monkeypatch.setattr("clickstream.intake.landing.parquet", packed)
    monkeypatch.setattr("clickstream.intake.archive.unpacked", unpacked)


def bad_seeds(damage: str, count: int, first: int = 0) -> Iterator[int]:
    """The schedules that end with a wrong page."""
    for seed in range(first, first + count):
        world = RepairWorld(seed, damage)
        world.run()
        if world.violations():
            yield seed


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_repair_is_enough(damage: str) -> None:
    """Whatever the live traffic does meanwhile, in 25 schedules the pages are exact after one repair."""
    assert list(bad_seeds(damage, 25)) == []


@pytest.mark.long
@pytest.mark.parametrize("damage", DAMAGES)
def test_one_repair_is_enough_in_thousands_of_schedules(damage: str) -> None:
    """The same in 700 other schedules of each damage."""
    assert list(bad_seeds(damage, 700, first=100)) == []


def keeps_the_old_position(patch: pytest.MonkeyPatch) -> None:
    """Count everything that is committed, and leave the page's position where it was."""
    original = Pages._guard

    def guard(self: Pages, stored: Item | None, commits: list[Commit]) -> Item:
        return original(self, stored, commits) | ({"lsn": stored["lsn"]} if stored else {})

    patch.setattr(Pages, "_guard", guard)


def counts_what_is_listed(patch: pytest.MonkeyPatch) -> None:
    """Count whatever lies in the landing folder, committed or not."""
    received = RAW_EVENTS.schema.names.index("received_time")

    def delta(self: Pages, commit: Commit, minute: str) -> PageDelta:
        if commit.last != self._touching(commit.lane, minute)[-1].last:
            return PageDelta()
        keys = [entry.key for entry in self.bucket.list("landing/")]
        rows = [row for key in keys for row in unpacked(self.bucket.get(key), RAW_EVENTS)]
        times: list[datetime] = [row[received] for row in rows]
        held = [row for row, time in zip(rows, times, strict=True) if time.isoformat()[:16] == minute]
        return minute_deltas(held).get(minute, PageDelta())

    patch.setattr(Pages, "_delta", delta)


def keeps_the_old_revision(patch: pytest.MonkeyPatch) -> None:
    """Guard by the position alone: a writer that has read the page before the repair does not notice it."""
    original = Pages._guard

    def guard(self: Pages, stored: Item | None, commits: list[Commit]) -> Item:
        return original(self, stored, commits) | ({"rev": stored["rev"]} if stored else {})

    patch.setattr(Pages, "_guard", guard)


@pytest.mark.parametrize("mutate", [keeps_the_old_position, counts_what_is_listed, keeps_the_old_revision])
def test_a_missing_rule_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rule of the repair, taken away, leaves a wrong page in at least one of 300 schedules."""
    mutate(monkeypatch)
    assert any(True for _ in bad_seeds("count", 300))
