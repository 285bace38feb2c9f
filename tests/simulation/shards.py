"""The shards of one simulated stream: who holds which partition keys, who descends from whom, what has expired."""

from dataclasses import dataclass, field
from datetime import datetime

from clickstream.intake.kinesis import Record

KEYS = "abcdefgh"
"""All partition keys, in the order of their hashes."""


@dataclass(eq=False)
class Shard:
    """One shard and every record that was ever written to it. A closed one gets no more."""

    epoch: str
    shard_id: str
    keys: str
    parents: tuple["Shard", ...] = ()
    records: list[Record] = field(default_factory=list)
    is_open: bool = True
    expired: int = 0
    """How many of its records, the oldest, are gone from the stream."""

    @property
    def name(self) -> str:
        """Its number and epoch, short enough for a story."""
        return f"shard {int(self.shard_id[-12:])} of {self.epoch[-5:]}"

    def expire(self, before: datetime) -> None:
        """Records that arrived before this are gone."""
        while self.expired < len(self.records) and self.records[self.expired].received_time < before:
            self.expired += 1


class Shards:
    """The shards of one stream, parents before their children."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.all: list[Shard] = []
        half = len(KEYS) // 2
        self._add(KEYS[:half])
        self._add(KEYS[half:])

    @property
    def open(self) -> list[Shard]:
        """The shards that take records, in the order of their keys."""
        return sorted((shard for shard in self.all if shard.is_open), key=lambda shard: shard.keys)

    def split(self, shard: Shard) -> list[Shard]:
        """Close the shard; two new ones share its keys. With a single key it stays as it is."""
        if len(shard.keys) < 2:
            return []
        shard.is_open = False
        half = len(shard.keys) // 2
        return [self._add(keys, shard) for keys in (shard.keys[:half], shard.keys[half:])]

    def merge(self, one: Shard, other: Shard) -> list[Shard]:
        """Close two neighbours; a new shard has the keys of both."""
        one.is_open = other.is_open = False
        return [self._add("".join(sorted(one.keys + other.keys)), one, other)]

    def _add(self, keys: str, *parents: Shard) -> Shard:
        shard = Shard(self.epoch, f"shardId-{len(self.all):012}", keys, parents)
        self.all.append(shard)
        return shard
