"""Event source mappings: one poller per shard, which hands batches over in order and decides what a failure means.

The rules of the service: a child shard is read only when its parents are drained; a failed batch is tried again from
its first record, whole or bisected; a batch out of tries, or records too old, are put aside and the poller moves on; a
checkpoint may be lost, so that records come again.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from clickstream.intake.kinesis import Batch
from tests.simulation.actors import Actor
from tests.simulation.shards import Shard

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
BATCH = 9


class Container(Protocol):
    """A warm Lambda container."""

    version: int

    def invoke(self, batch: Batch, run_id: str) -> object:
        """Run the handler's one call on the batch."""


@dataclass(eq=False)
class Invocation:
    """A batch in the hands of a container."""

    batch: Batch
    container: Container
    actor: Actor
    run_id: str

    @property
    def is_good(self) -> bool:
        """Whether it ended as the mapping wants."""
        return not (self.actor.is_killed or self.actor.error or self._failures)

    @property
    def done_before(self) -> int:
        """How many records from the first on need no other try: those before the lowest number that was reported."""
        numbers = [record.sequence_number for record in self.batch.records]
        return min((numbers.index(number) for number in self._failures), default=0)

    @property
    def _failures(self) -> list[str]:
        """The sequence numbers that the answer reports."""
        answer = self.actor.result
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]] if isinstance(answer, dict) else []


@dataclass(eq=False)
class Poller:
    """One mapping's reader of one shard."""

    shard: Shard
    after: tuple["Poller", ...] = ()
    """The readers of the parents."""
    at: int = 0
    passed: int = 0
    """The furthest it ever was: what lies before is done, or put aside."""
    tries: int = 0
    size: int | None = None
    invocation: Invocation | None = None

    @property
    def is_drained(self) -> bool:
        """Whether nothing will ever come from here any more."""
        is_read = not (self.shard.is_open or self.invocation or self.at < len(self.shard.records))
        return is_read and self.may_read

    @property
    def may_read(self) -> bool:
        """Whether the parents are drained."""
        return all(parent.is_drained for parent in self.after)

    def next_batch(self, size: int) -> Batch | None:
        """Up to `size` records from the checkpoint on."""
        self.at = max(self.at, self.shard.expired)
        records = tuple(self.shard.records[self.at : self.at + size])
        return Batch(ARN, self.shard.shard_id, records) if records else None

    def too_old(self, before: datetime) -> Batch | None:
        """The records at the checkpoint that arrived before this, at most a batch of them."""
        batch = self.next_batch(BATCH)
        old = tuple(record for record in batch.records if record.received_time < before) if batch else ()
        return Batch(ARN, self.shard.shard_id, old) if old else None

    def move_on(self, count: int) -> None:
        """The next `count` records are done, or put aside."""
        self.at += count
        self.passed = max(self.passed, self.at)
        self.size, self.tries = None, 0

    def lose_checkpoint(self, count: int, back: int) -> None:
        """The next `count` records are done, but they, and some before them, come again."""
        self.passed = max(self.passed, self.at + count)
        self.at = max(0, self.at - back)
        self.size, self.tries = None, 0

    def read_again(self) -> None:
        """The mapping was replaced: the new one begins at the oldest record."""
        self.at, self.size, self.tries, self.invocation = 0, None, 0, None

    def try_again(self, chance: random.Random, count: int) -> None:
        """The same batch once more, a half of it, or another size."""
        self.tries, self.size = self.tries + 1, chance.choice((count, count, max(1, count // 2), None))


@dataclass
class FailureDestination:
    """Where batches go that are put aside."""

    batches: list[Batch] = field(default_factory=list)
    put_aside: int = 0
    """How many records ever came."""

    def take(self, batch: Batch) -> None:
        """Keep the batch with its payload."""
        self.batches.append(batch)
        self.put_aside += len(batch.records)
