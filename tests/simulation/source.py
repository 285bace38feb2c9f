"""The simulated Kinesis stream itself: its shards, what was written to them, what nobody read in time."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from clickstream.intake.kinesis import Record
from clickstream.positions import padded
from tests.simulation.options import Options
from tests.simulation.polling import Poller
from tests.simulation.shards import Shard, Shards

FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898
START_TIME = datetime(2026, 11, 21, 8, 40, tzinfo=UTC)


class Payload(Protocol):
    """Makes the data of a new record from its name and the partition keys of its shard."""

    def __call__(self, chance: random.Random, name: str, keys: str, /) -> bytes:
        """The data."""


@dataclass(eq=False)
class Source:
    """A stream and who reads it. Each schedule has one; it may be deleted and made anew."""

    seed: int
    options: Options
    payload: Payload
    now: datetime = START_TIME
    epoch: int = 0
    produced: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    """Records by (epoch, shard)."""
    unread: set[tuple[str, str, str]] = field(default_factory=set)
    """(epoch, shard, position) of what expired, or went with a deleted stream, before any mapping had passed it."""
    pollers: list[Poller] = field(default_factory=list)
    reshards: Counter[str] = field(default_factory=Counter)
    story: list[str] | None = None
    """What happened, line by line, if somebody wants to know."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  reproducible, not secret
        self.number = FIRST_NUMBER
        self.create()

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        if self.story is not None:
            self.story.append(f"{self.now:%d %b %H:%M:%S} {line}")

    def create(self) -> None:
        """A new stream with two shards."""
        self.epoch = int(self.now.timestamp())
        self.shards = Shards(str(self.epoch))
        self.pollers = []
        self._read(self.shards.all)

    def produce(self) -> None:
        """A record arrives."""
        shard = self.chance.choice(self.shards.open)
        self.number += self.chance.randint(1, 9)
        data = self.payload(self.chance, f"{self.epoch}-{self.number}", shard.keys)
        shard.records.append(Record(str(self.number), padded(str(self.number)), self.now, data))
        self.tell(f"record {self.number % 100_000} arrives in {shard.name}")

    def reshard(self) -> None:
        """Split a shard, or merge two neighbours. A few shards are enough."""
        shards, chance = self.shards.open, self.chance
        at = chance.randrange(len(shards))
        if len(shards) > 1 and (len(shards) > 3 or chance.random() < 0.5):
            at = max(at, 1)
            children = self.shards.merge(shards[at - 1], shards[at])
        else:
            children = self.shards.split(shards[at])
        self.reshards.update({0: (), 1: ("merges",), 2: ("splits",)}[len(children)])
        self._read(children)
        for child in children:
            self.tell(f"{child.name} takes the place of {[parent.name for parent in child.parents]}")

    def expire(self) -> None:
        """What is older than the retention is gone; unread, it is lost, and that must be known."""
        for shard in self.shards.all:
            shard.expire(self.now - self.options.retention)
            if shard.expired:
                self._lose(shard, shard.expired)

    def delete_and_create(self) -> None:
        """The stream is made anew; the numbers of the new one go on, or begin again."""
        for shard in self.shards.all:
            self._lose(shard, len(shard.records))
        self.now += timedelta(minutes=self.chance.randint(2, 20))
        self.number = self.chance.choice((FIRST_NUMBER, self.number))
        self.create()
        self.tell("the stream is deleted and made anew")

    def _lose(self, shard: Shard, upto: int) -> None:
        """Of the first `upto` records of the shard, nobody gets those any more that no reader has passed."""
        passed = max(poller.passed for poller in self.pollers if poller.shard is shard)
        lost = shard.records[passed:upto]
        self.unread |= {(shard.epoch, shard.shard_id, record.position) for record in lost}

    def _read(self, shards: list[Shard]) -> None:
        """Every mapping gets a reader for each new shard."""
        is_double = self.options.has_two_mappings and self.seed % 3 == 0
        for shard in shards:
            self.produced[shard.epoch, shard.shard_id] = shard.records
            parents = [[poller for poller in self.pollers if poller.shard is parent] for parent in shard.parents]
            for number in range(2 if is_double else 1):
                self.pollers.append(Poller(shard, tuple(readers[number] for readers in parents)))
