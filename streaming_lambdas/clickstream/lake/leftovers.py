"""Files of generations that were begun and never committed, in hours that nothing else gives another generation.

A rollback or a replay that died leaves them. Their number is still free, so a process that slept may yet commit it, and
nothing is removed before another generation has taken the number: the hour is made anew with the rows that it has.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from clickstream.lake import generations
from clickstream.lake.catalog import Partition
from clickstream.lake.purges import number_of
from clickstream.lake.replaying import prepared_hours
from clickstream.lake.restoring import Base, adopt, prepare
from clickstream.lake.work import Lake
from clickstream.ports import ObjectInfo


def renew(
    lake: Lake, pointers: Mapping[str, Partition], files: Mapping[str, Iterable[ObjectInfo]], written_before: datetime
) -> int:
    """Make anew the hours with such files, if they are old enough to belong to nobody; how many.

    An hour with a replay that waits is left to whoever decides on it. Raises what `restoring.prepare` raises.

    Args:
        lake: The lake.
        pointers: The partitions that point to a generation, by hour.
        files: What lies in folders of generations, by hour.
        written_before: The time since when a file may be of a job that still runs.
    """
    highest = {hour: _highest(files.get(hour, ()), written_before) for hour in pointers}
    waiting = {hour for hour, pointer in pointers.items() if highest[hour] > (pointer.generation or 0)}
    undecided = set(prepared_hours(lake)) if waiting else set()
    return sum(_renew(lake, hour, highest[hour]) for hour in sorted(waiting - undecided))


def _highest(files: Iterable[ObjectInfo], written_before: datetime) -> int:
    return max((number_of(file.key) for file in files if file.modified_time < written_before), default=0)


def _renew(lake: Lake, hour: str, highest: int) -> bool:
    newest = generations.newest(lake.bucket, hour)
    if newest is None or newest.generation >= highest:
        # The pointer is behind, which the compaction sees to.
        return False
    # The same origin: a rollback that is asked for once more finds that it was done.
    return adopt(lake, prepare(lake, newest, Base(newest.origin, newest)))
