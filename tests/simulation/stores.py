"""The stores of a simulated schedule, behind one gate. Here: strict ones in memory."""

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from clickstream.ports import Bucket, Item, Table
from tests.simulation.faults import FaultyBucket, FaultyTable, Gate

TABLES = ("ledger", "counters", "page-metrics")


class OpenTable(Table, Protocol):
    """A table that a judge may look into."""

    def everything(self) -> list[Item]:
        """All items, without faults."""


class OpenBucket(Bucket, Protocol):
    """A bucket that a judge may look into."""

    @property
    def objects(self) -> Collection[str]:
        """All keys, without faults."""


@dataclass(frozen=True)
class Stores:
    """Where a schedule keeps everything, behind one gate."""

    gate: Gate
    tables: dict[str, OpenTable]
    bucket: OpenBucket
    faults: AbstractContextManager[None]
    """While this lasts, calls of actors fail as the gate decides."""

    def local(self) -> "Stores":
        """What is stored now, in memory, which it may be already: a judge looks at everything many times."""
        if isinstance(self.bucket, FaultyBucket):
            return self
        copy = in_memory()
        for name, table in self.tables.items():
            for item in table.everything():
                copy.tables[name].put(item)
        for key in self.bucket.objects:
            copy.bucket.put(key, self.bucket.get(key))
        return copy


def in_memory() -> Stores:
    """Strict fakes behind the gate."""
    gate = Gate()
    return Stores(gate, {name: FaultyTable(gate, name) for name in TABLES}, FaultyBucket(gate), nullcontext())
