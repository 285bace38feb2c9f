"""Files of the lake that nothing refers to any more, and when they may go.

Only what the newest generation of an hour replaced or contains is removed, only while the catalog points to that
generation, and counted from the moment it does: a query that was planned before the swap still reads the old files. A
job that deletes must not outlive the grace; its own time limit sees to that. In an hour from which somebody was erased
no grace is given.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake import generations, purges
from clickstream.lake.catalog import Partition, uri
from clickstream.lake.generations import Generation
from clickstream.lake.identities import index_key
from clickstream.lake.leftovers import renew
from clickstream.lake.purges import number_of
from clickstream.lake.work import Lake
from clickstream.ports import ObjectInfo
from clickstream.positions import Lane
from clickstream.stream.processing import CONSUMER
from clickstream.tables import (
    BAD_EVENTS,
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    PURGES_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
)

_LANE = ("epoch", "shard_id", "sequence_number")
_Standing = Literal["named", "covered", "unexplained"]


@dataclass(frozen=True)
class Grace:
    """How long files stay after the swap (orphans: after they were written); landing as long as its lake says."""

    replaced: timedelta = timedelta(hours=24)
    orphan: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class Collected:
    """What was removed, as counts, and the orphans that somebody must look at, as keys."""

    replaced: int
    landing: int
    orphans: int
    unexplained: tuple[str, ...]


def collect(lake: Lake, grace: Grace | None = None) -> Collected:
    """Remove what may go, and take the numbers of files that may not, so that they may the next time.

    Raises `InfrastructureError`, or `LakeError` for files of a generation that are missing or damaged; whatever was
    removed until then was rightly removed.
    """
    grace = grace or Grace()
    replaced = landing = 0
    outputs, asides = _by_hour(lake, RAW_EVENTS.name), _by_hour(lake, QUARANTINE_PREFIX)
    landed, indexes = _by_hour(lake, LANDING_PREFIX), _by_hour(lake, IDENTITIES_PREFIX)
    asked = purges.asked(lake.bucket)
    pointers = _pointers(lake)
    for hour, pointer in pointers.items():
        age = timedelta.max if hour in asked else lake.clock() - (pointer.pointed_time or lake.clock())
        old = _keys(outputs[hour]) if age >= grace.replaced else []
        inputs = _keys(landed[hour]) if age >= lake.landing_kept else []
        is_all_current = all(uri(lake.bucket, key).startswith(pointer.location) for key in old)
        newest = None if is_all_current and not inputs and hour not in asked else _settled(lake, hour)
        if newest and hour in asked:
            purges.note(lake.bucket, hour)
        if newest:
            _delete(lake, [key for key in _keys(indexes[hour]) if _is_replaced(key, newest)])
            replaced += _delete(lake, [key for key in [*old, *_keys(asides[hour])] if _is_replaced(key, newest)])
            landing += _delete(lake, sorted(set(inputs) & set(newest.inputs)))
            _delete(lake, [key for key in asked.get(hour, ()) if number_of(key) <= newest.generation])
    collected = Collected(replaced, landing, *_collect_orphans(lake, pointers, grace))
    folders = (outputs, asides, indexes, _by_hour(lake, PURGES_PREFIX))
    files = {hour: [file for found in folders for file in found.get(hour, ())] for hour in pointers}
    renew(lake, pointers, files, lake.clock() - grace.orphan)
    return collected


def _pointers(lake: Lake) -> dict[str, Partition]:
    """The partitions that point to a generation, by hour."""
    return {found.hour: found for found in lake.catalog.list(RAW_EVENTS.name) if found.pointed_time}


def _by_hour(lake: Lake, prefix: str) -> dict[str, list[ObjectInfo]]:
    found: dict[str, list[ObjectInfo]] = defaultdict(list)
    for entry in lake.bucket.list(f"{prefix}/dt="):
        found[generations.hour_in(entry.key)].append(entry)
    return found


def _keys(entries: Iterable[ObjectInfo]) -> list[str]:
    return [entry.key for entry in entries]


def _settled(lake: Lake, hour: str) -> Generation | None:
    """The newest generation, if the catalog points to it at this moment."""
    newest = generations.newest(lake.bucket, hour)
    pointer = lake.catalog.get(RAW_EVENTS.name, hour)
    is_pointed = newest and pointer and pointer.location == uri(lake.bucket, newest.folder)
    return newest if is_pointed else None


def _is_replaced(key: str, newest: Generation) -> bool:
    """Not part of the newest generation, nor of one that may still be committed."""
    return number_of(key) <= newest.generation and key not in {
        *(one.key for one in newest.outputs),
        index_key(newest),
        *newest.quarantine,
        *newest.unreadable,
    }


def _delete(lake: Lake, keys: list[str]) -> int:
    for key in keys:
        lake.bucket.delete(key)
    return len(keys)


def _collect_orphans(lake: Lake, pointers: dict[str, Partition], grace: Grace) -> tuple[int, tuple[str, ...]]:
    """Remove objects that no commit names, where commits cover every record in them; name the others.

    Where queries read landing, they stay until the hour is compacted and the grace over: a query would miss its file.
    Landing is looked through as long as it is kept, bad events over the same time.
    """
    found: dict[_Standing, list[str]] = {"named": [], "covered": [], "unexplained": []}
    youngest, oldest = lake.clock() - grace.orphan, lake.clock() - grace.orphan - lake.landing_kept
    for prefix in (LANDING_PREFIX, BAD_EVENTS.name):
        for hour, entries in sorted(_by_hour(lake, prefix).items()):
            old = [one for one in entries if one.modified_time < youngest]
            if prefix == LANDING_PREFIX or any(one.modified_time > oldest for one in old):
                for key in sorted(set(_keys(old)) - _listed(lake, hour)):
                    found[_standing(lake, key)].append(key)
    left = {key for key in found["covered"] if not _is_read(lake, key, pointers, grace)}
    return _delete(lake, sorted(left)), tuple(found["unexplained"])


def _is_read(lake: Lake, key: str, pointers: dict[str, Partition], grace: Grace) -> bool:
    """Whether queries may read an orphan in landing: until its hour has been pointed elsewhere for the grace."""
    if not key.startswith(f"{LANDING_PREFIX}/"):
        return False
    hour = generations.hour_in(key)
    if hour in pointers:
        return lake.clock() - (pointers[hour].pointed_time or lake.clock()) < grace.replaced
    # An hour with nothing else in landing never gets a generation.
    return any(landed.kind == "landing" for landed in lake.ledger.work(hour))


def _listed(lake: Lake, hour: str) -> set[str]:
    """What needs no look into the ledger. A commit gets onto the work list last, maybe days after it was written."""
    newest = generations.newest(lake.bucket, hour)
    return {landed.key for landed in lake.ledger.work(hour)} | set(newest.inputs if newest else ())


def _standing(lake: Lake, key: str) -> _Standing:
    """What the commits of its lanes say about an object; only a covered one has its rows elsewhere."""
    numbers = _numbers_by_lane(lake, key)
    commits = {lane: lake.ledger.covering(lane, min(these), max(these)) for lane, these in numbers.items()}
    if any(landed.key == key for found in commits.values() for commit in found for landed in commit.objects):
        return "named"
    is_covered = all(
        any(commit.covers(number) for commit in commits[lane]) for lane, these in numbers.items() for number in these
    )
    return "covered" if numbers and is_covered else "unexplained"


def _numbers_by_lane(lake: Lake, key: str) -> dict[Lane, set[str]]:
    """The sequence numbers of the records in an object; empty if it cannot be read."""
    try:
        rows = pq.read_table(pa.BufferReader(lake.bucket.get(key)), columns=list(_LANE))
    except (pa.ArrowException, OSError, LakeError):
        return {}
    numbers: dict[Lane, set[str]] = defaultdict(set)
    for epoch, shard_id, number in {tuple(row.values()) for row in rows.to_pylist()}:
        numbers[Lane(CONSUMER, epoch, shard_id)].add(number)
    return numbers
