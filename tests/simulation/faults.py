"""Faults at every store call: what a fate does to a read and to a write, and stores that pass every call through it."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Item, Key
from tests.simulation.actors import Actor, Fate, Kill
from tests.simulation.fakes import MemoryBucket, MemoryTable

T = TypeVar("T")


class Gate:
    """Where every store call passes, and where requests wait that are still on their way."""

    def __init__(self) -> None:
        self.actor: Actor | None = None
        self.late: list[Callable[[], object]] = []

    def advance(self, actor: Actor, fate: Fate = Fate.DONE) -> None:
        """One step of the actor."""
        self.actor = actor
        actor.step(fate)
        self.actor = None

    def read(self, answer: Callable[[], T]) -> T:
        """A call without effect."""
        fate = self.actor.pause() if self.actor else Fate.DONE
        if fate in (Fate.REFUSED, Fate.REPLY_LOST):
            raise InfrastructureError("refused")
        if fate not in (Fate.DONE, Fate.RESENT):
            raise Kill
        return answer()

    def write(self, effect: Callable[[], None]) -> None:
        """A call with an effect. Calls from outside any actor just happen."""
        if self.actor is None:
            return effect()
        actor = self.actor
        fate = actor.pause()
        if fate is Fate.REFUSED:
            raise InfrastructureError("refused")
        if fate is Fate.LATE:
            self.late.append(effect)
        if fate in (Fate.KILLED_BEFORE, Fate.LATE):
            raise Kill
        if fate is Fate.DONE:
            return effect()
        quietly(effect)
        if fate is Fate.KILLED_AFTER:
            raise Kill
        if fate is Fate.REPLY_LOST:
            raise InfrastructureError("no reply")
        actor.pause()
        return effect()

    def land(self, chance: random.Random) -> None:
        """One late request arrives."""
        quietly(self.late.pop(chance.randrange(len(self.late))))


def quietly(effect: Callable[[], object]) -> None:
    """Do it; nobody hears the answer."""
    with suppress(Conflict):
        effect()


class FaultyTable(MemoryTable):
    """A table behind the gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self._gate.read(lambda: MemoryTable.get(self, key))

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        found = self._gate.read(lambda: {key: MemoryTable.get(self, key) for key in wanted})
        return {key: item for key, item in found.items() if item is not None}

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition, as they are when the call happens."""
        query = super().query
        return iter(
            self._gate.read(lambda: list(query(pk, first=first, last=last, descending=descending, limit=limit)))
        )

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value, as they are when the call happens."""
        found = self._gate.read(lambda: [item for item in self.everything() if item.get(attribute) == value])
        return islice(found, limit)

    def everything(self) -> list[Item]:
        """All items, without passing the gate."""
        return list(super().scan())

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self._gate.write(lambda: MemoryTable.put(self, item))

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        self._gate.write(lambda: self._create(item))

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        self._gate.write(lambda: self._replace(item, read))

    def _create(self, item: Item) -> None:
        if MemoryTable.get(self, Key(item["pk"], item["sk"])) is not None:
            raise Conflict("The conditional request failed")
        MemoryTable.put(self, item)

    def _replace(self, item: Item, read: int | None) -> None:
        stored = MemoryTable.get(self, Key(item["pk"], item["sk"]))
        if (stored["rev"] if stored else None) != read:
            raise Conflict("The conditional request failed")
        MemoryTable.put(self, item)


class FaultyBucket(MemoryBucket):
    """A bucket behind the gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        self._gate.write(lambda: MemoryBucket.put(self, key, body))

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        return self._gate.read(lambda: MemoryBucket.get(self, key))
