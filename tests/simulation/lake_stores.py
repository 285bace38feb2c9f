"""The stores of a simulated lake: every call passes a gate, and whatever is written is seen by an observer."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from clickstream.errors import Conflict
from clickstream.lake.catalog import Partition
from clickstream.lake.parquet import PartWriter
from clickstream.ports import ObjectInfo
from tests.simulation.actors import Actor, Fate
from tests.simulation.fake_catalog import MemoryCatalog
from tests.simulation.fakes import MemoryBucket
from tests.simulation.faults import Call, Gate

_THREADED = ("commit_log", "downloads", "refusals", "work", "tombstones", "searching")
"""Modules of the lake that read with several threads."""
_MEMORY = Path("/dev/shm")  # noqa: S108  folders in it are made by `tempfile`
_PARTS = 2
"""Data files of a generation, if it has rows enough."""


class LakeGate(Gate):
    """A gate that knows which call each actor is about to make."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: dict[Actor, str] = {}

    def fate(self, call: Call) -> Fate:
        """Wait for the actor's turn; what becomes of its call."""
        if self.actor is not None:
            self.pending[self.actor] = call[0]
        return super().fate(call)


class LakeBucket(MemoryBucket):
    """A bucket behind the gate. `created` hears of every object that a conditional write has made."""

    def __init__(self, gate: Gate, created: Callable[[str], None], name: str = "lake") -> None:
        super().__init__(name)
        self._gate, self._created = gate, created

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        self._gate.write(lambda: MemoryBucket.put(self, key, body), "put_object", key)

    def put_new(self, key: str, body: bytes) -> None:
        """Write unless the key exists."""
        self._gate.write(lambda: self._create(key, body), "put_object_if_none_match", key)

    def _create(self, key: str, body: bytes) -> None:
        if key in self.objects:
            raise Conflict("At least one of the pre-conditions you specified did not hold")
        MemoryBucket.put(self, key, body)
        self._created(key)

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        return self._gate.read(lambda: MemoryBucket.get(self, key), "get_object", key)

    def upload(self, path: Path, key: str) -> None:
        """Copy a local file to the key. The file may be gone when a late request lands."""
        self.put(key, path.read_bytes())

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix, as they are when the call happens."""
        return iter(self._gate.read(lambda: list(MemoryBucket.list(self, prefix)), "list_objects", prefix))

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        self._gate.write(lambda: MemoryBucket.delete(self, key), "delete_object", key)


class LakeCatalog(MemoryCatalog):
    """A catalog behind the gate. `pointed` hears of every partition before it is written."""

    def __init__(self, gate: Gate, pointed: Callable[[str, Partition], None]) -> None:
        super().__init__()
        self._gate, self._pointed = gate, pointed

    def get(self, table: str, hour: str) -> Partition | None:
        """The partition, or None."""
        return self._gate.read(lambda: MemoryCatalog.get(self, table, hour), "get_partition", table, hour)

    def list(self, table: str) -> Iterator[Partition]:
        """All partitions of the table, as they are when the call happens."""
        return iter(self._gate.read(lambda: list(MemoryCatalog.list(self, table)), "get_partitions", table))

    def create(self, table: str, partition: Partition) -> None:
        """Add it; raise `Conflict` if the hour has one."""
        self._gate.write(
            lambda: self._write(MemoryCatalog.create, table, partition), "create_partition", *_words(table, partition)
        )

    def update(self, table: str, partition: Partition) -> None:
        """Replace the hour's partition, which must exist."""
        self._gate.write(
            lambda: self._write(MemoryCatalog.update, table, partition), "update_partition", *_words(table, partition)
        )

    def _write(self, write: Callable[[MemoryCatalog, str, Partition], None], table: str, partition: Partition) -> None:
        old = self.partitions.get((table, partition.hour))
        write(self, table, partition)
        if old != partition:
            self._pointed(table, partition)


def _words(table: str, partition: Partition) -> tuple[str, ...]:
    return table, partition.hour, str(partition.generation)


class Serial:
    """A pool that does everything at once in its caller, whose turn it is."""

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function: Callable[..., Any], *things: Any) -> Iterator[Any]:
        """The results, in order."""
        return iter([function(*arguments) for arguments in zip(*things, strict=False)])


@contextmanager
def serial() -> Iterator[None]:
    """Nothing of the lake starts a thread, so that every call has its place in the schedule."""
    with ExitStack() as stack:
        for module in _THREADED:
            stack.enter_context(patch(f"clickstream.lake.{module}.ThreadPoolExecutor", Serial))
        yield


@contextmanager
def small_parts() -> Iterator[None]:
    """The first tables become data files of their own: a generation of one file could not be seen half."""
    add = PartWriter.add

    def add_and_close(self: PartWriter, *rows: Any) -> None:
        add(self, *rows)
        if len(self.parts) < _PARTS - 1:
            self._flush()
            self._close()

    with patch.object(PartWriter, "add", add_and_close):
        yield


@contextmanager
def memory_folder() -> Iterator[None]:
    """Temporary files lie in memory, where the system has a folder for that: a schedule writes hundreds."""
    with patch("tempfile.tempdir", str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None):
        yield
