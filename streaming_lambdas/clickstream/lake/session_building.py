"""From the generations of `raw_events` to the next generation of a date's sessions: read, spread, cut, commit, point.

Nothing but the commit decides: a run may die anywhere, be started twice, or come back late.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import ClickstreamError
from clickstream.lake.garbage import Grace
from clickstream.lake.generations import OutputFile
from clickstream.lake.replaced import collect_replaced
from clickstream.lake.session_buckets import Buckets, events_between, read_bucket, window
from clickstream.lake.session_log import LOG, Plan, SessionGeneration
from clickstream.lake.sessionizing import sessions
from clickstream.lake.table_log import data_folder
from clickstream.lake.work import Lake
from clickstream.ports import Bucket
from clickstream.tables import SESSIONS

Result = Literal["built", "pointed", "overtaken", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one date."""

    date: str
    result: Result
    generation: SessionGeneration | None = None
    problem: str = ""


@dataclass(frozen=True)
class _File:
    """The sessions of a date, still local."""

    path: Path
    sessions: int
    events: int


def build_dates(lake: Lake, plans: Iterable[Plan], *, is_forced: bool = False) -> Iterator[Outcome]:
    """Build the sessions of each date, or only repair its pointer if nothing else is wrong and it is not forced.

    A date that fails does not stop the others.
    """
    for plan in plans:
        try:
            yield _build(lake, plan) if is_forced or not plan.is_current else _repoint(lake, plan)
        except ClickstreamError as error:
            yield Outcome(plan.date, "failed", problem=str(error))


def collect_sessions(lake: Lake, grace: Grace | None = None) -> int:
    """Remove the files that generations replaced; returns how many."""
    return collect_replaced(lake, LOG, grace)


def _build(lake: Lake, plan: Plan) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="sessions-") as name:
        folder = Path(name)
        buckets = _spread(lake.bucket, plan, folder)
        generation = _publish(lake, plan, _written(buckets, plan, folder / "part-0.parquet"))
    if not LOG.commit(lake.bucket, generation):
        return Outcome(plan.date, "overtaken")
    return Outcome(plan.date, "built", LOG.point(lake, plan.date))


def _repoint(lake: Lake, plan: Plan) -> Outcome:
    return Outcome(plan.date, "pointed", LOG.point(lake, plan.date))


def _spread(bucket: Bucket, plan: Plan, folder: Path) -> Buckets:
    """The events of the three dates, by person, in local files."""
    start, end = window(plan.date)
    copy = folder / "events.parquet"
    with Buckets(folder, plan.rows) as buckets:
        for source in plan.sources:
            for output in source.outputs:
                bucket.download(output.key, copy)
                for events in events_between(output.key, copy, start, end):
                    buckets.add(events)
                copy.unlink()
    return buckets


def _written(buckets: Buckets, plan: Plan, path: Path) -> _File:
    """The sessions of every bucket in one file."""
    count = events = 0
    day = date.fromisoformat(plan.date)
    with pq.ParquetWriter(path, SESSIONS.schema, compression="zstd", store_schema=False) as writer:
        for bucket in buckets.paths:
            found = sessions(read_bucket(bucket), plan.rules, day)
            bucket.unlink()
            if len(found):
                writer.write_table(found, row_group_size=len(found))
                count += len(found)
                events += pc.sum(found["events"]).as_py()
    return _File(path, count, events)


def _publish(lake: Lake, plan: Plan, file: _File) -> SessionGeneration:
    """Upload the file, if it holds anything, and draw up the commit."""
    run_id = uuid.uuid4().hex[:12]
    outputs: tuple[OutputFile, ...] = ()
    if file.sessions:
        key = data_folder(SESSIONS.name, plan.date, plan.number, run_id) + file.path.name
        lake.bucket.upload(file.path, key)
        outputs = (OutputFile(key, file.sessions, file.path.stat().st_size),)
    return SessionGeneration(
        generation=plan.number,
        run_id=run_id,
        date=plan.date,
        inputs=plan.inputs,
        rules=plan.rules,
        outputs=outputs,
        sessions=file.sessions,
        events=file.events,
        written_time=lake.clock(),
        code_version=lake.code_version,
    )
