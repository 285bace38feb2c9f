"""The catalog's pointers: which prefix a partition of a table is read from. Swapping a pointer is atomic for readers.

Real: `aws_catalog.py` (Glue). In memory: `tests/simulation/fake_catalog.py`. The catalog compares no versions, so a
writer that slept may point back; hence every pointer write is followed by another look at the newest commit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clickstream.errors import Conflict, InfrastructureError, LakeError
from clickstream.lake.commit_log import CommitT
from clickstream.lake.generations import Generation, newest
from clickstream.ports import Bucket
from clickstream.tables import LANDING_PREFIX, RAW_EVENTS, hour_folder

_LOOKS = 5


@dataclass(frozen=True)
class Partition:
    """One hour of a table and the URI its files are under; since when, for a generation.

    `hour` is a date, `2026-11-21`, where the table has one partition a day.
    """

    hour: str
    location: str
    generation: int | None = None
    pointed_time: datetime | None = None


class Catalog(Protocol):
    """The partitions of the lake's tables. Every method may raise `InfrastructureError`."""

    def get(self, table: str, hour: str) -> Partition | None:
        """The partition, or None."""

    def list(self, table: str) -> Iterator[Partition]:
        """All partitions of the table, in no order."""

    def create(self, table: str, partition: Partition) -> None:
        """Add it; raise `Conflict` if the hour has one."""

    def update(self, table: str, partition: Partition) -> None:
        """Replace the hour's partition."""


def uri(bucket: Bucket, prefix: str) -> str:
    """Address of a prefix of the bucket."""
    return f"s3://{bucket.name}/{prefix}"


def arrivals(bucket: Bucket, table: str, hour: str) -> Partition:
    """Where the hour's files are before any generation: landing for `raw_events`, its own prefix for another table."""
    prefix = LANDING_PREFIX if table == RAW_EVENTS.name else table
    return Partition(hour, uri(bucket, f"{prefix}/{hour_folder(hour)}/"))


def open_partition(catalog: Catalog, bucket: Bucket, table: str, hour: str) -> bool:
    """Create the hour's partition for what arrives; never change one. Whether it was missing."""
    try:
        catalog.create(table, arrivals(bucket, table, hour))
    except Conflict:
        return False
    return True


def point(catalog: Catalog, bucket: Bucket, hour: str, now: datetime) -> Generation:
    """Make readers of the hour see its newest generation, and return that; see `swap`."""
    return swap(catalog, bucket, RAW_EVENTS.name, hour, lambda: newest(bucket, hour), now)


def swap(
    catalog: Catalog,
    bucket: Bucket,
    table: str,
    hour: str,
    look: Callable[[], CommitT | None],
    now: datetime,
) -> CommitT:
    """Point the partition of a table to its newest generation, which `look` finds, and return that.

    The last look at the commits comes after the last write. Raises `LakeError` if there is no generation,
    `InfrastructureError` if it does not come to rest.
    """
    wanted = _found(look, hour)
    for _ in range(_LOOKS):
        partition = Partition(hour, uri(bucket, wanted.folder), wanted.generation, now)
        try:
            catalog.create(table, partition)
        except Conflict:
            catalog.update(table, partition)
        written, wanted = wanted, _found(look, hour)
        if wanted.generation == written.generation:
            return wanted
    raise InfrastructureError(f"{hour}: {_LOOKS} generations passed while pointing; the next run repairs it")


def _found(look: Callable[[], CommitT | None], hour: str) -> CommitT:
    found = look()
    if found is None:
        raise LakeError(f"{hour} has no generation to point to; compact it first")
    return found
