"""Faults at every store call: what a fate does to a read and to a write, and stores that pass every call through it."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Item, Key
from tests.simulation.actors import Actor, Fate, Kill
from tests.simulation.fakes import MemoryBucket, MemoryTable

T = TypeVar("T")
Call = tuple[str, ...]
"""What a call is, in words: the operation, then what it is about."""


class Gate:
    """Where every store call passes, and where requests wait that are still on their way."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.actor: Actor | None = None
        self.late: list[tuple[Callable[[], object], Call]] = []
        self.fates: Counter[Fate] = Counter()
        self.tell = tell

    def advance(self, actor: Actor, fate: Fate = Fate.DONE) -> None:
        """One step of the actor."""
        self.actor = actor
        actor.step(fate)
        self.actor = None

    def fate(self, call: Call) -> Fate:
        """Wait for the actor's turn; what becomes of its call. Calls from outside any actor just happen."""
        if self.actor is None:
            return Fate.DONE
        actor = self.actor
        fate = actor.pause()
        self.fates[fate] += 1
        if self.tell:
            self.tell(f"{actor.name}: {' '.join(call)} … {fate.name.lower()}")
        return fate

    def read(self, answer: Callable[[], T], *call: str) -> T:
        """A call without effect."""
        fate = self.fate(call)
        if fate in (Fate.REFUSED, Fate.REPLY_LOST):
            raise InfrastructureError("refused")
        if fate not in (Fate.DONE, Fate.RESENT):
            raise Kill
        return answer()

    def write(self, effect: Callable[[], None], *call: str) -> None:
        """A call with an effect."""
        fate = self.fate(call)
        if fate is Fate.REFUSED:
            raise InfrastructureError("refused")
        if fate is Fate.LATE:
            self.late.append((effect, call))
        if fate in (Fate.KILLED_BEFORE, Fate.LATE):
            raise Kill
        if fate is Fate.DONE:
            return effect()
        quietly(effect)
        if fate is Fate.KILLED_AFTER:
            raise Kill
        if fate is Fate.REPLY_LOST:
            raise InfrastructureError("no reply")
        self.fate(call)
        return effect()

    def land(self, chance: random.Random) -> None:
        """One late request arrives."""
        effect, call = self.late.pop(chance.randrange(len(self.late)))
        if self.tell:
            self.tell(f"a late request lands: {' '.join(call)}")
        quietly(effect)


def quietly(effect: Callable[[], object]) -> None:
    """Do it; nobody hears the answer."""
    with suppress(Conflict):
        effect()


class FaultyTable(MemoryTable):
    """A table behind the gate."""

    def __init__(self, gate: Gate, name: str = "table") -> None:
        super().__init__()
        self.name = name
        self._gate = gate

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self._gate.read(lambda: MemoryTable.get(self, key), "get", self.name, *key)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        return self._gate.read(
            lambda: {key: item for key in wanted if (item := MemoryTable.get(self, key)) is not None},
            "get_many",
            self.name,
        )

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition, as they are when the call happens."""
        query = super().query

        def answer() -> list[Item]:
            return list(query(pk, first=first, last=last, descending=descending, limit=limit))

        return iter(self._gate.read(answer, "query", self.name, pk))

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value, as they are when the call happens."""
        found = self._gate.read(
            lambda: [item for item in self.everything() if item.get(attribute) == value], "indexed", self.name, value
        )
        return islice(found, limit)

    def scan(self) -> Iterator[Item]:
        """All items, as they are when the call happens."""
        return iter(self._gate.read(self.everything, "scan", self.name))

    def everything(self) -> list[Item]:
        """All items, without passing the gate."""
        return list(super().scan())

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self._write("put", item, lambda: MemoryTable.put(self, item))

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        self._write("put_new", item, lambda: MemoryTable.put_new(self, item))

    def put_existing(self, item: Item) -> None:
        """Write if the key exists."""
        self._write("put_existing", item, lambda: MemoryTable.put_existing(self, item))

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        self._write("put_revision", item, lambda: MemoryTable.put_revision(self, item, read))

    def delete(self, key: Key) -> None:
        """Remove; absent is fine."""
        self._gate.write(lambda: MemoryTable.delete(self, key), "delete", self.name, *key)

    def _write(self, operation: str, item: Item, effect: Callable[[], None]) -> None:
        self._gate.write(effect, operation, self.name, item["pk"], item["sk"])


class FaultyBucket(MemoryBucket):
    """A bucket behind the gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        self._gate.write(lambda: MemoryBucket.put(self, key, body), "put_object", key)

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        return self._gate.read(lambda: MemoryBucket.get(self, key), "get_object", key)
