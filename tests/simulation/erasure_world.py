"""A lake with a person to be erased among others, and the search for any trace of them in every store."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake.catalog import Partition
from clickstream.lake.erasing import Places, erase
from clickstream.lake.erasure_records import Record
from clickstream.lake.erasure_requests import Request, ask
from clickstream.lake.parquet import REPEATED
from clickstream.lake.tombstones import Name
from clickstream.ledger import LandedObject
from clickstream.positions import padded
from clickstream.tables import BAD_EVENTS, RAW_EVENTS
from tests.simulation.fake_lake import HOUR, LANE, Sent, add_work, memory_lake, parquet_bytes, rows_under
from tests.simulation.fakes import MemoryBucket, MemoryTable

CANARY = "canary-7f3a"
PERSON = "p-51c0ffee"
"""The pseudonym that the lake holds in place of CANARY."""
SESSION = "canary-session"
REQUEST_TIME = datetime(2026, 11, 21, 12, tzinfo=UTC)
AFTER = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Said(Sent):
    """An event of somebody."""

    user_id: str | None = None
    session_id: str | None = None
    time_source: str = "event"

    def row(self, hour: str) -> dict[str, Any]:
        """The row of `raw_events`."""
        told = {"user_id": self.user_id, "session_id": self.session_id, "time_source": self.time_source}
        return super().row(hour) | told


def canary(event_id: str, place: int, **more: Any) -> Said:
    """An event of the person."""
    return Said(event_id, place, user_id=PERSON, session_id=SESSION, **more)


def other(event_id: str, place: int, **more: Any) -> Said:
    """An event of somebody else."""
    return Said(event_id, place, user_id="p-0ther", session_id="other-session", **more)


def places(now: str = "2026-11-22T00:00:00") -> Places:
    """Empty stores."""
    lake = memory_lake(now)
    ledger_table: Any = lake.ledger._table
    return Places(lake, ledger_table, MemoryTable(), MemoryTable(), MemoryBucket("failures"))


def request(request_id: str = "r1") -> Request:
    """The request to erase the person."""
    names = (Name("user_id", PERSON), Name("user_id", CANARY))
    return Request(request_id=request_id, names=names, texts=(CANARY, PERSON), request_time=REQUEST_TIME)


def ask_for(world: Places) -> None:
    """Store the request."""
    ask(world.requests, request())


def refuse(world: Places, payload: bytes, place: int) -> None:
    """A bad event, committed."""
    position = padded(str(place))
    row = {"reason": "not_json", "detail": "…", "payload": payload, "epoch": LANE.epoch, "sub_sequence": 0}
    row |= {"shard_id": LANE.shard_id, "sequence_number": position, "received_time": REQUEST_TIME}
    key = f"bad_events/dt=2026-11-21/hour=9/bad-{place}.parquet"
    world.lake.bucket.put(key, parquet_bytes([row], BAD_EVENTS.schema))
    add_work(world.lake.ledger, LandedObject(key, "bad_events", HOUR, 1), position, position)


def no_rows(_: Request) -> dict[str, int]:
    """A query engine that finds nothing."""
    return {"erased_person": 0}


def run(world: Places) -> Record | None:
    """One run of the job; the record, if there was a request."""
    records = [found for found in erase(world, no_rows) if isinstance(found, Record)]
    return records[0] if records else None


def traces_of(world: Places, *words: str) -> list[str]:
    """Keys of objects and items in which a word occurs, in any cell, dictionary, footer or attribute."""
    found = [key for key in _stored(world.lake.bucket) if any(word in key[1] for word in words)]
    tables = (world.requests, world.session_metrics, world.anomalies)
    items = [(f"{item['pk']} {item['sk']}", repr(item)) for table in tables for item in table.scan()]
    return [key for key, text in (*found, *items) if any(word in text for word in words)]


def _stored(bucket: Any) -> Iterator[tuple[str, str]]:
    for key, (body, _) in bucket.objects.items():
        yield key, f"{key} {body.decode('latin-1')} {_cells(body) if key.endswith('.parquet') else ''}"


def _cells(body: bytes) -> str:
    """All that a Parquet file holds, values in dictionaries that no row refers to included."""
    names = set(pq.ParquetFile(pa.BufferReader(body)).schema_arrow.names)
    encoded = sorted(names.intersection(REPEATED) - {"sequence_number"})
    table = pq.ParquetFile(pa.BufferReader(body), read_dictionary=encoded).read(use_threads=False)
    chunks = [chunk for column in table.columns for chunk in column.chunks]
    return repr([(chunk.dictionary if hasattr(chunk, "dictionary") else chunk).to_pylist() for chunk in chunks])


def rows_of(world: Places) -> list[dict[str, Any]]:
    """The rows that a query over the catalog finds."""
    partitions: list[Partition] = list(world.lake.catalog.list(RAW_EVENTS.name))
    prefix = f"s3://{world.lake.bucket.name}/"
    return [row for found in partitions for row in rows_under(world.lake.bucket, found.location.removeprefix(prefix))]


def with_lake(world: Places, **changes: Any) -> Places:
    """The same stores, some of them replaced in the lake."""
    return replace(world, lake=replace(world.lake, **changes))
