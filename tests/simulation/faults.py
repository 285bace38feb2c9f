"""Faults at every store call, and actors that advance one store call at a time, in an order that a seed decides.

An actor runs real code in a thread of its own, but only one thread ever runs: the scheduler hands an actor the baton
together with the fate of its next call and gets it back at the call after that. So a schedule is a pure function of its
seed, and every interleaving of calls can happen.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum, auto
from itertools import islice
from typing import TypeVar

from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Item, Key
from tests.simulation.fakes import MemoryBucket, MemoryTable

T = TypeVar("T")


class Kill(BaseException):
    """The process of the invocation died here."""


class Fate(Enum):
    """What becomes of one call."""

    DONE = auto()
    REFUSED = auto()
    """Nothing happened, and the caller knows that it failed."""
    REPLY_LOST = auto()
    """It happened, and the caller is told that it failed."""
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    LATE = auto()
    """The caller dies waiting; the request is still on its way and lands later."""
    RESENT = auto()
    """It happened, the reply was lost, and the SDK sent it again: the caller sees the second answer."""


FAULTS = [fate for fate in Fate if fate is not Fate.DONE]


def draw_fate(chance: random.Random, rate: float) -> Fate:
    """A fault with this probability, all kinds alike."""
    return chance.choice(FAULTS) if chance.random() < rate else Fate.DONE


class Actor:
    """One invocation, advanced call by call."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.steps = 0
        self.is_done = False
        self.is_killed = False
        self.error: Exception | None = None
        self._work = work
        self._fate = Fate.DONE
        self._mine, self._schedulers = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._schedulers.acquire()
        threading.Thread(target=self._run, daemon=True).start()

    def step(self, fate: Fate = Fate.DONE) -> None:
        """Give the pending call its fate and run up to the next one, or to the end."""
        self.steps += 1
        self._fate = fate
        self._mine.release()
        self._schedulers.acquire()

    def pause(self) -> Fate:
        """Called by the actor itself before a store call: wait for its turn."""
        self._schedulers.release()
        self._mine.acquire()
        return self._fate

    def _run(self) -> None:
        self._mine.acquire()
        try:
            self._work()
        except Kill:
            self.is_killed = True
        except Exception as error:  # noqa: BLE001  the scheduler judges it
            self.error = error
        self.is_done = True
        self._schedulers.release()


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
