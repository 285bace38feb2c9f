"""A stream whose batches are given up, code that changes its mind about events, and operators who bring both back.

Everything happens at once: mappings go on reading, invocations that were given up go on as zombies, and up to three
operators recover given-up batches and bad events, each store call of each of them with a fault of its own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.rows import read
from clickstream.ledger import Ledger
from clickstream.positions import Epochs, padded
from clickstream.stream.applying import Applier
from clickstream.stream.failures import failed_keys
from clickstream.stream.processing import CONSUMER, EventProcessor
from clickstream.stream.recovering import Recoverer
from clickstream.stream.reparsing import Reparser, bad_objects
from tests.simulation.actors import Actor, Fate, draw_fate
from tests.simulation.faults import FaultyBucket, FaultyTable, Gate
from tests.simulation.records import encoded, zstd
from tests.simulation.recovery_parts import ARN, FUNCTION, OTHER_FUNCTION, CodeVersion, FailureBucket

EPOCH = "1763000000"
START_TIME = datetime(2026, 11, 21, 8, 40, tzinfo=UTC)
STEPS = 160


@dataclass
class Poller:
    """The mapping's reader of one shard, with its warm container."""

    shard_id: str
    records: list[Record] = field(default_factory=list)
    at: int = 0
    tries: int = 0
    batch: Batch | None = None
    actor: Actor | None = None
    processor: EventProcessor | None = None


class RecoverySchedule:
    """One schedule."""

    recoverer: Callable[..., Recoverer] = Recoverer
    reparser: Callable[..., Reparser] = Reparser
    """Mutants replace them."""

    def __init__(self, seed: int, fault_rate: float = 0.1, tries: int = 2, steps: int = STEPS) -> None:
        self.chance = random.Random(seed)  # noqa: S311  reproducible, not secret
        self.fault_rate, self.tries, self.steps = fault_rate, tries, steps
        gate = self.gate = Gate()
        self.ledger_table, self.counters, self.page_metrics = (FaultyTable(gate) for _ in range(3))
        self.bucket, self.failures = FaultyBucket(gate), FailureBucket(gate)
        self.ledger = Ledger(self.ledger_table, self.bucket)
        self.now, self.version, self.runs, self.number = START_TIME, 1, 0, 0
        self.pollers = [Poller("shardId-0"), Poller("shardId-1")]
        self.zombies: list[Actor] = []
        self.operators: list[Actor] = []
        self.given_up = 0

    @property
    def applier(self) -> Applier:
        """An applier on these tables."""
        return Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: self.now)

    def run(self) -> None:
        """Faults first, then peace until all work is done."""
        for _ in range(self.steps):
            self._step()
        self._rush()
        self._drain()

    def _step(self) -> None:
        chance = self.chance
        self.now += timedelta(seconds=chance.choice((0, 0, 1, 5)))
        if chance.random() < 0.01:
            self.now += timedelta(minutes=chance.randint(1, 70))
        if (dice := chance.random()) < 0.15:
            self._produce(chance.choice(self.pollers))
        elif dice < 0.17:
            self.version += 1
        elif dice < 0.2 and self.gate.late:
            self.gate.land(chance)
        elif dice < 0.24 and self.zombies:
            self.zombies = [
                z for z in self.zombies if z is not (picked := chance.choice(self.zombies)) or not self._go(picked)
            ]
        elif dice < 0.26:
            self._give_up_elsewhere(chance.choice(self.pollers))
        elif dice < 0.6:
            self._operate()
        else:
            self._poll(chance.choice(self.pollers))

    def _produce(self, poller: Poller) -> None:
        """A page view, a bad event, an event that versions judge differently, or several in one record."""
        self.number += self.chance.randint(1, 9)
        good = encoded(event_id=f"e{self.number}", page_url=f"/{self.chance.randrange(4)}")
        quirk = encoded(event_id=f"q{self.number}", user_id="quirk")
        events = self.chance.choice(([good], [quirk], [b"{"], [good, b"?", quirk], [quirk, quirk]))
        data = events[0] if len(events) == 1 else zstd(b"\n".join(events))
        poller.records.append(Record(str(self.number), padded(str(self.number)), self.now, data))

    def _give_up_elsewhere(self, poller: Poller) -> None:
        """The other consumer gives a batch up, which `process_events` may not have reached."""
        at = self.chance.randrange(len(poller.records)) if poller.records else 0
        if records := tuple(poller.records[at : at + 3]):
            self._put_failure(Batch(ARN, poller.shard_id, records), OTHER_FUNCTION)

    def _put_failure(self, batch: Batch, function: str) -> None:
        self.given_up += 1
        self.failures.give_up(batch, function, self.given_up)

    def _poll(self, poller: Poller) -> None:
        """Start the next batch, or take the running one a call further."""
        if poller.actor is None:
            records = tuple(poller.records[poller.at : poller.at + self.chance.randint(1, 6)])
            if not records:
                return
            if poller.processor is None or poller.processor.code_version != str(self.version):
                poller.processor = self.processor(self.version)
            processor, batch, run_id = poller.processor, Batch(ARN, poller.shard_id, records), self._run_id()
            poller.batch, poller.actor = batch, Actor(lambda: processor.process(batch, run_id))
        elif self.chance.random() < 0.02:
            self.zombies.append(poller.actor)
            poller.processor = None
            self._settle(poller, is_good=False)
        elif self._go(poller.actor):
            self._settle(poller, is_good=not (poller.actor.is_killed or poller.actor.error))

    def _settle(self, poller: Poller, *, is_good: bool) -> None:
        batch, poller.actor, poller.batch = poller.batch, None, None
        assert batch is not None
        poller.tries += 1
        if not is_good:
            poller.processor = None
            if poller.tries < self.tries:
                return
            self._put_failure(batch, FUNCTION)
        poller.at = max(0, poller.at - 2) if is_good and self.chance.random() < 0.05 else poller.at + len(batch.records)
        poller.tries = 0

    def _operate(self) -> None:
        """Operators begin, work on, or are stopped by a fault; another one comes."""
        if len(self.operators) < 3 and self.chance.random() < 0.1:
            work = self.chance.choice((self.recover_failures, self.recover_bad_events))
            self.operators.append(self._operator(work, self.version + self.chance.randint(-1, 1)))
        elif self.operators:
            picked = self.chance.choice(self.operators)
            if self._go(picked):
                self.operators.remove(picked)

    def _operator(self, work: Callable[[int, str], None], version: int) -> Actor:
        run_id = self._run_id()
        return Actor(lambda: work(version, run_id))

    def recover_failures(self, version: int, run_id: str) -> None:
        """What `recover_events` does with the failure bucket."""
        recoverer = self.recoverer(processor=self.processor(version), failures=self.failures, function=FUNCTION)
        for _ in recoverer.recover_all(failed_keys(self.failures), run_id):
            pass

    def recover_bad_events(self, version: int, run_id: str) -> None:
        """What `recover_events --bad` does, in any order."""
        reparser = self.reparser(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=self.applier,
            now=lambda: self.now,
            read=partial(read, pseudonym=CodeVersion(str(version), b"key")),
            code_version=str(version),
        )
        objects = list(bad_objects(self.ledger, self.ledger.lanes(CONSUMER)))
        for lane, landed in self.chance.sample(objects, len(objects)):
            reparser.reparse(lane, landed, run_id)

    def processor(self, version: int) -> EventProcessor:
        """A cold container."""
        return EventProcessor(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=self.applier,
            epochs=Epochs(lambda _: self.gate.read(lambda: EPOCH), lambda: self.now),
            now=lambda: self.now,
            pseudonym=CodeVersion(str(version), b"key"),
            code_version=str(version),
            ranges_per_commit=1,
        )

    def _run_id(self) -> str:
        self.runs += 1
        return f"run-{self.runs}"

    def _go(self, actor: Actor, fate: Fate | None = None) -> bool:
        """One call further; True at the end. Whatever is neither success nor a failed service is a defect."""
        self.gate.advance(actor, draw_fate(self.chance, self.fault_rate) if fate is None else fate)
        if actor.is_done and actor.error and not isinstance(actor.error, InfrastructureError):
            raise actor.error
        return actor.is_done

    def _rush(self) -> None:
        """Three operators take the same bad events back at once."""
        rushing = [self._operator(self.recover_bad_events, 2) for _ in range(3)]
        while rushing:
            picked = self.chance.choice(rushing)
            if self._go(picked):
                rushing.remove(picked)

    def _drain(self) -> None:
        """Late requests land, everybody finishes, mappings catch up, and operators have the last word."""
        while self.gate.late:
            self.gate.land(self.chance)
        for actor in [*self.zombies, *self.operators, *(p.actor for p in self.pollers if p.actor)]:
            while not self._go(actor, Fate.DONE):
                pass
        for poller in self.pollers:
            if rest := tuple(poller.records[poller.at :]):
                self.processor(self.version).process(Batch(ARN, poller.shard_id, rest), self._run_id())
            if poller.batch and poller.actor and (poller.actor.is_killed or poller.actor.error):
                self._put_failure(poller.batch, FUNCTION)
        self.recover_failures(self.version, self._run_id())
        self.recover_bad_events(2, self._run_id())
        self.applier.audit(CONSUMER)
