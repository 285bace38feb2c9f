"""The scores of a lake in memory: features as a query over the catalog finds them, and what must be scored."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.generations import lake_commits
from clickstream.lake.score_log import ScorePlan, unscored_dates
from clickstream.lake.scoring import Outcome, Scorer, score_dates
from clickstream.lake.session_forest import read_forest
from clickstream.lake.work import Lake
from clickstream.lake_table import INSTANT
from clickstream.tables import RAW_EVENTS, RESULTS_PREFIX, SESSION_SCORES
from tests.aws.small_forest import forest_bytes
from tests.simulation.fake_lake import parquet_bytes, rows_in, rows_under

SCORER = Scorer(read_forest(forest_bytes()), 1)
_FEATURES = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("app_id", "session_id")),
        pa.field("start_time", INSTANT),
        pa.field("events", pa.int64()),
        pa.field("is_bot", pa.bool_()),
        pa.field("mean_gap_s", pa.float64()),
    ]
)


class Scored(NamedTuple):
    """A session and what its score is of: its date, and how many events."""

    date: str
    session_id: str
    events: int


def score(lake: Lake) -> list[Outcome]:
    """One run of the job."""
    return list(score_dates(lake, unscored_dates(lake), SCORER, lambda plan: asked(lake, plan)))


def asked(lake: Lake, plan: ScorePlan) -> Iterator[pa.Table]:
    """What Athena does: partitions at one moment, their files one after the other, the answer below the results."""
    folders = {found.hour: _folder(lake, found.location) for found in lake.catalog.list(RAW_EVENTS.name)}
    rows = [row for hour in sorted(plan.inputs) if hour in folders for row in rows_under(lake.bucket, folders[hour])]
    key = f"{RESULTS_PREFIX}/session-features/{uuid.uuid4().hex}/0.parquet"
    day = date.fromisoformat(plan.date)
    near = [row for row in rows if abs(row["event_time"].date() - day) <= timedelta(days=1)]
    lake.bucket.put(key, parquet_bytes(list(_features(near)), _FEATURES))
    return (_read(lake, one) for one in [key])


def scores_seen(lake: Lake) -> list[Scored]:
    """The scores that a query over the catalog sees."""
    found = []
    for partition in lake.catalog.list(SESSION_SCORES.name):
        for row in rows_under(lake.bucket, _folder(lake, partition.location)):
            found.append(Scored(partition.hour, row["session_id"], row["events"]))
            assert f"{row['start_time']:%Y-%m-%d}" == partition.hour
    return sorted(found)


def scores_wanted(lake: Lake) -> list[Scored]:
    """One for each session of the newest generations, without dates, queries or files of scores."""
    keys = [output.key for commit in lake_commits(lake.bucket) for output in commit.outputs]
    features = _features([row for key in keys for row in rows_in(lake.bucket.get(key))])
    return sorted(Scored(f"{one['start_time']:%Y-%m-%d}", one["session_id"], one["events"]) for one in features)


def _features(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row["session_id"]:
            times[row["session_id"]].append(row["event_time"])
    for session_id, found in times.items():
        yield {"session_id": session_id, "start_time": min(found), "events": len(found), "is_bot": False}


def _read(lake: Lake, key: str) -> pa.Table:
    body = lake.bucket.get(key)
    try:
        return pq.read_table(pa.BufferReader(body))
    except pa.ArrowException as error:
        raise LakeError(f"{key} cannot be read") from error


def _folder(lake: Lake, location: str) -> str:
    return location.removeprefix(f"s3://{lake.bucket.name}/")
