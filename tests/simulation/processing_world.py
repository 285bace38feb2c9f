"""`process_events` in the simulated stream, and the check that everything is there exactly once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.intake.rows import Row
from clickstream.lake_table import LakeTable
from clickstream.ledger import Commit, PageDelta
from clickstream.live.counters import counters_page, minute_deltas, page_key, page_metrics_page
from clickstream.live.lifetimes import first_whole_minute, lifetime
from clickstream.ports import Item, Key
from clickstream.positions import START, Lane
from clickstream.stream.processing import CONSUMER
from clickstream.tables import BAD_EVENTS, RAW_EVENTS, hour_text
from tests.simulation.processing_stage import Stage
from tests.simulation.stores import OpenTable

_RECEIVED, _SEQUENCE, _SUB = (
    RAW_EVENTS.schema.names.index(name) for name in ("received_time", "sequence_number", "sub_sequence")
)
_BAD_RECEIVED = BAD_EVENTS.schema.names.index("received_time")
Place = tuple[str, str, str, int]
"""Epoch, shard, padded sequence number, place in the record."""
_GUARD = {"lsn", "rev", "expires_at"}


def packed_rows(rows: list[Row], _table: LakeTable) -> bytes:
    """Stands for the Parquet file, whose round trip has its own tests: this one is 30 times as fast."""
    return msgspec.msgpack.encode(list(rows))


class World(Stage):
    """One schedule and what must be true after it."""

    def run(self) -> None:
        """The schedule, and at its end the hourly audit."""
        with self.stores.faults:
            self.stream.run()
        self.applier.audit(CONSUMER)
        self._keep(self.stores.local())

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""
        aside = self.stream.failed.put_aside if self.options.is_transient else 0
        return [
            *([f"{aside} records were put aside though every fault was transient"] if aside else []),
            *self._chains(),
            *self._archive(),
            *self._pages(),
            *self._lifetimes(),
            *self._work(),
        ]

    def commits(self) -> dict[Lane, list[Commit]]:
        """All commits by lane."""
        return {lane: list(self.ledger.commits(lane)) for lane in self.ledger.lanes(CONSUMER)}

    @cached_property
    def _at_end(self) -> dict[Lane, list[Commit]]:
        """The same when the schedule has ended: its judge looks at them many times."""
        return self.commits()

    @cached_property
    def _contents(self) -> dict[str, list[Row]]:
        """The rows of every object that a commit names, when the schedule has ended."""
        return {landed.key: self._rows(landed.key) for commit in self.all_commits() for landed in commit.objects}

    def _chains(self) -> Iterator[str]:
        """Each lane is one chain, each record is in exactly one commit, and every commit adds up."""
        covered: Counter[tuple[str, str, str]] = Counter()
        in_table = [item for item in self.ledger_table.everything() if item["pk"].startswith("commit#")]
        if len(in_table) != sum(map(len, self._at_end.values())):
            yield "a commit stands in an unknown lane"
        for lane, commits in self._at_end.items():
            records = self.stream.produced.get((lane.epoch, lane.shard_id.removesuffix("#fill")), [])
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
        arrivals = {
            (*source, record.position): record.received_time
            for source, records in self.stream.produced.items()
            for record in records
        }
        for commit in self.all_commits():
            for landed in commit.objects:
                rows = self._contents[landed.key]
                received = _RECEIVED if landed.kind == "landing" else _BAD_RECEIVED
                if len(rows) != landed.rows or set(map(hour_text, {row[received] for row in rows})) != {landed.hour}:
                    yield f"{landed.key} does not hold what its commit says"
                seen.update(row[-4:] for row in rows)
                if any(row[received] != arrivals.get(row[-4:-1]) for row in rows):
                    yield f"{landed.key} gives a record another time than the stream"
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
        expected: dict[Key, PageDelta] = {}
        for lane, commits in self._at_end.items():
            rows = [
                row
                for commit in commits
                for landed in commit.objects
                if landed.kind == "landing"
                for row in self._contents[landed.key]
            ]
            for minute, delta in minute_deltas(rows).items():
                if self._is_live(minute):
                    expected[page_key(minute, lane)] = delta
        if self._live(self.counters) != {key: counters_page(None, key, delta) for key, delta in expected.items()}:
            yield "the counters differ from the archive"
        pages = {key: page_metrics_page(None, key, delta) for key, delta in expected.items() if delta.pages}
        if self._live(self.page_metrics) != pages:
            yield "the page metrics differ from the archive"

    def _is_live(self, minute: str) -> bool:
        """Whether readers still show this minute: its pages are complete until later than that."""
        return minute >= first_whole_minute(self.stream.now, self.retention.days).isoformat()[:16]

    def _live(self, table: OpenTable) -> dict[Key, Item]:
        """The pages that readers still show, without what guards their writing."""
        live = [item for item in table.everything() if self._is_live(f"{item['pk']}T{item['sk'][:5]}")]
        return {
            Key(item["pk"], item["sk"]): {name: value for name, value in item.items() if name not in _GUARD}
            for item in live
        }

    def _lifetimes(self) -> Iterator[str]:
        """No page is written after its life: by then its earlier half may have expired."""
        life = lifetime(self.retention.days)
        for item in (*self.counters.everything(), *self.page_metrics.everything()):
            minute = datetime.fromisoformat(f"{item['pk']}T{item['sk'][:5]}").replace(tzinfo=UTC)
            written = datetime.fromtimestamp(item.get("expires_at", 0), UTC) - life
            if written > minute + life:
                yield f"the page {item['sk']} was written after its life"

    def _work(self) -> Iterator[str]:
        """The compactor's work list names exactly the committed objects."""
        listed = sorted(landed.key for hour in self.ledger.hours() for landed in self.ledger.work(hour))
        if listed != sorted(landed.key for commit in self.all_commits() for landed in commit.objects):
            yield "the work list differs from the commits"

    def all_commits(self) -> list[Commit]:
        """The commits of all lanes, when the schedule has ended."""
        return [commit for commits in self._at_end.values() for commit in commits]

    def _rows(self, key: str) -> list[Row]:
        body = self.bucket.get(key)
        if body.startswith(b"PAR1"):
            return [tuple(row.values()) for row in pq.read_table(pa.BufferReader(body)).to_pylist()]
        return [tuple(row) for row in msgspec.msgpack.decode(body)]
