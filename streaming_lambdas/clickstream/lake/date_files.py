"""Files of tables with a partition for each date: which ones a newer generation replaced."""

from collections import defaultdict
from collections.abc import Iterable

from clickstream.lake.catalog import uri
from clickstream.lake.commit_log import CommitLog, CommitT, Numbered, partition_in
from clickstream.lake.garbage import Grace
from clickstream.lake.work import Lake
from clickstream.ports import Bucket


def collect_dates(lake: Lake, table: str, log: CommitLog[CommitT], grace: Grace | None = None) -> int:
    """Remove the files that generations replaced; returns how many.

    Only while the catalog points to the newest generation, and has done so for the grace: a query that was planned
    before still reads the old files.
    """
    limit = lake.clock() - (grace or Grace()).replaced
    stored = defaultdict(list)
    for entry in lake.bucket.list(f"{table}/"):
        stored[partition_in(entry.key)].append(entry.key)
    removed = 0
    for pointer in lake.catalog.list(table):
        strangers = [key for key in stored[pointer.hour] if not uri(lake.bucket, key).startswith(pointer.location)]
        is_settled = pointer.pointed_time is not None and pointer.pointed_time <= limit
        newest = log.newest(lake.bucket, pointer.hour) if strangers and is_settled else None
        if newest and pointer.location == uri(lake.bucket, newest.folder):
            removed += _remove_replaced(lake.bucket, newest, strangers)
    return removed


def _remove_replaced(bucket: Bucket, newest: Numbered, keys: Iterable[str]) -> int:
    """Remove those of the keys whose generation is not newer; a newer one may still be committed."""
    prefix = newest.folder.partition("g=")[0]
    old = [key for key in keys if int(key.removeprefix(f"{prefix}g=").partition("-")[0]) <= newest.generation]
    for key in old:
        bucket.delete(key)
    return len(old)
