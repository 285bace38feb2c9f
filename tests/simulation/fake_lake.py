"""A lake in memory for tests: land rows the way the stream does, read them the way Athena does."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake.generations import Generation, OutputFile, hour_after, hour_start
from clickstream.lake.work import Lake
from clickstream.ledger import Commit, LandedObject, Ledger, Range
from clickstream.ports import Bucket
from clickstream.positions import Lane, padded
from clickstream.stream.processing import CONSUMER
from clickstream.tables import BAD_EVENTS, RAW_EVENTS, hour_folder
from tests.simulation.fake_catalog import MemoryCatalog
from tests.simulation.fakes import MemoryBucket, MemoryTable

HOUR = "2026-11-21T09"
NEXT = hour_after(HOUR)
LANE = Lane(CONSUMER, "1763000000", "shardId-000000000000")


@dataclass(frozen=True)
class Sent:
    """One event as a test sees it: `place` is both its position in the shard and its second of the hour."""

    event_id: str
    place: int
    page: str = "/"
    event_type: str = "page_view"
    event_time: datetime = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)

    def row(self, hour: str) -> dict[str, Any]:
        """The row of `raw_events`."""
        received = hour_start(hour) + timedelta(seconds=self.place % 3600)
        return {
            "event_id": self.event_id,
            "event_type": self.event_type,
            "event_time": self.event_time,
            "time_source": "event",
            "received_time": received,
            "page_path": self.page,
            "epoch": LANE.epoch,
            "shard_id": LANE.shard_id,
            "sequence_number": padded(str(self.place)),
            "sub_sequence": 0,
        }


def memory_lake(now: str = "2026-11-22T00:00:00") -> Lake:
    """An empty lake with stores in memory and a clock that stands."""
    bucket = MemoryBucket()
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return Lake(bucket, Ledger(MemoryTable(), bucket), MemoryCatalog(), lambda: instant, "test")


def at(lake: Lake, instant: datetime) -> Lake:
    """The same lake at another time."""
    return replace(lake, clock=lambda: instant)


def parquet_bytes(rows: list[dict[str, Any]], schema: pa.Schema = RAW_EVENTS.schema) -> bytes:
    """The rows as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, store_schema=False)
    return sink.getvalue()


def land(lake: Lake, hour: str, events: Iterable[Sent]) -> str:
    """Archive and commit one landing object; returns its key."""
    rows = [event.row(hour) for event in events]
    body = parquet_bytes(rows)
    tag = hashlib.sha256(body).hexdigest()[:8]
    first, last = rows[0]["sequence_number"], rows[-1]["sequence_number"]
    key = f"landing/{hour_folder(hour)}/{LANE.epoch}-{LANE.shard_id}-{int(first)}-{int(last)}-{tag}.parquet"
    lake.bucket.put(key, body)
    add_work(lake.ledger, LandedObject(key, "landing", hour, len(rows)), first, last)
    return key


def land_bad(lake: Lake, hour: str) -> None:
    """Commit an object of bad events."""
    key = f"bad_events/{hour_folder(hour)}/bad.parquet"
    lake.bucket.put(key, parquet_bytes([], BAD_EVENTS.schema))
    add_work(lake.ledger, LandedObject(key, "bad_events", hour, 1), padded("1"), padded("1"))


def add_work(ledger: Ledger, landed: LandedObject, first: str, last: str) -> None:
    """Append the commit of one object and put it on the work list."""
    head = ledger.head(LANE.fill)
    ordinal = str(int(head.last) + 1 if head else 1).zfill(20)
    commit = Commit(
        lane=LANE.fill,
        previous=head.last if head else "-start",
        last=ordinal,
        ranges=(Range(first, last),),
        objects=(landed,),
        records=landed.rows,
        events=landed.rows,
        landed=landed.rows,
        bad=0,
        run_id=ordinal,
        written_time="2026-11-21T09:00:00Z",
        code_version="test",
    )
    ledger.append(commit)
    ledger.add_work(commit)


def rows_under(bucket: Bucket, prefix: str) -> list[dict[str, Any]]:
    """The rows of every data file under the prefix."""
    return [row for entry in bucket.list(prefix) for row in rows_in(bucket.get(entry.key))]


def rows_in(body: bytes) -> list[dict[str, Any]]:
    """The rows of a data file."""
    rows: list[dict[str, Any]] = pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False).to_pylist()
    return rows


def visible(lake: Lake, hour: str | None = None) -> Counter[str]:
    """How often each event_id is seen by a query over the catalog, in all hours or one."""
    seen: Counter[str] = Counter()
    for partition in lake.catalog.list(RAW_EVENTS.name):
        if hour in (None, partition.hour):
            prefix = partition.location.removeprefix(f"s3://{lake.bucket.name}/")
            seen.update(row["event_id"] for row in rows_under(lake.bucket, prefix))
    return seen


def generation(hour: str, number: int = 1, run_id: str = "run", **dates: int) -> Generation:
    """A generation whose rows fall on the given dates, written as `d2026_11_21=3`."""
    per_date = {name[1:].replace("_", "-"): rows for name, rows in dates.items()}
    rows = sum(per_date.values())
    return Generation(
        generation=number,
        run_id=run_id,
        hour=hour,
        inputs=("landing/a",),
        outputs=(OutputFile("raw_events/a", rows, 100),),
        landed=rows,
        rows=rows,
        redelivered=0,
        duplicates=0,
        quarantined=0,
        erased=0,
        rows_per_event_date=per_date,
        previous_generation=None,
        written_time=datetime(2026, 11, 21, 12, tzinfo=UTC),
        code_version="test",
    )
