"""From features of sessions to the next generation of a date's scores: choose, score, write, commit, point."""

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.lake.catalog import Partition, uri
from clickstream.lake.garbage import Grace
from clickstream.lake.generations import OutputFile
from clickstream.lake.replaced import collect_replaced
from clickstream.lake.score_log import LOG, ScoreGeneration, ScorePlan
from clickstream.lake.session_forest import Forest
from clickstream.lake.table_log import data_folder
from clickstream.lake.work import Lake
from clickstream.lake_table import INSTANT
from clickstream.tables import RAW_EVENTS, SESSION_SCORES

Ask = Callable[[ScorePlan], Iterable[pa.Table]]
"""Asks for the features of the sessions of a date and its neighbours, as readers see them now."""
_KEPT = ("app_id", "session_id", "start_time", "events", "is_bot")


@dataclass(frozen=True)
class Outcome:
    """What became of one date: what readers see now, or None if the date waits."""

    date: str
    generation: ScoreGeneration | None = None


@dataclass(frozen=True)
class Scorer:
    """A registered forest and its version."""

    forest: Forest
    version: int

    def scored(self, features: pa.Table, day: str) -> pa.Table:
        """The rows of `session_scores` for the sessions that began on the date, in the order in which they come.

        What is null counts as 0, as in training: a session of one event has no gap.
        """
        times = features["start_time"].cast(pa.timestamp("us")).cast(INSTANT)
        features = features.set_column(features.schema.get_field_index("start_time"), "start_time", times)
        start = datetime.combine(date.fromisoformat(day), datetime.min.time())
        bounds = [pa.scalar(start + timedelta(days=days), pa.timestamp("us")).cast(INSTANT) for days in (0, 1)]
        chosen = features.filter(pc.and_(pc.greater_equal(times, bounds[0]), pc.less(times, bounds[1])))
        numbers = [pc.fill_null(chosen[name].cast(pa.float64()), 0.0).to_numpy() for name in self.forest.names]
        scores = self.forest.scores(np.column_stack(numbers))
        columns = [chosen[name] for name in _KEPT]
        columns += [
            pa.array(scores),
            pa.array(scores > self.forest.limit),
            pa.array(np.full(len(scores), self.version)),
        ]
        pairs = zip(columns, SESSION_SCORES.schema, strict=True)
        return pa.table([column.cast(field.type) for column, field in pairs], schema=SESSION_SCORES.schema)


def score_dates(lake: Lake, plans: Iterable[ScorePlan], scorer: Scorer, ask: Ask) -> Iterator[Outcome]:
    """Score each date. One that readers are not sent to, or not any more, waits for the next run.

    A query reads what the catalog points to, which is not always what the commits say: only if it was that before and
    after the question, the scores are of the generations that their commit names.
    """
    for plan in plans:
        seen = _readers_of(lake, plan)
        wanted = {source.hour: uri(lake.bucket, source.folder) for source in plan.sources}
        if {hour: found.location for hour, found in seen.items()} != wanted:
            yield Outcome(plan.date)
            continue
        features = ask(plan)
        yield Outcome(plan.date, _commit(lake, plan, scorer, features) if _readers_of(lake, plan) == seen else None)


def _readers_of(lake: Lake, plan: ScorePlan) -> dict[str, Partition]:
    """Where the catalog sends readers of the hours, and since when."""
    found = (lake.catalog.get(RAW_EVENTS.name, source.hour) for source in plan.sources)
    return {partition.hour: partition for partition in found if partition}


def _commit(lake: Lake, plan: ScorePlan, scorer: Scorer, features: Iterable[pa.Table]) -> ScoreGeneration:
    """Write, commit and point to the date's next generation; return what readers see now.

    That may be another run's, which was faster: then ours is garbage. Raises `LakeError` or `InfrastructureError`.
    """
    run_id = uuid.uuid4().hex[:12]
    key = f"{data_folder(SESSION_SCORES.name, plan.date, plan.number, run_id)}part-0.parquet"
    with tempfile.TemporaryDirectory(prefix="scores-") as name:
        path = Path(name, "part-0.parquet")
        sessions, odd = _written(path, (scorer.scored(table, plan.date) for table in features))
        outputs = (OutputFile(key, sessions, path.stat().st_size),) if sessions else ()
        if sessions:
            lake.bucket.upload(path, key)
    LOG.commit(
        lake.bucket,
        ScoreGeneration(
            generation=plan.number,
            run_id=run_id,
            date=plan.date,
            inputs=plan.inputs,
            model=scorer.version,
            outputs=outputs,
            sessions=sessions,
            odd=odd,
            written_time=lake.clock(),
            code_version=lake.code_version,
        ),
    )
    return LOG.point(lake, plan.date)


def collect_scores(lake: Lake, grace: Grace | None = None) -> int:
    """Remove the files that generations replaced; returns how many."""
    return collect_replaced(lake, LOG, grace)


def _written(path: Path, tables: Iterator[pa.Table]) -> tuple[int, int]:
    """The rows in one file; how many there are, and how many are odd."""
    sessions = odd = 0
    with pq.ParquetWriter(path, SESSION_SCORES.schema, compression="zstd", store_schema=False) as writer:
        for table in tables:
            writer.write_table(table)
            sessions += len(table)
            odd += pc.sum(table["is_odd"]).as_py() or 0
    return sessions, odd
