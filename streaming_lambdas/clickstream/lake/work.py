"""The lake as a compactor sees it, and what there is to do in it.

That follows from the state alone, at any age: an hour whose newest generation lacks an object that the ledger names or
holds somebody who was erased since, whose pointer is elsewhere, or whose neighbour moved since. A listing of landing
never says so.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clickstream.lake import generations
from clickstream.lake.catalog import Catalog
from clickstream.lake.commit_log import READERS
from clickstream.lake.generations import Generation, hour_start
from clickstream.lake.settled import Overview, is_due, settle
from clickstream.lake.sifting import is_haunted
from clickstream.lake.tombstones import Graveyard, TombstoneLog
from clickstream.ledger import HourMark, LandedObject, Ledger
from clickstream.ports import Bucket
from clickstream.settings import FileShape
from clickstream.tables import BAD_EVENTS, RAW_EVENTS

GRACE = timedelta(minutes=5)
"""How long after its end an hour still counts as open: the last batches are on their way."""
LANDING_KEPT = timedelta(days=7)
"""How long landing stays after the swap to a generation that holds it, where nothing else is said."""


@dataclass(frozen=True)
class Lake:
    """Everything a job on the lake works with. `clock` gives UTC instants."""

    bucket: Bucket
    ledger: Ledger
    catalog: Catalog
    clock: Callable[[], datetime]
    code_version: str = "dev"
    shape: FileShape = field(default_factory=FileShape)
    """Of the data files that are written."""
    landing_kept: timedelta = LANDING_KEPT
    first_hour: str = ""
    """Received hours before it are past their retention: no job makes anything of them, and their files go."""
    first_date: str = ""
    """The same for the dates of sessions."""
    is_masked: bool = False
    """The tables have masked copies."""


def closed(lake: Lake, hours: Iterable[str]) -> list[str]:
    """The hours that are over for more than the grace."""
    limit = lake.clock() - GRACE - timedelta(hours=1)
    return [hour for hour in hours if hour_start(hour) <= limit]


def kept(lake: Lake, hours: Iterable[str]) -> list[str]:
    """The hours that are not past their retention."""
    return [hour for hour in hours if hour >= lake.first_hour]


def fresh_inputs(work: Iterable[LandedObject], newest: Generation | None) -> list[LandedObject]:
    """The landing objects of an hour's work list that its newest generation does not hold, by key."""
    held = set(newest.inputs) if newest else set()
    found = {landed.key: landed for landed in work if landed.kind == "landing" and landed.key not in held}
    return [found[key] for key in sorted(found)]


def has_bad_events(work: Iterable[LandedObject]) -> bool:
    """Whether the hour needs a partition of `bad_events`."""
    return any(landed.kind == BAD_EVENTS.name for landed in work)


def unfinished(lake: Lake, hours: Iterable[str]) -> list[str]:
    """The hours among `hours` with something to do, oldest first; none that is past its retention.

    An hour whose mark still holds is passed over; any other costs its commit and its work list, and gets a mark if
    nothing is left to do.
    """
    graveyard = TombstoneLog(lake.bucket).look()
    overview = _overview(lake, len(graveyard.tombstones))
    marks, now = lake.ledger.marks(), lake.clock()
    asked = [
        hour for hour in sorted(kept(lake, hours)) if is_due(hour, now) or not overview.bears_out(hour, marks.get(hour))
    ]

    def is_unfinished(hour: str) -> bool:
        if hour not in marks:
            return _look(lake, overview, graveyard, hour) is None
        return not settle(lake.ledger, hour, lambda: _look(lake, overview, graveyard, hour))

    with ThreadPoolExecutor(READERS) as pool:
        return [hour for hour, is_open in zip(asked, pool.map(is_unfinished, asked), strict=True) if is_open]


def _overview(lake: Lake, tombstones: int) -> Overview:
    return Overview(
        lake.bucket,
        generations.newest_keys(lake.bucket),
        {found.hour: found.location for found in lake.catalog.list(RAW_EVENTS.name)},
        frozenset(found.hour for found in lake.catalog.list(BAD_EVENTS.name)),
        tombstones,
    )


def _look(lake: Lake, overview: Overview, graveyard: Graveyard, hour: str) -> HourMark | None:
    """Read what the hour's state consists of; None if there is something to do."""
    work = lake.ledger.work(hour)
    has_bad = has_bad_events(work)
    newest = generations.read(lake.bucket, overview.commits[hour]) if hour in overview.commits else None
    if (has_bad and hour not in overview.bad_partitions) or fresh_inputs(work, newest):
        return None
    mark = overview.mark(hour, newest.folder if newest else "", has_bad_events=has_bad)
    if newest is None:
        return mark
    is_settled = overview.is_pointed(hour, newest.folder) and generations.follows(lake.bucket, newest, mark.before)
    return mark if is_settled and not is_haunted(lake.bucket, newest, graveyard) else None
