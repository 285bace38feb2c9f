"""What one shard receives at a steady rate: sessions that begin, go on for minutes and end, as batches of its mapping.

A session has 12 events on average, 25 seconds apart on average, so that its events lie in several batches: what a
session item costs depends on that.
"""

import heapq
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from benchmarks.stream_workload import ARN, EVENTS_PER_RECORD, FIRST_NUMBER, SHARD, Shop
from clickstream.intake.kinesis import Batch, Record
from clickstream.positions import padded

EVENTS_PER_SESSION = 12
THINK_S = 25.0
WARM_UP_BATCHES = 2
"""Batches before the first counted one, so that sessions and pages are there already."""
WINDOW_S = 10
PAYLOAD_BYTES = 6 * 2**20
ENVELOPE_BYTES = 480
"""What the invocation payload adds to a record's base64 text."""
SHARD_RECORDS_PER_S, SHARD_BYTES_PER_S = 1_000, 1_000_000
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Delivery:
    """One batch of the shard, the events in it, and whether it is after the warm-up."""

    batch: Batch
    events: int
    is_counted: bool


@dataclass(frozen=True)
class Shard:
    """A shard's share of the traffic. `is_packed`: many events a record, as `test_client` sends them."""

    events_per_s: float
    is_packed: bool

    def deliveries(self, counted: int, seed: int = 7) -> Iterator[Delivery]:
        """The warm-up, then `counted` batches, each closed by the 10 s window or the 6 MB payload."""
        number, made = FIRST_NUMBER, 0
        records: list[Record] = []
        held_bytes = events = 0
        opened = START
        for data, time, size in self._records(seed):
            text_bytes = len(data) * 4 // 3 + ENVELOPE_BYTES
            is_over = time - opened >= timedelta(seconds=WINDOW_S)
            if records and (is_over or held_bytes + text_bytes > PAYLOAD_BYTES):
                yield Delivery(Batch(ARN, SHARD, tuple(records)), events, made >= WARM_UP_BATCHES)
                made += 1
                if made == WARM_UP_BATCHES + counted:
                    return
                records, held_bytes, events, opened = [], 0, 0, time
            number += 17
            records.append(Record(str(number), padded(str(number)), time, data))
            held_bytes, events = held_bytes + text_bytes, events + size

    def _records(self, seed: int) -> Iterator[tuple[bytes, datetime, int]]:
        """Data, arrival and number of events of each record."""
        waiting: list[bytes] = []
        for line, time in self._events(seed):
            waiting.append(line)
            if not self.is_packed:
                yield waiting.pop(), time, 1
            elif len(waiting) == EVENTS_PER_RECORD:
                yield pa.Codec("zstd", 3).compress(b"\n".join(waiting), asbytes=True), time, len(waiting)
                waiting = []

    def _events(self, seed: int) -> Iterator[tuple[bytes, datetime]]:
        """Events in order of time, for ever: as many sessions begin as end, and at the start as many are under way."""
        chance = random.Random(seed)  # noqa: S311  reproducible, not secret
        shop = Shop(chance)
        arrivals_per_s = self.events_per_s / EVENTS_PER_SESSION
        under_way = int(arrivals_per_s * (EVENTS_PER_SESSION - 1) * THINK_S)
        queue: list[tuple[float, int, dict[str, Any] | None]] = [(0.0, -1, None)]
        queue += [(chance.expovariate(1 / THINK_S), number, shop.session()) for number in range(under_way)]
        heapq.heapify(queue)
        for number in itertools.count(under_way):
            at, _, session = heapq.heappop(queue)
            if session is None:
                session = shop.session()
                heapq.heappush(queue, (at + chance.expovariate(arrivals_per_s), -1, None))
            time = START + timedelta(seconds=at)
            yield shop.event(session, time), time
            if chance.random() < 1 - 1 / EVENTS_PER_SESSION:
                heapq.heappush(queue, (at + chance.expovariate(1 / THINK_S), number, session))


class RecordKind(NamedTuple):
    """How events share Kinesis records."""

    name: str
    events: int
    bytes: int


RAW = RecordKind("1 event", 1, 665)
PACKED = RecordKind(f"{EVENTS_PER_RECORD} events", EVENTS_PER_RECORD, 17_800)


class Traffic(NamedTuple):
    """A rate of events per second over as many shards as it needs."""

    events_per_s: int
    record: RecordKind

    @property
    def shards(self) -> int:
        """Shards: one takes 1,000 records or 1 MB a second."""
        records = self.events_per_s / self.record.events
        return max(1, math.ceil(max(records / SHARD_RECORDS_PER_S, records * self.record.bytes / SHARD_BYTES_PER_S)))

    @property
    def shard(self) -> Shard:
        """One of the shards: each gets its even part."""
        return Shard(self.events_per_s / self.shards, self.record.events > 1)
