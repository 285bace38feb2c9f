"""A stream with its event source mappings, containers and operators, driven by one seed.

It models what Lambda promises and what it does not: batches of one shard in order, retries from the first record,
bisection, checkpoints that get lost, invocations that go on after the poller gave them up (zombies), batches given up
after some tries and brought back later, two mappings at once or one replaced by another, deployments, and a stream that
is deleted and made anew.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from clickstream.errors import ClickstreamError, InfrastructureError
from clickstream.kinesis import Batch, Record
from clickstream.positions import padded
from tests.simulation.actors import Actor, Fate, draw_fate
from tests.simulation.faults import Gate
from tests.simulation.options import Options

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898
START_TIME = datetime(2026, 11, 21, 8, 40, tzinfo=UTC)
DRAIN_STEPS = 20_000


class StuckError(Exception):
    """Work does not end though nothing fails."""


class Container(Protocol):
    """A warm Lambda container."""

    version: int

    def invoke(self, batch: Batch, run_id: str) -> object:
        """Run the handler's one call on the batch."""


@dataclass
class Invocation:
    """A batch in the hands of a container."""

    batch: Batch
    container: Container
    actor: Actor

    @property
    def is_good(self) -> bool:
        """Whether it ended as the mapping wants."""
        return not (self.actor.is_killed or self.actor.error)


@dataclass
class Mapping:
    """The event source mapping's poller of one shard."""

    shard_id: str
    at: int = 0
    tries: int = 0
    size: int | None = None
    invocation: Invocation | None = None


@dataclass
class Stream:
    """One schedule. `new_container` makes a cold container of a code version."""

    seed: int
    options: Options
    gate: Gate
    new_container: Callable[["Stream", int], Container]
    payload: Callable[[random.Random, str], bytes]
    """The data of a new record from its name, which begins with the last digit of the shard."""
    epoch: int = 0
    now: datetime = START_TIME
    version: int = 0
    shards: tuple[str, ...] = ("shardId-000000000000", "shardId-000000000001")
    produced: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    """Records by (epoch, shard)."""
    unread: set[tuple[str, str, str]] = field(default_factory=set)
    """(epoch, shard, position) of what a deleted stream took with it."""
    warm: list[Container] = field(default_factory=list)
    zombies: list[Invocation] = field(default_factory=list)
    given_up: list[Batch] = field(default_factory=list)
    recovery: Invocation | None = None
    runs: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  reproducible, not secret
        self.number = FIRST_NUMBER
        self.mappings: list[Mapping] = []
        self._create()

    def epoch_of(self, _stream_arn: str) -> str:
        """What the description of the stream says."""
        return self.gate.read(lambda: str(self.epoch))

    def run(self) -> None:
        """The whole schedule: faults first, then peace until all work is done. Raises `StuckError` if it never is."""
        for _ in range(self.options.steps):
            self._step()
        self._drain()

    def records(self, shard_id: str) -> list[Record]:
        """Records of the shard, in the present stream."""
        return self.produced[str(self.epoch), shard_id]

    def _create(self) -> None:
        self.epoch = int(self.now.timestamp())
        self.produced |= {(str(self.epoch), shard_id): [] for shard_id in self.shards}
        is_double = self.options.has_two_mappings and self.seed % 3 == 0
        self.mappings = [Mapping(shard_id) for shard_id in self.shards * (2 if is_double else 1)]

    def _step(self) -> None:
        chance = self.chance
        self.now += timedelta(seconds=chance.choice((0, 0, 1, 5)))
        if chance.random() < 0.01:
            self.now += timedelta(minutes=chance.randint(1, 70))
        if (dice := chance.random()) < 0.22:
            self._produce(chance.choice(self.shards))
        elif dice < 0.23 and self.options.has_deployments:
            self.version += 1
        elif dice < 0.235 and self.options.has_new_streams:
            self._delete_and_create()
        elif dice < 0.24:
            self._read_again(chance.choice(self.mappings))
        elif dice < 0.27 and self.gate.late:
            self.gate.land(chance)
        elif dice < 0.35 and self.zombies:
            zombie = chance.choice(self.zombies)
            if self._advance(zombie):
                self.zombies.remove(zombie)
        elif dice < 0.41:
            self._recover()
        else:
            self._poll(chance.choice(self.mappings))

    def _produce(self, shard_id: str) -> None:
        self.number += self.chance.randint(1, 9)
        data = self.payload(self.chance, f"{shard_id[-1]}-{self.number}")
        self.records(shard_id).append(Record(str(self.number), padded(str(self.number)), self.now, data))

    def _poll(self, mapping: Mapping) -> None:
        """Start the next batch, or take the running one a call further."""
        chance = self.chance
        if mapping.invocation is None:
            records = self.records(mapping.shard_id)
            size = mapping.size or chance.randint(1, 9)
            if batch := tuple(records[mapping.at : mapping.at + size]):
                mapping.invocation = self._start(Batch(ARN, mapping.shard_id, batch))
            return
        if chance.random() < self.options.zombie_rate:
            self.zombies.append(mapping.invocation)
            mapping.invocation = mapping.size = None
        elif self._advance(mapping.invocation):
            invocation, mapping.invocation = mapping.invocation, None
            self._settle(mapping, invocation)

    def _read_again(self, mapping: Mapping) -> None:
        """The mapping was replaced: the new one begins at the oldest record."""
        if mapping.invocation is None:
            mapping.at, mapping.tries, mapping.size = 0, 0, None

    def _start(self, batch: Batch) -> Invocation:
        """A container for the batch: a warm one of the present version, or a cold one."""
        self.runs, run_id = self.runs + 1, f"run-{self.runs}"
        fitting = [container for container in self.warm if container.version == self.version]
        is_warm = fitting and self.chance.random() < 0.8
        container = self.chance.choice(fitting) if is_warm else self.new_container(self, self.version)
        self.warm = [each for each in self.warm if each is not container]
        return Invocation(batch, container, Actor(lambda: container.invoke(batch, run_id)))

    def _advance(self, invocation: Invocation, fate: Fate | None = None) -> bool:
        """One call further; True at the end. Whatever is neither success nor a failed service is a defect."""
        actor = invocation.actor
        self.gate.advance(actor, draw_fate(self.chance, self.options.fault_rate) if fate is None else fate)
        if not actor.is_done:
            return False
        if actor.error and not isinstance(actor.error, InfrastructureError):
            raise actor.error
        self.warm += [] if actor.is_killed else [invocation.container]
        return True

    def _settle(self, mapping: Mapping, invocation: Invocation) -> None:
        """Move on, or try again: the same batch, a half of it, or another size."""
        chance, count = self.chance, len(invocation.batch.records)
        if invocation.is_good:
            mapping.at = max(0, mapping.at + (-chance.randint(0, 6) if chance.random() < 0.08 else count))
            mapping.size, mapping.tries = None, 0
            return
        mapping.tries, mapping.size = mapping.tries + 1, chance.choice((count, count, max(1, count // 2), None))
        if self.options.tries is not None and mapping.tries >= self.options.tries:
            self.given_up.append(invocation.batch)
            mapping.at += count
            mapping.size, mapping.tries = None, 0

    def _recover(self) -> None:
        """An operator feeds a batch that was given up through the same handler; sometimes one more time."""
        if self.recovery is None:
            if self.given_up:
                self.recovery = self._start(self.chance.choice(self.given_up))
        elif self._advance(self.recovery):
            done, self.recovery = self.recovery, None
            if done.is_good and done.batch in self.given_up and self.chance.random() < 0.8:
                self.given_up.remove(done.batch)

    def _delete_and_create(self) -> None:
        """The stream is made anew, after recovery as the runbook wants; numbers go on or begin again."""
        if self.given_up or self.recovery:
            return
        running = self.zombies + [m.invocation for m in self.mappings if m.invocation]
        self.zombies = [each for each in running if each.actor.steps > 1 and self.chance.random() < 0.5]
        for invocation in running:
            if invocation not in self.zombies:
                self.gate.advance(invocation.actor, Fate.KILLED_BEFORE)
        for (epoch, shard_id), records in self.produced.items():
            self.unread |= {(epoch, shard_id, record.position) for record in records}
        self.now += timedelta(minutes=self.chance.randint(2, 20))
        self.number = self.chance.choice((FIRST_NUMBER, self.number))
        self._create()

    def _drain(self) -> None:
        """Nothing fails any more: late requests land, zombies end, mappings catch up, given-up batches come back."""
        while self.gate.late:
            self.gate.land(self.chance)
        running = [*self.zombies, self.recovery, *(mapping.invocation for mapping in self.mappings)]
        for invocation in filter(None, running):
            self._finish(invocation)
        for mapping in self.mappings:
            mapping.invocation = None
            mapping.at = self.chance.choice((0, mapping.at))
            while batch := tuple(self.records(mapping.shard_id)[mapping.at : mapping.at + 9]):
                self._finish_alone(Batch(ARN, mapping.shard_id, batch))
                mapping.at += len(batch)
        for batch_again in self.given_up:
            self._finish_alone(batch_again)

    def _finish_alone(self, batch: Batch) -> None:
        """Without faults and competitors one try must do, in every container."""
        invocation = self._start(batch)
        self._finish(invocation)
        if error := invocation.actor.error:
            raise StuckError(str(error)) from error

    def _finish(self, invocation: Invocation) -> None:
        for _ in range(DRAIN_STEPS):
            if self._advance(invocation, Fate.DONE):
                return
        raise StuckError("an invocation does not end")


class Runnable(Protocol):
    """A world with a schedule of its own."""

    def run(self) -> None:
        """Play the schedule."""

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""


def goes_wrong(world: Runnable) -> bool:
    """Whether the schedule of the world ends with a violation, an error, or not at all."""
    try:
        world.run()
        return bool(world.violations())
    except (ClickstreamError, StuckError):
        return True
