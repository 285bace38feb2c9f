"""The files that newer generations of a table replaced, and when they may go. For tables that are made of others.

Only while the catalog points to the newest generation, and has done so for the grace: a query that was planned before
still reads the old files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from clickstream.lake.catalog import uri
from clickstream.lake.commit_log import CommitT, Numbered, partition_in
from clickstream.lake.garbage import Grace
from clickstream.lake.purges import number_of
from clickstream.lake.table_log import TableLog
from clickstream.lake.work import Lake


def collect_replaced(
    lake: Lake, log: TableLog[CommitT], grace: Grace | None = None, is_urgent: Callable[[str], bool] = lambda _: False
) -> int:
    """Remove them; returns how many.

    Args:
        lake: The lake.
        log: The commits of the table.
        grace: How long the pointer must have been where it is.
        is_urgent: Whether no grace is given in a partition.
    """
    stored = defaultdict(list)
    for entry in lake.bucket.list(f"{log.table}/"):
        stored[partition_in(entry.key)].append(entry.key)
    removed, limit = 0, lake.clock() - (grace or Grace()).replaced
    for pointer in lake.catalog.list(log.table):
        strangers = [key for key in stored[pointer.hour] if not uri(lake.bucket, key).startswith(pointer.location)]
        is_settled = pointer.pointed_time is not None and pointer.pointed_time <= limit
        may_go = strangers and (is_settled or is_urgent(pointer.hour))
        newest = log.newest(lake.bucket, pointer.hour) if may_go else None
        if newest and pointer.location == uri(lake.bucket, newest.folder):
            removed += _remove(lake, newest, strangers)
    return removed


def _remove(lake: Lake, newest: Numbered, keys: Iterable[str]) -> int:
    """Remove those of the keys whose generation is not newer; a newer one may still be committed."""
    old = [key for key in keys if number_of(key) <= newest.generation]
    for key in old:
        lake.bucket.delete(key)
    return len(old)
