"""A next generation of an hour that is not made of the newest one: of an older one (rollback), or of landing (replay).

It is prepared like any other, by the same merge: tombstones are applied, ids are yielded to the hour before, and its
inputs are exactly those that its rows come from. So whatever else the newest generation held becomes work again, and
nothing is lost: the next compaction takes it in. It becomes visible by the ordinary commit, which one writer wins.

Files of a generation that was never committed lie where nobody looks. Garbage collection removes them once a generation
of the same number exists, and sees to it that one does (`leftovers.py`).
"""

import tempfile
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec

from clickstream.errors import LakeError
from clickstream.lake import generations, purges
from clickstream.lake.catalog import point
from clickstream.lake.compaction import Plan, merged, publish, repoint
from clickstream.lake.generations import Generation, commit_key, hour_after
from clickstream.lake.parquet import PartWriter
from clickstream.lake.sifting import is_haunted
from clickstream.lake.tombstones import TombstoneLog
from clickstream.lake.work import Lake
from clickstream.ledger import LandedObject
from clickstream.tables import LANDING_PREFIX, RAW_EVENTS, hour_folder

MARGIN = timedelta(days=1)
"""Landing objects that garbage collection may remove within this time, or half of theirs, count as gone."""
_GENERATION = "generation "
"""How the origin of a rolled-back generation begins."""
Change = Callable[[PartWriter, Path], PartWriter]
"""Writes the merged rows anew into a folder."""


@dataclass(frozen=True)
class _Restoration(Plan):
    """The plan of a generation whose base is not the newest one."""

    after: int = 0
    """The newest generation now."""

    @property
    def number(self) -> int:
        return self.after + 1


@dataclass(frozen=True)
class Base:
    """What a generation is made of: an older generation or none, landing objects, and how that is called."""

    origin: str
    generation: Generation | None = None
    inputs: tuple[LandedObject, ...] = ()

    @property
    def keys(self) -> set[str]:
        """Every landing object that the rows come from."""
        return {*(self.generation.inputs if self.generation else ()), *(landed.key for landed in self.inputs)}


def older(lake: Lake, hour: str, number: int | None = None) -> Base:
    """An older generation of the hour; without a number the one before the newest, or again the one restored last.

    Asking twice without a number gives the same answer, so that a rollback can be repeated after a crash. Raises
    `LakeError` if there is no such generation.
    """
    newest = newest_of(lake, hour)
    if number is None:
        if newest.origin.startswith(_GENERATION):
            return Base(newest.origin, newest)
        number = newest.generation - 1
    if not 0 < number < newest.generation:
        raise LakeError(f"{hour} has no generation {number} before its newest, {newest.generation}")
    return Base(f"{_GENERATION}{number}", generations.read(lake.bucket, commit_key(hour, number)))


def roll_back(lake: Lake, hour: str, base: Base) -> Generation:
    """Make an older generation the newest one again, with its inputs alone; returns what readers see now.

    Nothing is done if that is so already. Raises `LakeError` if files of it are gone, or landing objects that came
    after it and would be lost; and if another run was faster, which leaves everything as that run made it.
    """
    newest = newest_of(lake, hour)
    if newest.origin == base.origin:
        repoint(lake, newest)
        return newest
    prepared = prepare(lake, newest, base)
    if not adopt(lake, prepared):
        raise LakeError(f"{hour}: another run was faster; look at its generation, then roll back again")
    return newest_of(lake, hour)


def prepare(lake: Lake, newest: Generation, base: Base, change: Change | None = None) -> Generation:
    """Write the files of the generation after `newest`, visible to nobody yet.

    Raises `LakeError` for files that are missing or damaged, and if landing objects that the newest generation holds
    and the base does not are gone: they could not become work again.
    """
    hour = newest.hour
    _check_left_over(lake, newest, base)
    before = generations.newest(lake.bucket, hour_after(hour, -1))
    if before:
        # An id may only be yielded to what readers see.
        repoint(lake, before)
    graveyard = TombstoneLog(lake.bucket).look()
    plan = _Restoration(
        hour=hour,
        run_id=uuid.uuid4().hex[:12],
        newest=base.generation,
        before=before,
        fresh=list(base.inputs),
        tombstones=graveyard.tombstones,
        is_haunted=base.generation is not None and is_haunted(lake.bucket, base.generation, graveyard),
        after=newest.generation,
    )
    with tempfile.TemporaryDirectory(prefix="restoring-") as folder:
        merge, damage = merged(lake, plan, Path(folder))
        if change:
            merge = replace(merge, output=change(merge.output, Path(folder)))
        return msgspec.structs.replace(publish(lake, plan, merge, damage), origin=base.origin)


def adopt(lake: Lake, prepared: Generation) -> bool:
    """Commit a prepared generation and point to it. False if the hour has moved on since it was prepared."""
    if not generations.commit(lake.bucket, prepared):
        return False
    point(lake.catalog, lake.bucket, prepared.hour, lake.clock())
    return True


def newest_of(lake: Lake, hour: str) -> Generation:
    """The newest generation. Raises `LakeError` if the hour has none."""
    found = generations.newest(lake.bucket, hour)
    if found is None:
        raise LakeError(f"{hour} has no generation yet: compact it first")
    return found


def is_kept(lake: Lake, generation: Generation) -> bool:
    """Whether all its files are still there."""
    folders = {output.key.rpartition("/")[0] for output in generation.outputs}
    held = {entry.key for folder in folders for entry in lake.bucket.list(f"{folder}/")}
    return all(output.key in held for output in generation.outputs)


def gone(lake: Lake, hour: str, keys: Iterable[str]) -> list[str]:
    """Those of the hour's landing objects that are not there any more, or may be removed at any moment."""
    wanted = sorted(keys)
    pointer = lake.catalog.get(RAW_EVENTS.name, hour)
    age = lake.clock() - (pointer.pointed_time or lake.clock()) if pointer else timedelta()
    if age > lake.landing_kept - min(MARGIN, lake.landing_kept / 2) or hour in purges.asked(lake.bucket):
        return wanted
    held = {entry.key for entry in lake.bucket.list(f"{LANDING_PREFIX}/{hour_folder(hour)}/")}
    return [key for key in wanted if key not in held]


def _check_left_over(lake: Lake, newest: Generation, base: Base) -> None:
    left_over = set(newest.inputs) - base.keys
    if lost := gone(lake, newest.hour, left_over):
        raise LakeError(
            f"{newest.hour}: {len(lost)} landing objects came in after {base.origin} and are not kept any "
            "more: their rows would be lost; nothing was changed"
        )
