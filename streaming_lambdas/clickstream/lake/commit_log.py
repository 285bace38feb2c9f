"""Commit logs: for each partition of a table the immutable states it went through, numbered from 1.

    <prefix>/dt=2026-11-21/hour=9/00000003.json      one commit per generation, created once, never changed

The object that exists is the commit: only one writer can create it, and readers follow the greatest number.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from clickstream.errors import Conflict, InfrastructureError, LakeError
from clickstream.ports import Bucket
from clickstream.tables import hour_folder

READERS = 8
"""Threads that read commits at once; below the connection pool of boto3."""


class Numbered(Protocol):
    """What every commit says of itself."""

    @property
    def generation(self) -> int:
        """1 for the first."""

    @property
    def run_id(self) -> str:
        """The run that made it."""

    @property
    def key(self) -> str:
        """Key of the commit."""

    @property
    def folder(self) -> str:
        """Prefix of the data files: what the catalog points to."""


CommitT = TypeVar("CommitT", bound=Numbered)


@dataclass(frozen=True)
class CommitLog(Generic[CommitT]):
    """The commits under a prefix; a partition is written `2026-11-21T09` (hour) or `2026-11-21` (date)."""

    prefix: str
    kind: type[CommitT]

    def key(self, partition: str, generation: int) -> str:
        """Key of the commit of one generation of a partition."""
        return commit_key(self.prefix, partition, generation)

    def newest(self, bucket: Bucket, partition: str) -> CommitT | None:
        """The newest generation, or None before the first. Raises `LakeError` for an unreadable commit."""
        return self._newest_in(bucket, f"{self.prefix}/{hour_folder(partition)}/")

    def newest_keys(self, bucket: Bucket) -> dict[str, str]:
        """Key of the newest commit of every partition that has one, by partition, from one listing."""
        keys = sorted(entry.key for entry in bucket.list(f"{self.prefix}/"))
        return {partition_in(key): key for key in keys}

    def read(self, bucket: Bucket, key: str) -> CommitT:
        """The commit under the key. Raises `LakeError` if it is missing or unreadable."""
        try:
            return msgspec.json.decode(bucket.get(key), type=self.kind)
        except msgspec.DecodeError as error:
            raise LakeError(f"{bucket.name}/{key} is no commit of this lake: {error}") from error

    def read_all(self, bucket: Bucket, keys: list[str]) -> Iterator[CommitT]:
        """The commits under the keys, in the same order, several at a time."""
        with ThreadPoolExecutor(READERS) as pool:
            yield from pool.map(lambda key: self.read(bucket, key), keys)

    def commit(self, bucket: Bucket, commit: CommitT) -> bool:
        """Write the commit. True: it is ours; False: another run committed this number first.

        A refusal may be our own lost reply, so the stored commit decides. Without any reply, and with nothing stored
        yet, the write may still arrive: `InfrastructureError` is raised and nothing may be cleaned up.
        """
        try:
            bucket.put_new(commit.key, msgspec.json.encode(commit))
        except Conflict:
            return self.read(bucket, commit.key).run_id == commit.run_id
        except InfrastructureError:
            stored = self._newest_in(bucket, commit.key.rpartition("/")[0] + "/")
            if stored is None or stored.generation < commit.generation:
                raise
            return self.read(bucket, commit.key).run_id == commit.run_id
        return True

    def _newest_in(self, bucket: Bucket, folder: str) -> CommitT | None:
        keys = [entry.key for entry in bucket.list(folder)]
        return self.read(bucket, max(keys)) if keys else None


def commit_key(prefix: str, partition: str, generation: int) -> str:
    """Key of the commit of one generation of a partition, in the log under the prefix."""
    return f"{prefix}/{hour_folder(partition)}/{generation:08}.json"


def partition_in(key: str) -> str:
    """The partition that an object of the lake belongs to: `x/dt=2026-11-21/hour=9/y` gives `2026-11-21T09`.

    Without an hour it is the date. Raises `LakeError` for a key without a partition.
    """
    parts = key.split("/")
    try:
        date = _after("dt=", parts[1])
        return f"{date}T{int(_after('hour=', parts[2])):02}" if parts[2].startswith("hour=") else date
    except (ValueError, IndexError) as error:
        raise LakeError(f"{key} does not belong to an hour of the lake; move it elsewhere") from error


def _after(prefix: str, text: str) -> str:
    if not text.startswith(prefix):
        raise ValueError(text)
    return text.removeprefix(prefix)
