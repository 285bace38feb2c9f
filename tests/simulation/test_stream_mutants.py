"""Each safety rule of `process_events`, taken away, is noticed by the simulation within 300 schedules.

So a schedule that is exact is exact because of the rules, not because the simulation is blind.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from clickstream import landing
from clickstream.applying import Applier
from clickstream.counters import counters_page, page_key, page_metrics_page
from clickstream.errors import Conflict
from clickstream.landing import LandingFile, landing_files
from clickstream.ledger import Commit, Ledger, Range
from clickstream.ports import Item
from clickstream.positions import START, Lane
from clickstream.processing import EventProcessor, Invocation, Records
from clickstream.rows import Rows, Source
from clickstream.tables import hour_text
from tests.simulation import processing_world
from tests.simulation.faults import FaultyTable
from tests.simulation.judging import goes_wrong
from tests.simulation.options import Options
from tests.simulation.processing_world import World

Mutate = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, tuple[Mutate, Options]] = {}


def mutant(**options: Any) -> Callable[[Mutate], Mutate]:
    """Register a mutation under its name, with the schedules that must notice it."""

    def register(mutate: Mutate) -> Mutate:
        MUTANTS[mutate.__name__] = mutate, Options(**options)
        return mutate

    return register


@mutant()
def conflict_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    """Somebody else has taken the place in the lane: take that for our own commit."""

    def commit(self: EventProcessor, _invocation: Invocation, commit: Commit) -> bool:
        self.ledger.register(commit.lane)
        try:
            self.ledger.append(commit)
        except Conflict:
            return True
        self.applier.apply(commit)
        return True

    patch.setattr(EventProcessor, "_commit", commit)


@mutant()
def head_is_not_applied(patch: pytest.MonkeyPatch) -> None:
    """Commit the successor although nobody has applied its predecessor."""
    patch.setattr(EventProcessor, "_applied_head", lambda self, lane: self.ledger.head(lane))


@mutant()
def no_fill_lane(patch: pytest.MonkeyPatch) -> None:
    """Take everything at or below the head for done."""
    patch.setattr(EventProcessor, "_fill", lambda *_: True)


@mutant()
def range_from_previous(patch: pytest.MonkeyPatch) -> None:
    """A commit claims everything since its predecessor, also what the batch did not hold."""
    original = EventProcessor._archived

    def archived(self: EventProcessor, lane: Lane, head: Commit | None, *rest: Any) -> Commit:
        commit = original(self, lane, head, *rest)
        first = f"{commit.previous}!" if commit.previous != START else "0"
        is_fill = lane.shard_id.endswith("#fill")
        return commit if is_fill else msgspec.structs.replace(commit, ranges=(Range(first, commit.last),))

    patch.setattr(EventProcessor, "_archived", archived)


@mutant()
def key_without_hash(patch: pytest.MonkeyPatch) -> None:
    """Two versions of the code write different rows of the same records under the same key."""

    def files(rows: Rows, source: Source) -> Iterator[LandingFile]:
        for file in landing_files(rows, source):
            key = re.sub(r"-[0-9a-f]{8}\.parquet", ".parquet", file.entry.key)
            yield dataclasses.replace(file, entry=msgspec.structs.replace(file.entry, key=key))

    patch.setattr("clickstream.processing.landing_files", files)


@mutant(fault_rate=0.35, zombie_rate=0.15)
def page_without_revision(patch: pytest.MonkeyPatch) -> None:
    """A page is written whatever has happened to it since it was read."""
    patch.setattr(FaultyTable, "put_revision", lambda self, item, _read: self.put(item))


@mutant()
def page_without_lsn(patch: pytest.MonkeyPatch) -> None:
    """A page takes in a commit as often as it is applied."""

    def apply(self: Applier, commit: Commit) -> None:
        for minute, delta in commit.deltas.items():
            key = page_key(minute, commit.lane)
            for table, page in ((self._counters, counters_page), (self._page_metrics, page_metrics_page)):
                while True:
                    stored: Item | None = table.get(key)
                    read = stored["rev"] if stored else None
                    if not (page is counters_page or delta.pages):
                        break
                    try:
                        table.put_revision(page(stored, key, delta) | {"lsn": "", "rev": (read or 0) + 1}, read)
                        break
                    except Conflict:
                        continue
        self._ledger.add_work(commit)

    patch.setattr(Applier, "apply", apply)


class StickyHeads(dict[Lane, Commit]):
    """Heads of fill lanes are never forgotten."""

    def pop(self, lane: Lane, default: Any = None) -> Any:
        """Forget the head, unless it is one of a fill lane."""
        return default if lane.shard_id.endswith("#fill") else super().pop(lane, default)


@mutant(tries=1)
def fill_head_is_trusted(patch: pytest.MonkeyPatch) -> None:
    """A container that has lost the race for a place in the fill lane goes on with the head it remembers."""
    original = EventProcessor.__init__

    def init(self: EventProcessor, **fields: Any) -> None:
        original(self, **fields, _heads=StickyHeads())

    patch.setattr(EventProcessor, "__init__", init)


@mutant(fault_rate=0.35, zombie_rate=0.15)
def coverage_before_fill_head(patch: pytest.MonkeyPatch) -> None:
    """Coverage is read first, the head of the fill lane after it: a commit between the two is overlooked."""
    original = EventProcessor._fill

    def fill(self: EventProcessor, invocation: Invocation, lane: Lane, records: Records) -> bool:
        if not records:
            return True
        covering = self.ledger.covering(lane, records[0].position, records[-1].position)
        self._heads.pop(lane.fill, None)
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(self.ledger, "covering", lambda *_: covering, raising=False)
            return original(self, invocation, lane, records)

    patch.setattr(EventProcessor, "_fill", fill)


@mutant()
def partition_of_the_batch(patch: pytest.MonkeyPatch) -> None:
    """All rows of a batch go to the hour of its first one."""

    def files(rows: Rows, source: Source) -> Iterator[LandingFile]:
        hours = [hour_text(row[5]) for row in rows.good[:1]] or [hour_text(row[3]) for row in rows.bad]
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(landing, "hour_text", lambda _: hours[0])
            yield from landing_files(rows, source)

    patch.setattr("clickstream.processing.landing_files", files)


@mutant()
def first_epoch_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A warm container trusts the epoch it has read first."""
    patch.setattr("clickstream.positions.EPOCH_LIFETIME", timedelta(days=999))


@mutant(tries=1)
def ranges_bridge_holes(patch: pytest.MonkeyPatch) -> None:
    """A commit of the fill lane claims everything between its first and its last record."""
    patch.setattr(
        "clickstream.processing.contiguous", lambda chosen, _: (Range(chosen[0].position, chosen[-1].position),)
    )


@mutant()
def work_list_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The compactor hears of a commit only from the invocation that wrote it."""
    original = Applier.apply
    patch.setattr(EventProcessor, "_applied_head", _head_applied_without_work(original))


def _head_applied_without_work(original: Callable[[Applier, Commit], None]) -> Callable[..., Commit | None]:
    def applied_head(self: EventProcessor, lane: Lane) -> Commit | None:
        head = self.ledger.head(lane)
        if head:
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(Ledger, "add_work", lambda *_: None)
                original(self.applier, head)
        return head

    return applied_head


def is_noticed(options: Options, seed: int) -> bool:
    """Whether this schedule ends with a violation, an error, or not at all."""
    return goes_wrong(World(seed, options))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one of 300 schedules goes wrong without it."""
    mutate, options = MUTANTS[name]
    monkeypatch.setattr("clickstream.landing.parquet", processing_world.packed_rows)
    mutate(monkeypatch)
    assert any(is_noticed(options, seed) for seed in range(300))
