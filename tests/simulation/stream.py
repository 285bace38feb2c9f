"""A stream with its event source mappings, containers and operators, driven by one seed.

It models what Lambda and Kinesis promise and what they do not: batches of one shard in order, retries from the first
record, bisection, checkpoints that get lost, invocations that go on after the poller gave them up (zombies), batches
put aside after some tries or for their age and brought back later, two mappings at once or one replaced by another,
deployments, shards split and merged, outages, records that expire unread, a stream that is deleted and made anew.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch
from tests.simulation.actors import Actor, Fate, draw_fate
from tests.simulation.faults import Gate
from tests.simulation.polling import ARN, BATCH, Container, FailureDestination, Invocation, Poller
from tests.simulation.source import START_TIME, Source

__all__ = ["ARN", "Container", "Stream", "StuckError"]
DRAIN_STEPS = 20_000


class StuckError(Exception):
    """Work does not end though nothing fails."""


@dataclass(eq=False, kw_only=True)
class Stream(Source):
    """One schedule. `new_container` makes a cold container of a code version."""

    gate: Gate
    new_container: Callable[["Stream", int], Container]
    disaster: Callable[[random.Random], None] = lambda _: None
    """A backup is taken, or brought back."""
    pause: Callable[[random.Random], None] = lambda _: None
    """Days have gone by."""
    down_until: datetime = START_TIME
    version: int = 0
    runs: int = 0
    warm: list[Container] = field(default_factory=list)
    zombies: list[Invocation] = field(default_factory=list)
    failed: FailureDestination = field(default_factory=FailureDestination)
    recovery: Invocation | None = None

    def epoch_of(self, _stream_arn: str) -> str:
        """What the description of the stream says."""
        return self.gate.read(lambda: str(self.epoch), "DescribeStreamSummary")

    def run(self) -> None:
        """The whole schedule: faults first, then peace until all work is done. Raises `StuckError` if it never is."""
        for _ in range(self.options.steps):
            self._pass_time()
            self._step()
        self._drain()

    def stop_writers(self) -> None:
        """Nothing of what runs now, or is on its way, will ever write again, and no container remembers anything."""
        self.zombies, self.recovery, self.warm = [], None, []
        self.gate.late.clear()
        for poller in self.pollers:
            poller.invocation = None

    def work_until_done(self, work: Callable[[], object], name: str) -> None:
        """An operator's command, alone, with faults; after a failure it is given again."""
        while True:
            actor = Actor(work, name)
            while not actor.is_done:
                self.gate.advance(actor, draw_fate(self.chance, self.options.fault_rate / 4))
            if not (actor.error or actor.is_killed):
                self.gate.late.clear()
                return

    def read_all_again(self) -> None:
        """The mappings begin at the oldest record, and nothing is known to be done."""
        for poller in self.pollers:
            poller.read_again()
            poller.passed = 0

    def _pass_time(self) -> None:
        """The clock goes on, and now and then something rare happens."""
        chance, options = self.chance, self.options
        self.now += timedelta(seconds=chance.choice((0, 0, 1, 5)))
        if chance.random() < 0.01:
            self.now += timedelta(minutes=chance.randint(1, 70))
        if chance.random() < options.reshard_rate:
            self.reshard()
        if chance.random() < options.disaster_rate:
            self.disaster(chance)
        if chance.random() < options.pause_rate:
            self._wait_for_days()
        if chance.random() < options.outage_rate:
            self.down_until = self.now + timedelta(hours=chance.randint(1, 30))
            self.tell(f"all services fail until {self.down_until:%d %b %H:%M}")
        if self.now < self.down_until:
            self.now += timedelta(minutes=chance.randint(10, 60))
        self.expire()

    def _wait_for_days(self) -> None:
        self.stop_writers()
        self.now += timedelta(days=self.chance.randint(1, 15))
        self.tell("nothing ran for days")
        self.pause(self.chance)

    def _step(self) -> None:
        chance = self.chance
        if (dice := chance.random()) < 0.22:
            self.produce()
        elif dice < 0.23 and self.options.has_deployments:
            self.version += 1
            self.tell(f"version {self.version} is deployed")
        elif dice < 0.235 and self.options.has_new_streams:
            self._recreate()
        elif dice < 0.24:
            self._replace_mapping(chance.choice(self.pollers))
        elif dice < 0.27 and self.gate.late:
            self.gate.land(chance)
        elif dice < 0.35 and self.zombies:
            zombie = chance.choice(self.zombies)
            if self._advance(zombie):
                self.zombies.remove(zombie)
        elif dice < 0.41:
            self._recover()
        else:
            self._poll(chance.choice([poller for poller in self.pollers if poller.may_read]))

    def _poll(self, poller: Poller) -> None:
        """Put aside what is too old; start the next batch, or take the running one a call further."""
        chance = self.chance
        if poller.invocation is None:
            if old := poller.too_old(self.now - self.options.max_age):
                self._put_aside(poller, old, "too old")
            elif batch := poller.next_batch(poller.size or chance.randint(1, BATCH)):
                poller.invocation = self._start(batch)
            return
        if chance.random() < self.options.zombie_rate:
            self.zombies.append(poller.invocation)
            poller.invocation = poller.size = None
        elif self._advance(poller.invocation):
            invocation, poller.invocation = poller.invocation, None
            self._settle(poller, invocation)

    def _replace_mapping(self, poller: Poller) -> None:
        if poller.invocation is None:
            poller.read_again()
            self.tell(f"a new mapping reads {poller.shard.name} from its oldest record")

    def _start(self, batch: Batch) -> Invocation:
        """A container for the batch: a warm one of the present version, or a cold one."""
        self.runs, run_id = self.runs + 1, f"run-{self.runs}"
        fitting = [container for container in self.warm if container.version == self.version]
        is_warm = fitting and self.chance.random() < 0.8
        container = self.chance.choice(fitting) if is_warm else self.new_container(self, self.version)
        self.warm = [each for each in self.warm if each is not container]
        numbers = [int(record.sequence_number) % 100_000 for record in batch.records]
        self.tell(f"{run_id}: {'warm' if is_warm else 'cold'} container, shard {int(batch.shard_id[-12:])}, {numbers}")
        return Invocation(batch, container, Actor(lambda: container.invoke(batch, run_id), run_id), run_id)

    def _advance(self, invocation: Invocation, fate: Fate | None = None) -> bool:
        """One call further; True at the end. Whatever is neither success nor a failed service is a defect."""
        actor = invocation.actor
        if fate is None:
            fate = Fate.REFUSED if self.now < self.down_until else draw_fate(self.chance, self.options.fault_rate)
        self.gate.advance(actor, fate)
        if not actor.is_done:
            return False
        self.tell(f"{invocation.run_id} {'is dead' if actor.is_killed else actor.error or 'is done'}")
        if actor.error and not isinstance(actor.error, InfrastructureError):
            raise actor.error
        self.warm += [] if actor.is_killed else [invocation.container]
        return True

    def _settle(self, poller: Poller, invocation: Invocation) -> None:
        """Move on, or try again."""
        chance, count = self.chance, len(invocation.batch.records)
        if invocation.is_good and chance.random() < 0.08:
            poller.lose_checkpoint(count, back=chance.randint(0, 6))
        elif invocation.is_good:
            poller.move_on(count)
        elif done := invocation.done_before:
            poller.move_on(done)
        elif self.options.tries is not None and poller.tries + 1 >= self.options.tries:
            self._put_aside(poller, invocation.batch, "out of tries")
        else:
            poller.try_again(chance, count)

    def _put_aside(self, poller: Poller, batch: Batch, reason: str) -> None:
        self.failed.take(batch)
        poller.move_on(len(batch.records))
        self.tell(f"{len(batch.records)} records of {poller.shard.name} are put aside: {reason}")

    def _recover(self) -> None:
        """An operator feeds a batch that was put aside through the same handler; sometimes one more time, or twice."""
        batches = self.failed.batches
        if self.recovery and self.chance.random() < self.options.zombie_rate:
            self.zombies.append(self.recovery)
            self.recovery = None
        if self.recovery is None:
            if batches:
                self.recovery = self._start(self.chance.choice(batches))
        elif self._advance(self.recovery):
            done, self.recovery = self.recovery, None
            if done.is_good and done.batch in batches and self.chance.random() < 0.8:
                batches.remove(done.batch)

    def _recreate(self) -> None:
        """The stream is made anew, after recovery as the runbook wants; some invocations go on with the old one."""
        if self.failed.batches or self.recovery:
            return
        running = self.zombies + [poller.invocation for poller in self.pollers if poller.invocation]
        self.zombies = [each for each in running if each.actor.steps > 1 and self.chance.random() < 0.5]
        self.delete_and_create()

    def _drain(self) -> None:
        """Nothing fails any more: late requests land, zombies end, mappings catch up, what was put aside comes back."""
        self.tell("from here on nothing fails")
        while self.gate.late:
            self.gate.land(self.chance)
        running = [*self.zombies, self.recovery, *(poller.invocation for poller in self.pollers)]
        for invocation in filter(None, running):
            self._finish(invocation)
        for poller in self.pollers:
            poller.invocation = None
            poller.at = self.chance.choice((0, poller.at))
            while batch := poller.next_batch(BATCH):
                self._finish_alone(batch)
                poller.move_on(len(batch.records))
        for batch_again in self.failed.batches:
            self._finish_alone(batch_again)

    def _finish_alone(self, batch: Batch) -> None:
        """Without faults and competitors one try must do, or take a part of it, in every container."""
        invocation = self._start(batch)
        self._finish(invocation)
        if invocation.is_good:
            return
        done = invocation.done_before
        if not done:
            raise StuckError("an invocation fails though nothing else does") from invocation.actor.error
        self._finish_alone(replace(batch, records=batch.records[done:]))

    def _finish(self, invocation: Invocation) -> None:
        for _ in range(DRAIN_STEPS):
            if self._advance(invocation, Fate.DONE):
                return
        raise StuckError("an invocation does not end")
