"""The lake without one of its safety rules each, and the schedules that must notice.

Where two rules guard the same thing, the mutant takes the other one away too, or the schedules avoid it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest

from clickstream.errors import Conflict, InfrastructureError
from clickstream.lake import compaction, generations
from clickstream.lake.catalog import Catalog, Partition, arrivals, uri
from clickstream.lake.commit_log import CommitLog, CommitT
from clickstream.lake.garbage import Collected, Grace, collect
from clickstream.lake.generations import Generation
from clickstream.lake.work import Lake
from clickstream.ledger import LandedObject
from clickstream.ports import Bucket
from clickstream.tables import LANDING_PREFIX, RAW_EVENTS, hour_folder
from tests.simulation import lake_jobs
from tests.simulation.judging import goes_wrong
from tests.simulation.lake_world import RIVALS, LakeOptions, LakeWorld

Mutate = Callable[[pytest.MonkeyPatch], None]


class LakeMutant(NamedTuple):
    """A way to break a rule, and the schedules that show it."""

    mutate: Mutate
    options: LakeOptions


LAKE_MUTANTS: dict[str, LakeMutant] = {}
NOTICED_WITHIN = 150
"""Schedules."""
DYING = LakeOptions(fault_rate=0.02)


def mutant(options: LakeOptions = DYING, **changes: Any) -> Callable[[Mutate], Mutate]:
    """Register a mutation under its name, with the schedules that must notice it."""

    def register(mutate: Mutate) -> Mutate:
        LAKE_MUTANTS[mutate.__name__] = LakeMutant(mutate, options._replace(**changes))
        return mutate

    return register


def noticed_at(name: str) -> int | None:
    """The first of the schedules that goes wrong without the rule."""
    mutate, options = LAKE_MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        mutate(patch)
        return next((seed for seed in range(NOTICED_WITHIN) if goes_wrong(LakeWorld(seed, options))), None)


@mutant()
def in_place_write(patch: pytest.MonkeyPatch) -> None:
    """Every generation of an hour is written to the same keys."""
    patch.setattr(generations, "data_folder", lambda hour, *_: f"{RAW_EVENTS.name}/{hour_folder(hour)}/g=000001-same/")


@mutant()
def delete_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The replaced files go as soon as the new ones are there."""
    publish = compaction.publish

    def deleting(lake: Lake, plan: compaction.Plan, *rest: Any) -> Generation:
        made = publish(lake, plan, *rest)
        for output in plan.newest.outputs if plan.newest else ():
            lake.bucket.delete(output.key)
        return made

    patch.setattr(compaction, "publish", deleting)


@mutant()
def garbage_goes_now(patch: pytest.MonkeyPatch) -> None:
    """No grace for queries that were planned before the swap."""
    patch.setattr(lake_jobs, "collect", partial(collect, grace=Grace(replaced=timedelta(0))))


@mutant(jobs=(lake_jobs.compact,), fault_rate=0.0)
def pointer_is_not_verified(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the commits again after the pointer was written."""

    def swap(
        catalog: Catalog, bucket: Bucket, table: str, hour: str, look: Callable[[], CommitT | None], now: datetime
    ) -> CommitT:
        wanted = look()
        assert wanted is not None
        partition = Partition(hour, uri(bucket, wanted.folder), wanted.generation, now)
        try:
            catalog.create(table, partition)
        except Conflict:
            catalog.update(table, partition)
        return wanted

    patch.setattr("clickstream.lake.catalog.swap", swap)


@mutant()
def pointer_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Readers are sent to the new files before it is decided whose they are."""
    publish = compaction.publish

    def pointing(lake: Lake, plan: compaction.Plan, *rest: Any) -> Generation:
        made = publish(lake, plan, *rest)
        if plan.newest:
            found = Partition(plan.hour, uri(lake.bucket, made.folder), made.generation, lake.clock())
            lake.catalog.update(RAW_EVENTS.name, found)
        return made

    patch.setattr(compaction, "publish", pointing)


@mutant(steps=120)
def no_compare_and_swap(patch: pytest.MonkeyPatch) -> None:
    """Whoever writes the commit last is right."""

    def commit(self: CommitLog[Any], bucket: Any, made: Any) -> bool:
        bucket.put(made.key, msgspec.json.encode(made))
        bucket._created(made.key)
        return True

    patch.setattr(CommitLog, "commit", commit)


@mutant(fault_rate=0.06)
def refusal_is_always_the_rival(patch: pytest.MonkeyPatch) -> None:
    """After an unknown reply the own files are removed, though the commit may have arrived."""

    def cleaning(self: CommitLog[Any], bucket: Bucket, made: Any) -> bool:
        try:
            bucket.put_new(made.key, msgspec.json.encode(made))
        except (Conflict, InfrastructureError):
            for output in made.outputs:
                bucket.delete(output.key)
            return False
        return True

    patch.setattr(CommitLog, "commit", cleaning)


@mutant()
def yields_to_the_unseen(patch: pytest.MonkeyPatch) -> None:
    """An id is left to a generation of the hour before that no reader is sent to yet."""
    patch.setattr(compaction, "repoint", lambda *_: False)


@mutant()
def yields_to_the_hour_after(patch: pytest.MonkeyPatch) -> None:
    """The copy in the later hour stays, and the earlier hour gives way."""
    after = generations.hour_after
    patch.setattr(compaction, "hour_after", lambda hour, hours=1: after(hour, abs(hours)))


@mutant()
def moved_neighbours_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    """An hour is done when its own objects are in, whatever has happened to the hour before."""
    patch.setattr(generations, "follows", lambda *_: True)


@mutant()
def work_from_a_listing(patch: pytest.MonkeyPatch) -> None:
    """Whatever lies in landing is taken in, also what no commit names."""
    read = LakeWorld.__init__

    def init(self: LakeWorld, *arguments: Any) -> None:
        read(self, *arguments)
        ledger = self.places.lake.ledger
        patch.setattr(ledger, "work", lambda hour: listed(self, hour), raising=False)

    def listed(world: LakeWorld, hour: str) -> list[Any]:
        prefix = f"{LANDING_PREFIX}/{hour_folder(hour)}/"
        return [
            LandedObject(entry.key, "landing", hour, world.watch.landed[entry.key].total())
            for entry in world.bucket.list(prefix)
        ]

    patch.setattr(LakeWorld, "__init__", init)


@mutant()
def landing_goes_by_age(patch: pytest.MonkeyPatch) -> None:
    """Objects are removed when they are old, not when they are in the newest generation."""

    def by_age(lake: Lake) -> Collected:
        for entry in list(lake.bucket.list(f"{LANDING_PREFIX}/")):
            if entry.modified_time < lake.clock() - timedelta(days=1):
                lake.bucket.delete(entry.key)
        return collect(lake)

    patch.setattr(lake_jobs, "collect", by_age)


@mutant(jobs=(*RIVALS, lake_jobs.open_hours))
def opener_changes_partitions(patch: pytest.MonkeyPatch) -> None:
    """Whoever opens coming hours also sends readers of compacted ones back to landing."""

    def reopen(catalog: Catalog, bucket: Bucket, table: str, hour: str) -> bool:
        found = arrivals(bucket, table, hour)
        try:
            catalog.create(table, found)
        except Conflict:
            catalog.update(table, found)
        return True

    def reopened(lake: Lake, _ahead: int) -> None:
        for hour in lake.ledger.hours():
            reopen(lake.catalog, lake.bucket, RAW_EVENTS.name, hour)

    patch.setattr(lake_jobs, "open_partitions", reopened)
