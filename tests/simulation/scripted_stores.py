"""Stores whose calls have the fates of a plan, one call after the other, in one thread.

`faults.py` interleaves whole invocations call by call; here a test writes down what happens to the next calls of one
invocation, so that a failing plan can be shrunk to the few entries that matter.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st

from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Item, Key, ObjectInfo
from tests.simulation.fakes import MemoryBucket, MemoryTable

T = TypeVar("T")


class Crash(BaseException):
    """The process of the invocation ended here: a time-out, a full memory, a lost machine."""


class Outcome(Enum):
    """What becomes of one call."""

    DONE = auto()
    REFUSED = auto()
    """Nothing happened, and the caller knows that it failed."""
    UNANSWERED = auto()
    """It happened, and the caller is told that it failed."""
    RESENT = auto()
    """It happened twice: the SDK lost the first answer, and the caller sees the second."""
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    DELAYED = auto()
    """The caller is gone; the write arrives later."""


_CALLS = st.sampled_from([0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12])
_OUTCOME = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.DONE])
Fault = tuple[int, Outcome]
"""So many calls are done, then comes this."""
FAULTS: st.SearchStrategy[list[Fault]] = st.just([]) | st.lists(st.tuples(_CALLS, _OUTCOME), min_size=1, max_size=2)
"""Strategy for what happens in one invocation."""


class Plan:
    """The outcomes of the next calls; beyond them every call is done. Holds the writes that are still on their way."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.delayed: list[Callable[[], object]] = []

    @contextmanager
    def follow(self, faults: list[Fault]) -> Iterator[None]:
        """Within the context calls have these outcomes: as many done as each entry says, then its fault."""
        self.outcomes = [each for calls, fault in faults for each in [Outcome.DONE] * calls + [fault]]
        yield
        self.outcomes = []

    def read(self, answer: Callable[[], T]) -> T:
        """A call without effect."""
        outcome = self._next()
        if outcome in (Outcome.REFUSED, Outcome.UNANSWERED):
            raise InfrastructureError("refused by plan")
        if outcome not in (Outcome.DONE, Outcome.RESENT):
            raise Crash
        return answer()

    def write(self, effect: Callable[[], None]) -> None:
        """A call with an effect."""
        outcome = self._next()
        if outcome is Outcome.REFUSED:
            raise InfrastructureError("refused by plan")
        if outcome is Outcome.DELAYED:
            self.delayed.append(effect)
        if outcome in (Outcome.CRASH_BEFORE, Outcome.DELAYED):
            raise Crash
        if outcome in (Outcome.RESENT, Outcome.UNANSWERED, Outcome.CRASH_AFTER):
            with suppress(Conflict):
                effect()
        if outcome is Outcome.CRASH_AFTER:
            raise Crash
        if outcome is Outcome.UNANSWERED:
            raise InfrastructureError("no reply by plan")
        effect()

    def arrive(self, which: int) -> None:
        """One of the delayed writes arrives; nobody hears the answer."""
        with suppress(Conflict):
            self.delayed.pop(which % len(self.delayed))()

    def _next(self) -> Outcome:
        return self.outcomes.pop(0) if self.outcomes else Outcome.DONE


class PlannedTable:
    """A table whose calls follow the plan. `stored` answers questions of the test without using the plan up."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.stored = MemoryTable()

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self._plan.read(lambda: self.stored.get(key))

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        wanted = list(keys)
        return self._plan.read(lambda: self.stored.get_many(wanted))

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition, as they are when the call happens."""
        query = self.stored.query
        return iter(self._plan.read(lambda: [*query(pk, first=first, last=last, descending=descending, limit=limit)]))

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value."""
        return iter(self._plan.read(lambda: [*self.stored.indexed(attribute, value, limit)]))

    def scan(self) -> Iterator[Item]:
        """All items."""
        return iter(self._plan.read(lambda: [*self.stored.scan()]))

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self._plan.write(lambda: self.stored.put(item))

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        self._plan.write(lambda: self.stored.put_new(item))

    def put_existing(self, item: Item) -> None:
        """Write if the key exists."""
        self._plan.write(lambda: self.stored.put_existing(item))

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        self._plan.write(lambda: self.stored.put_revision(item, read))

    def delete(self, key: Key) -> None:
        """Remove; absent is fine."""
        self._plan.write(lambda: self.stored.delete(key))


class PlannedBucket:
    """A bucket whose calls follow the plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.stored = MemoryBucket()
        self.name = self.stored.name

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        self._plan.write(lambda: self.stored.put(key, body))

    def put_new(self, key: str, body: bytes) -> None:
        """Write unless the key exists."""
        self._plan.write(lambda: self.stored.put_new(key, body))

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        return self._plan.read(lambda: self.stored.get(key))

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a local file."""
        path.write_bytes(self.get(key))

    def upload(self, path: Path, key: str) -> None:
        """Copy a local file to the key."""
        self.put(key, path.read_bytes())

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix."""
        return iter(self._plan.read(lambda: [*self.stored.list(prefix)]))

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        self._plan.write(lambda: self.stored.delete(key))
