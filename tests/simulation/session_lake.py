"""A lake in memory with people in it, for tests of the sessions that are built from it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from clickstream.lake.generations import Generation, OutputFile, commit, data_folder, newest
from clickstream.lake.session_building import Outcome, build_dates
from clickstream.lake.session_events import SCHEMA, keyed
from clickstream.lake.session_log import unfinished_dates
from clickstream.lake.session_rules import Rules
from clickstream.lake.sessionizing import sessions
from clickstream.lake.work import Lake
from clickstream.tables import RAW_EVENTS, SESSIONS, hour_text
from tests.simulation.fake_lake import generation, parquet_bytes, rows_in, rows_under

Row = dict[str, Any]
RULES = Rules()


def view(event_id: str, event_time: datetime, person: str = "p", delay: timedelta = timedelta(0)) -> Row:
    """A page view of a device, received with a delay."""
    return {
        "event_id": event_id,
        "app_id": "shop",
        "event_type": "page_view",
        "event_time": event_time,
        "received_time": event_time + delay,
        "anonymous_id": person,
        "sequence_number": event_id.rjust(130, "0"),
    }


def receive(lake: Lake, rows: Iterable[Row]) -> None:
    """Commit the rows into their received hours: each hour gets a generation with what it held and these."""
    by_hour: dict[str, list[Row]] = {}
    for row in rows:
        by_hour.setdefault(hour_text(row["received_time"]), []).append(row)
    for hour, fresh in sorted(by_hour.items()):
        write(lake, hour, [*_held(lake, hour), *fresh])


def write(lake: Lake, hour: str, rows: list[Row]) -> Generation:
    """The hour's next generation, which holds exactly these rows."""
    old = newest(lake.bucket, hour)
    number = old.generation + 1 if old else 1
    key = f"{data_folder(hour, number, 'run')}part-0.parquet"
    lake.bucket.put(key, parquet_bytes([{n: row.get(n) for n in RAW_EVENTS.schema.names} for row in rows]))
    dates = [row["event_time"].date().isoformat() for row in rows]
    output = OutputFile(key, len(rows), 1)
    made = msgspec.structs.replace(
        generation(hour, number), outputs=(output,), rows=len(rows), rows_per_event_date=dict(Counter(dates))
    )
    assert commit(lake.bucket, made)
    return made


def build(lake: Lake, rules: Rules = RULES) -> list[Outcome]:
    """One run of the job."""
    return list(build_dates(lake, unfinished_dates(lake, rules)))


def visible(lake: Lake) -> list[Row]:
    """The sessions that a query over the catalog sees, by start and id."""
    rows: list[Row] = []
    for partition in lake.catalog.list(SESSIONS.name):
        found = rows_under(lake.bucket, partition.location.removeprefix(f"s3://{lake.bucket.name}/"))
        assert all(f"{row['start_time']:%Y-%m-%d}" == partition.hour for row in found)
        rows += found
    return sorted(rows, key=lambda row: (row["start_time"], row["session_id"]))


def at_once(lake: Lake, rules: Rules = RULES) -> list[Row]:
    """The sessions of all events of the lake, made in one go without dates, commits or files."""
    rows: list[Row] = []
    for hour in {entry.key.rpartition("/")[0] for entry in lake.bucket.list("_commits/")}:
        date, number = hour.split("/")[1:]
        rows += _held(lake, f"{date.removeprefix('dt=')}T{int(number.removeprefix('hour=')):02}")
    events = pa.Table.from_pylist([{name: row.get(name) for name in SCHEMA.names} for row in rows], schema=SCHEMA)
    made: list[Row] = sessions(keyed(events), rules).to_pylist()
    return made


def _held(lake: Lake, hour: str) -> list[Row]:
    found = newest(lake.bucket, hour)
    keys = [output.key for output in found.outputs] if found else []
    return [row for key in keys for row in rows_in(lake.bucket.get(key))]
