"""Compaction: from the objects that the ledger names for a received hour to the hour's next generation.

Nothing but the commit decides: a run may die anywhere, be started twice, or come back late. It deletes nothing.
"""

import heapq
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from clickstream.errors import ClickstreamError, LakeError
from clickstream.lake import generations, identities, purges
from clickstream.lake.catalog import open_partition, point, uri
from clickstream.lake.damage import Damage, without_damaged
from clickstream.lake.downloads import downloaded, files_of, made
from clickstream.lake.duplicates import Removed, unite
from clickstream.lake.generations import Generation, OutputFile, hour_after
from clickstream.lake.neighbours import are_apart
from clickstream.lake.parquet import PartWriter
from clickstream.lake.sifting import Quarantine, is_haunted, sifted, sifted_quarantine
from clickstream.lake.tombstones import Tombstone, TombstoneLog, Tombstones
from clickstream.lake.work import Lake, fresh_inputs, has_bad_events, unfinished
from clickstream.ledger import LandedObject
from clickstream.tables import BAD_EVENTS, QUARANTINE_PREFIX, RAW_EVENTS, hour_folder

_TRIES = 5
Result = Literal["compacted", "confirmed", "pointed", "settled", "overtaken", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What one look at an hour did; `generation` is what it committed or found."""

    hour: str
    result: Result
    generation: Generation | None = None
    new_inputs: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Plan:
    """What the next generation of an hour is made of."""

    hour: str
    run_id: str
    newest: Generation | None
    before: Generation | None
    fresh: list[LandedObject]
    tombstones: list[Tombstone]
    is_haunted: bool
    """Whether the newest generation holds somebody who was erased since."""

    @property
    def number(self) -> int:
        """Of the next generation."""
        return self.newest.generation + 1 if self.newest else 1

    @property
    def second_look(self) -> tuple[Generation, Generation] | None:
        """The newest generation and that of the hour before, where only the latter changed."""
        is_only_moved = not self.fresh and not self.is_haunted
        return (self.newest, self.before) if self.newest and self.before and is_only_moved else None

    @property
    def aside(self) -> str:
        """Prefix of what goes to quarantine."""
        return f"{QUARANTINE_PREFIX}/{hour_folder(self.hour)}/g={self.number:06}-{self.run_id}/"


@dataclass(frozen=True)
class Merge:
    """The files of the next generation, still local."""

    landed: int
    removed: Removed
    erased: int
    output: PartWriter
    quarantine: PartWriter
    aside: Quarantine
    """What stays of the quarantine so far."""


def compact_hours(lake: Lake, hours: Iterable[str], waiting: Iterable[str] | None = None) -> Iterator[Outcome]:
    """Compact whatever is unfinished among the hours, oldest first; an hour that changed makes the next one work.

    An hour that fails does not stop the others. One that other runs keep overtaking is left to them.

    Args:
        lake: What to work on.
        hours: The only hours that may be touched.
        waiting: Where to begin, if the caller has asked `unfinished` already.

    Yields:
        One outcome per look at an hour.
    """
    tries = dict.fromkeys(hours, _TRIES)
    log = TombstoneLog(lake.bucket)
    waiting = sorted(unfinished(lake, tries) if waiting is None else waiting)
    while waiting:
        hour = heapq.heappop(waiting)
        tries[hour] -= 1
        outcome = attempt(lake, hour, log)
        yield outcome
        again = {"compacted": hour_after(hour), "overtaken": hour}.get(outcome.result)
        if again and tries.get(again) and again not in waiting:
            heapq.heappush(waiting, again)


def compact_hour(lake: Lake, hour: str, log: TombstoneLog | None = None) -> Outcome:
    """Bring one hour to its next generation if there is anything to do, and its pointers in order.

    Raises `LakeError` if an object is missing, damaged or not as the ledger says, `InfrastructureError` if a service
    fails; what was written until then is harmless, and the next run does it again. `log` remembers tombstones from
    hour to hour.
    """
    newest = generations.newest(lake.bucket, hour)
    before = generations.newest(lake.bucket, hour_after(hour, -1))
    work = lake.ledger.work(hour)
    if has_bad_events(work):
        open_partition(lake.catalog, lake.bucket, BAD_EVENTS.name, hour)
    fresh = fresh_inputs(work, newest)
    graveyard = (log or TombstoneLog(lake.bucket)).look()
    is_erasing = newest is not None and is_haunted(lake.bucket, newest, graveyard)
    is_moved = newest and not generations.follows(lake.bucket, newest, before.generation if before else None)
    if fresh or is_erasing or is_moved:
        if before:
            # An id may only be yielded to what readers see: its commit alone would hide the id from them.
            repoint(lake, before)
        return _advance(
            lake, Plan(hour, uuid.uuid4().hex[:12], newest, before, fresh, graveyard.tombstones, is_erasing)
        )
    return Outcome(hour, "pointed" if newest and repoint(lake, newest) else "settled", newest)


def attempt(lake: Lake, hour: str, log: TombstoneLog | None = None) -> Outcome:
    """The same as `compact_hour`, with its failure as an outcome."""
    try:
        return compact_hour(lake, hour, log)
    except ClickstreamError as error:
        return Outcome(hour, "failed", problem=str(error))


def _advance(lake: Lake, plan: Plan) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="compaction-") as folder:
        if plan.second_look and are_apart(lake.bucket, *plan.second_look):
            return _confirm(lake, *plan.second_look)
        merge, damage = merged(lake, plan, Path(folder))
        if plan.second_look and merge.output.rows == plan.second_look[0].rows:
            return _confirm(lake, *plan.second_look)
        generation = publish(lake, plan, merge, damage)
    if not generations.commit(lake.bucket, generation):
        return Outcome(plan.hour, "overtaken")
    newest = point(lake.catalog, lake.bucket, plan.hour, lake.clock())
    return Outcome(plan.hour, "compacted", newest, len(plan.fresh))


def _confirm(lake: Lake, newest: Generation, before: Generation) -> Outcome:
    generations.confirm(lake.bucket, newest, before.generation)
    repoint(lake, newest)
    return Outcome(newest.hour, "confirmed", newest)


def merged(lake: Lake, plan: Plan, folder: Path) -> tuple[Merge, Damage]:
    """The files that the plan gives, in a local folder, and the landing objects that could not be read."""
    return without_damaged(
        plan.fresh, lambda fresh, to: _merge(lake, replace(plan, fresh=fresh), to), folder, plan.aside
    )


def _merge(lake: Lake, plan: Plan, folder: Path) -> Merge:
    """Download, check and merge everything into local files."""
    bucket = lake.bucket
    every = Tombstones.of(plan.tombstones)
    new = Tombstones.of(plan.tombstones, plan.newest.tombstones if plan.newest else 0)
    fresh = downloaded(bucket, {landed.key: landed.rows for landed in plan.fresh}, folder / "landing")
    old = downloaded(bucket, files_of(plan.newest), folder / "old")
    before = downloaded(bucket, files_of(plan.before), folder / "before")
    old_left, erased_old = sifted(old, new, folder / "old")
    fresh_left, erased_fresh = sifted(fresh, every, folder / "landing")
    with (
        PartWriter(made(folder / "output"), lake.shape) as output,
        PartWriter(made(folder / "quarantine"), lake.shape) as quarantine,
    ):
        aside = sifted_quarantine(bucket, plan.newest.quarantine if plan.newest else (), new, folder, quarantine)
        removed = unite([*old_left, *fresh_left], before, output, quarantine)
    erased = erased_old + erased_fresh + aside.erased
    return Merge(sum(file.rows for file in fresh), removed, erased, output, quarantine, aside)


def publish(lake: Lake, plan: Plan, merge: Merge, damage: Damage) -> Generation:
    """Upload the files and draw up the commit, whose sums must agree."""
    prefix = generations.data_folder(plan.hour, plan.number, plan.run_id)
    old, aside, removed = plan.newest, plan.aside, merge.removed
    generation = Generation(
        generation=plan.number,
        run_id=plan.run_id,
        hour=plan.hour,
        inputs=tuple(sorted({*(old.inputs if old else ()), *(landed.key for landed in plan.fresh)})),
        outputs=tuple(
            OutputFile(prefix + path.name, rows, path.stat().st_size) for path, rows in merge.output.parts.items()
        ),
        quarantine=(*merge.aside.keys, *(aside + path.name for path in merge.quarantine.parts)),
        unreadable=(old.unreadable if old else {}) | damage.copies,
        landed=merge.landed + damage.rows + (old.landed if old else 0),
        rows=merge.output.rows,
        redelivered=removed.redelivered + (old.redelivered if old else 0),
        duplicates=removed.duplicates + (old.duplicates if old else 0),
        quarantined=merge.quarantine.rows + damage.rows + (old.quarantined - merge.aside.taken if old else 0),
        erased=merge.erased + (old.erased if old else 0),
        rows_per_event_date=dict(sorted(merge.output.rows_per_event_date.items())),
        previous_generation=plan.before.generation if plan.before else None,
        written_time=lake.clock(),
        code_version=lake.code_version,
        tombstones=len(plan.tombstones),
    )
    _check_sums(generation)
    if merge.erased or plan.is_haunted:
        purges.ask(lake.bucket, generation)
    for path in merge.output.parts:
        lake.bucket.upload(path, prefix + path.name)
    for path in merge.quarantine.parts:
        lake.bucket.upload(path, aside + path.name)
    damage.keep(lake.bucket)
    lake.bucket.put(identities.index_key(generation), identities.index_of(merge.output.parts))
    return generation


def _check_sums(generation: Generation) -> None:
    kept = generation.rows + generation.duplicates + generation.quarantined
    if generation.landed != kept + generation.erased + generation.redelivered:
        raise LakeError(f"{generation.hour}: rows are missing or too many, nothing is committed: {generation}")


def repoint(lake: Lake, newest: Generation) -> bool:
    """Whether the catalog had to be brought back to the newest generation."""
    partition = lake.catalog.get(RAW_EVENTS.name, newest.hour)
    if partition and partition.location == uri(lake.bucket, newest.folder):
        return False
    point(lake.catalog, lake.bucket, newest.hour, lake.clock())
    return True
