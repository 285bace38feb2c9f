"""The lake as a compactor sees it, and what there is to do in it.

That follows from the state alone, at any age: an hour whose newest generation lacks an object that the ledger names or
holds somebody who was erased since, whose pointer is elsewhere, or whose neighbour moved since. A listing of landing
never says so.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickstream.lake import generations
from clickstream.lake.catalog import Catalog, uri
from clickstream.lake.commit_log import READERS
from clickstream.lake.generations import Generation, hour_after, hour_start
from clickstream.lake.sifting import is_haunted
from clickstream.lake.tombstones import TombstoneLog
from clickstream.ledger import LandedObject, Ledger
from clickstream.ports import Bucket
from clickstream.tables import BAD_EVENTS, RAW_EVENTS

GRACE = timedelta(minutes=5)
"""How long after its end an hour still counts as open: the last batches are on their way."""


@dataclass(frozen=True)
class Lake:
    """Everything a job on the lake works with. `clock` gives UTC instants."""

    bucket: Bucket
    ledger: Ledger
    catalog: Catalog
    clock: Callable[[], datetime]
    code_version: str = "dev"


def closed(lake: Lake, hours: Iterable[str]) -> list[str]:
    """The hours that are over for more than the grace."""
    limit = lake.clock() - GRACE - timedelta(hours=1)
    return [hour for hour in hours if hour_start(hour) <= limit]


def fresh_inputs(work: Iterable[LandedObject], newest: Generation | None) -> list[LandedObject]:
    """The landing objects of an hour's work list that its newest generation does not hold, by key."""
    held = set(newest.inputs) if newest else set()
    found = {landed.key: landed for landed in work if landed.kind == "landing" and landed.key not in held}
    return [found[key] for key in sorted(found)]


def has_bad_events(work: Iterable[LandedObject]) -> bool:
    """Whether the hour needs a partition of `bad_events`."""
    return any(landed.kind == BAD_EVENTS.name for landed in work)


def unfinished(lake: Lake, hours: Iterable[str]) -> list[str]:
    """The hours among `hours` with something to do, oldest first. Only reads: per hour a commit and its work list."""
    asked = sorted(hours)
    commits = generations.newest_keys(lake.bucket)
    pointers = {found.hour: found.location for found in lake.catalog.list(RAW_EVENTS.name)}
    graveyard = TombstoneLog(lake.bucket).look()
    with_bad_events = {found.hour for found in lake.catalog.list(BAD_EVENTS.name)}

    def is_unfinished(hour: str) -> bool:
        work = lake.ledger.work(hour)
        if has_bad_events(work) and hour not in with_bad_events:
            return True
        newest = generations.read(lake.bucket, commits[hour]) if hour in commits else None
        if newest is None or fresh_inputs(work, newest):
            return bool(fresh_inputs(work, newest))
        if is_haunted(lake.bucket, newest, graveyard):
            return True
        before = generations.number_in(commits.get(hour_after(hour, -1)))
        is_pointed = pointers.get(hour) == uri(lake.bucket, newest.folder)
        return not is_pointed or not generations.follows(lake.bucket, newest, before)

    with ThreadPoolExecutor(READERS) as pool:
        return [hour for hour, is_open in zip(asked, pool.map(is_unfinished, asked), strict=True) if is_open]
