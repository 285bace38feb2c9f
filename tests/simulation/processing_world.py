"""`process_events` in the simulated stream, and the check that everything is there exactly once."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.applying import Applier
from clickstream.counters import minute_deltas
from clickstream.ledger import Commit, Ledger, PageDelta
from clickstream.positions import START, Epochs, Lane
from clickstream.processing import CONSUMER, EventProcessor
from clickstream.reasons import Reason, Rejected
from clickstream.rows import Pseudonym, Row
from clickstream.tables import BAD_EVENTS, RAW_EVENTS, LakeTable, hour_text
from tests.simulation.faults import FaultyBucket, FaultyTable, Gate
from tests.simulation.options import Options
from tests.simulation.records import encoded, zstd
from tests.simulation.stream import Stream

_RECEIVED, _SEQUENCE, _SUB = (
    RAW_EVENTS.schema.names.index(name) for name in ("received_time", "sequence_number", "sub_sequence")
)
_BAD_RECEIVED = BAD_EVENTS.schema.names.index("received_time")
Place = tuple[str, str, str, int]
"""Epoch, shard, padded sequence number, place in the record."""


def packed_rows(rows: list[Row], _table: LakeTable) -> bytes:
    """Stands for the Parquet file, whose round trip has its own tests: this one is 30 times as fast."""
    return msgspec.msgpack.encode(rows)


class CodeVersion(Pseudonym):
    """A deployed version. Odd ones refuse the events of `quirk`, as after a fix or a regression in the rules."""

    def of(self, user_id: str) -> str:
        """The pseudonym."""
        if user_id == "quirk" and int(self.key_id) % 2:
            raise Rejected(Reason.WRONG_TYPE, "refused by this version")
        return super().of(user_id)


class World:
    """Tables, bucket and stream of one schedule."""

    processor = EventProcessor
    """Mutants replace it."""

    def __init__(self, seed: int, options: Options | None = None) -> None:
        gate = Gate()
        self.ledger_table, self.counters, self.page_metrics = (FaultyTable(gate) for _ in range(3))
        self.bucket = FaultyBucket(gate)
        self.ledger = Ledger(self.ledger_table, self.bucket)
        self.stream = Stream(seed, options or Options(), gate, self._container, self._payload)
        self.events_in: dict[bytes, int] = {}
        self.applier = Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: self.stream.now)

    def _payload(self, chance: random.Random, name: str) -> bytes:
        """A page view, a bad event, an event that versions judge differently, or several in one record."""
        fields = {"event_id": name, "page_url": f"/{chance.randrange(4)}"}
        good = encoded(**fields, event_type=chance.choice(("page_view", "click")))
        quirk = encoded(event_id=name, user_id="quirk")
        events = chance.choice(([good], [good], [good], [b"{"], [quirk], [good, b"?", quirk], [good, good]))
        data = events[0] if len(events) == 1 else zstd(b"\n".join(events))
        self.events_in[data] = len(events)
        return data

    def _container(self, stream: Stream, version: int) -> "ProcessorContainer":
        processor = self.processor(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=self.applier,
            epochs=Epochs(stream.epoch_of, lambda: stream.now),
            now=lambda: stream.now,
            pseudonym=CodeVersion(str(version), b"key"),
            code_version=str(version),
        )
        return ProcessorContainer(version, processor)

    def run(self) -> None:
        """The schedule, and at its end the hourly audit."""
        self.stream.run()
        self.applier.audit(CONSUMER)

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""
        return [*self._chains(), *self._archive(), *self._pages(), *self._work()]

    def commits(self) -> dict[Lane, list[Commit]]:
        """All commits by lane."""
        return {lane: list(self.ledger.commits(lane)) for lane in self.ledger.lanes(CONSUMER)}

    def _chains(self) -> Iterator[str]:
        """Each lane is one chain, each record is in exactly one commit, and every commit adds up."""
        covered: Counter[tuple[str, str, str]] = Counter()
        in_table = [item for item in self.ledger_table.everything() if item["pk"].startswith("commit#")]
        if len(in_table) != sum(map(len, self.commits().values())):
            yield "a commit stands in an unknown lane"
        for lane, commits in self.commits().items():
            records = self.stream.produced[lane.epoch, lane.shard_id.removesuffix("#fill")]
            previous = START
            for commit in commits:
                if not commit.previous == previous < commit.last:
                    yield f"the chain of {lane} is broken at {commit.previous}"
                previous = commit.last
                found = [record.position for record in records if commit.covers(record.position)]
                if len(found) != commit.records or commit.events != commit.landed + commit.bad:
                    yield f"a commit of {lane} does not add up"
                covered.update((lane.epoch, lane.shard_id.removesuffix("#fill"), position) for position in found)
        for (epoch, shard_id), records in self.stream.produced.items():
            for record in records:
                name = (epoch, shard_id, record.position)
                if covered[name] > 1 or (not covered[name] and name not in self.stream.unread):
                    yield f"record {int(record.position)} is in {covered[name]} commits"

    def _archive(self) -> Iterator[str]:
        """Each event is exactly once in the objects that commits name, in the object of its hour."""
        seen: Counter[Place] = Counter()
        for commit in self.all_commits():
            for landed in commit.objects:
                rows = self._rows(landed.key)
                received = _RECEIVED if landed.kind == "landing" else _BAD_RECEIVED
                if len(rows) != landed.rows or {hour_text(row[received]) for row in rows} != {landed.hour}:
                    yield f"{landed.key} does not hold what its commit says"
                seen.update(row[-4:] for row in rows)
            if sum(landed.rows for landed in commit.objects) != commit.events:
                yield f"the objects of a commit of {commit.lane} do not add up"
        if doubled := [place for place, count in seen.items() if count > 1]:
            yield f"{len(doubled)} events are archived twice"
        if missing := self._expected() - seen.keys():
            yield f"{len(missing)} events are not archived"

    def _expected(self) -> set[Place]:
        """Every event of every record, except of those that a deleted stream took with it."""
        return {
            (epoch, shard_id, record.position, place)
            for (epoch, shard_id), records in self.stream.produced.items()
            for record in records
            if (epoch, shard_id, record.position) not in self.stream.unread
            for place in range(self.events_in[record.data])
        }

    def _pages(self) -> Iterator[str]:
        """Every page equals what the objects of its lane say, computed anew."""
        expected: dict[tuple[str, str], PageDelta] = {}
        for lane, commits in self.commits().items():
            rows = [
                row
                for commit in commits
                for landed in commit.objects
                if landed.kind == "landing"
                for row in self._rows(landed.key)
            ]
            for minute, delta in minute_deltas(rows).items():
                date, _, time = minute.partition("T")
                expected[date, f"{time}#{lane}"] = delta
        counters = {(item["pk"], item["sk"]): _counts(item) for item in self.counters.everything()}
        if counters != {key: (d.events, d.event_types, d.channels, d.devices) for key, d in expected.items()}:
            yield "the counters differ from the archive"
        pages = {
            (item["pk"], item["sk"]): (item["page_views"], item["pages"]) for item in self.page_metrics.everything()
        }
        if pages != {key: (sum(d.pages.values()), d.pages) for key, d in expected.items() if d.pages}:
            yield "the page metrics differ from the archive"

    def _work(self) -> Iterator[str]:
        """The compactor's work list names exactly the committed objects."""
        listed = sorted(landed.key for hour in self.ledger.hours() for landed in self.ledger.work(hour))
        if listed != sorted(landed.key for commit in self.all_commits() for landed in commit.objects):
            yield "the work list differs from the commits"

    def all_commits(self) -> list[Commit]:
        """The commits of all lanes."""
        return [commit for commits in self.commits().values() for commit in commits]

    def _rows(self, key: str) -> list[Row]:
        body = self.bucket.get(key)
        if body.startswith(b"PAR1"):
            return [tuple(row.values()) for row in pq.read_table(pa.BufferReader(body)).to_pylist()]
        return [tuple(row) for row in msgspec.msgpack.decode(body)]


class ProcessorContainer:
    """A warm container of `process_events`."""

    def __init__(self, version: int, processor: EventProcessor) -> None:
        self.version = version
        self.invoke = processor.process


def _counts(item: dict[str, Any]) -> tuple[int, dict[str, int], dict[str, int], dict[str, int]]:
    return item["events"], item["event_types"], item["channels"], item["devices"]
