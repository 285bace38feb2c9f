"""`process_events` without one of its safety rules each, and the schedules that must notice.

Where two rules guard the same thing, the mutant takes the other one away too, or the schedules avoid it.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from clickstream.errors import Conflict
from clickstream.intake.landing import LandingFile, landing_files
from clickstream.intake.rows import Rows, Source
from clickstream.ledger import Commit, Range
from clickstream.live.counters import counters_page, page_key, page_metrics_page
from clickstream.ports import Item, Key
from clickstream.positions import START, Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor, Invocation
from tests.simulation.campaigns import packed_objects
from tests.simulation.faults import FaultyTable
from tests.simulation.judging import goes_wrong
from tests.simulation.options import Options
from tests.simulation.processing_world import World

Mutate = Callable[[pytest.MonkeyPatch], None]


class Mutant(NamedTuple):
    """A way to break a rule, and the schedules that show it."""

    mutate: Mutate
    options: Options


MUTANTS: dict[str, Mutant] = {}
NOTICED_WITHIN = 300
"""Schedules."""
STORM = Options(fault_rate=0.25, zombie_rate=0.05, steps=200)
ALONE = Options(tries=None, zombie_rate=0.0, has_two_mappings=False, has_new_streams=False, reshard_rate=0.0)
"""One writer, in order, that never gives up."""


def mutant(options: Options = STORM, **changes: Any) -> Callable[[Mutate], Mutate]:
    """Register a mutation under its name, with the schedules that must notice it."""

    def register(mutate: Mutate) -> Mutate:
        MUTANTS[mutate.__name__] = Mutant(mutate, options._replace(**changes))
        return mutate

    return register


def first_noticed(name: str) -> int | None:
    """The first of the schedules that goes wrong without the rule."""
    mutate, options = MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch, packed_objects():
        mutate(patch)
        return next((seed for seed in range(NOTICED_WITHIN) if goes_wrong(World(seed, options))), None)


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

    patch.setattr("clickstream.stream.processing.landing_files", files)


@mutant(fault_rate=0.35, zombie_rate=0.15, steps=300)
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


@mutant()
def partition_of_the_batch(patch: pytest.MonkeyPatch) -> None:
    """All rows of a batch go to the hour of its first one."""

    def files(rows: Rows, source: Source) -> Iterator[LandingFile]:
        hours = []
        for file in landing_files(rows, source):
            hours.append(file.entry.hour)
            yield dataclasses.replace(file, entry=msgspec.structs.replace(file.entry, hour=hours[0]))

    patch.setattr("clickstream.stream.processing.landing_files", files)


@mutant()
def first_epoch_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A warm container trusts the epoch it has read first."""
    patch.setattr("clickstream.positions.EPOCH_LIFETIME", timedelta(days=999))


@mutant(tries=1)
def ranges_bridge_holes(patch: pytest.MonkeyPatch) -> None:
    """A commit of the fill lane claims everything between its first and its last record."""
    patch.setattr(
        "clickstream.stream.processing.contiguous",
        lambda chosen, _: tuple(Range(chosen[0].position, chosen[-1].position) for _ in chosen[:1]),
    )


@mutant()
def work_list_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The compactor hears of a commit only from the invocation that wrote it."""

    def applied_head(self: EventProcessor, lane: Lane) -> Commit | None:
        head = self.ledger.head(lane)
        if head:
            self.applier._update(head)
        return head

    patch.setattr(EventProcessor, "_applied_head", applied_head)


@mutant()
def page_of_all_shards(patch: pytest.MonkeyPatch) -> None:
    """One page a minute, with one `lsn`, for all lanes."""

    def page_key(minute: str, _lane: Lane) -> Key:
        date, _, time = minute.partition("T")
        return Key(date, time)

    patch.setattr("clickstream.stream.applying.page_key", page_key)
