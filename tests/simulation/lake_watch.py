"""What readers of a simulated lake may see: every generation that was ever committed, and each read against them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.catalog import Catalog, Partition
from clickstream.lake.generations import Generation, hour_after
from clickstream.ports import Bucket
from clickstream.tables import COMMITS_PREFIX, LANDING_PREFIX, RAW_EVENTS, hour_folder
from tests.simulation.actors import Actor

_REMEMBERED = 1_000
"""Files whose ids are known."""
CANARY = "c"
"""How the ids of the events of the person begin who may be erased."""


class State(NamedTuple):
    """A committed generation and the ids of its rows."""

    generation: Generation
    ids: Counter[str]


class StepBack(NamedTuple):
    """A pointer was written that is older than the one before, by an actor that may not have looked again yet."""

    highest: int
    actor: Actor | None

    def is_explained(self, hour: str) -> bool:
        """Whether its writer is still to look again, or never came to it: it died, or said that the hour failed."""
        actor = self.actor
        if actor is None or not actor.is_done or actor.is_killed or actor.error is not None:
            return True
        return isinstance(actor.result, frozenset) and hour in actor.result


@dataclass
class Watch:
    """The history of a lake. `objects` are those of the bucket, `actor` says whose turn it is."""

    objects: dict[str, Any]
    actor: Callable[[], Actor | None]
    landed: dict[str, Counter[str]] = field(default_factory=dict)
    """Ids by key of the landing object, whether or not it is still there."""
    states: dict[str, State] = field(default_factory=dict)
    """By folder of the data files."""
    problems: list[str] = field(default_factory=list)
    reads: int = 0
    step_backs: int = 0
    _highest: dict[str, int] = field(default_factory=dict)
    _pointers: dict[str, int] = field(default_factory=dict)
    _backs: dict[str, StepBack] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    """Ids that a read has shown, and that no later one may miss."""

    def created(self, key: str) -> None:
        """An object was created once and for all."""
        if not key.startswith(f"{COMMITS_PREFIX}/"):
            return
        made = msgspec.json.decode(self.objects[key][0], type=Generation)
        missing = [output.key for output in made.outputs if output.key not in self.objects]
        ids = self._ids(output.key for output in made.outputs if output.key in self.objects)
        self.states[made.folder] = State(made, ids)
        self.problems += [f"{key} names {name}, which does not exist" for name in missing]
        self.problems += [f"{key} holds {name} {count} times" for name, count in ids.items() if count > 1]
        self.problems += [f"{key} has lost {name}" for name in sorted(self._lost(made, ids))]

    def _lost(self, made: Generation, ids: Counter[str]) -> set[str]:
        """Ids that the inputs hold, and neither the generation nor the one that it yielded to."""
        before = hour_after(made.hour, -1)
        yielded = (
            state.ids
            for state in self.states.values()
            if (state.generation.hour, state.generation.generation) == (before, made.previous_generation)
        )
        wanted = {name for key in made.inputs for name in self.landed.get(key, ())}
        return {name for name in wanted.difference(ids, *yielded) if not name.startswith(CANARY)}

    def pointed(self, table: str, partition: Partition) -> None:
        """A partition was written."""
        if table != RAW_EVENTS.name:
            return
        number, highest = partition.generation or 0, self._highest.get(partition.hour, 0)
        self._highest[partition.hour] = max(number, highest)
        self._pointers[partition.hour] = number
        if number < highest:
            self.step_backs += 1
            self._backs[partition.hour] = StepBack(highest, self.actor())
        state = self.states.get(_folder(partition))
        if state and not highest:
            self._seen -= self._late(state)
        if number < highest or (state and state.generation.origin):
            # An older state is what somebody asked for, or what the next look of the writer puts right.
            self._seen.clear()

    def _late(self, state: State) -> set[str]:
        """What landed while the first generation was made: readers of landing saw it, now it waits for the next one."""
        made = state.generation
        folder = f"{LANDING_PREFIX}/{hour_folder(made.hour)}/"
        keys = {key for key in self.landed if key.startswith(folder)}.difference(made.inputs)
        return {name for key in keys for name in self.landed[key]}.difference(state.ids)

    def read(self, catalog: Catalog, bucket: Bucket) -> None:
        """One query over the whole lake: its partitions at one moment, then its files, one after the other."""
        planned = sorted(catalog.list(RAW_EVENTS.name), key=lambda found: found.hour)
        self._check_plan(planned)
        for partition in planned:
            found: Counter[str] | None = None
            with suppress(LakeError):
                found = Counter(_read(bucket, _folder(partition)))
            self._check_read(partition, found)
        self.reads += 1

    def ended(self, actor: Actor) -> None:
        """An actor is done: what it had pointed back is right again."""
        for hour, back in self._backs.items():
            if back.actor is actor and not back.is_explained(hour) and self._pointers[hour] < back.highest:
                self.problems.append(f"{actor.name} left {hour} at generation {self._pointers[hour]} of {back.highest}")

    def _check_plan(self, planned: list[Partition]) -> None:
        for partition in planned:
            number = partition.generation or 0
            if number < self._highest.get(partition.hour, 0) and not self._backs[partition.hour].is_explained(
                partition.hour
            ):
                self.problems.append(f"{partition.hour} went back to generation {number}, and its writer left it so")
        if all((found.generation or 0) >= self._highest.get(found.hour, 0) for found in planned):
            shown = {name for partition in planned for name in self._expected(partition)}
            lost = sorted(name for name in self._seen - shown if not name.startswith(CANARY))
            self.problems += [f"{name} was seen and is not there any more" for name in lost]
            self._seen = shown

    def _expected(self, partition: Partition) -> Counter[str]:
        """What is under the partition's location by the commits, or by what has landed."""
        folder = _folder(partition)
        if folder in self.states:
            return self.states[folder].ids
        return Counter({name: 1 for key, ids in self.landed.items() if key.startswith(folder) for name in ids})

    def _check_read(self, partition: Partition, found: Counter[str] | None) -> None:
        folder, expected = _folder(partition), self._expected(partition)
        if folder not in self.states and not folder.startswith(f"{LANDING_PREFIX}/"):
            self.problems.append(f"a query was sent to {folder}, which nobody has committed")
        elif f"_purged/{hour_folder(partition.hour)}/done.json" in self.objects:
            # The hour had to lose files without a grace: a query that was planned before may fail or find less.
            if found and found.keys() - expected.keys():
                self.problems.append(f"a query of {folder} found rows of something else")
        elif found is None:
            self.problems.append(f"a query of {folder} failed: a file went while it was read")
        elif folder in self.states and found != expected:
            self.problems.append(f"a query of {folder} found {dict(found)} instead of {dict(expected)}")

    def _ids(self, keys: Iterable[str]) -> Counter[str]:
        return Counter(name for key in keys for name in ids_in(self.objects[key][0]))


@lru_cache(_REMEMBERED)
def ids_in(body: bytes) -> tuple[str, ...]:
    """The ids of the rows of a data file, which depend on its bytes alone."""
    column = pq.ParquetFile(pa.BufferReader(body)).read(columns=["event_id"], use_threads=False)["event_id"]
    return tuple(str(value) for value in column.to_pylist())


def _read(bucket: Bucket, folder: str) -> Iterator[str]:
    for entry in bucket.list(folder):
        yield from ids_in(bucket.get(entry.key))


def _folder(partition: Partition) -> str:
    return partition.location.split("/", 3)[3]
