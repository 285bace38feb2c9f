"""What names a person outside the data files: reports, query results, sessions, given-up batches."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.erasure_requests import Request
from clickstream.lake.generations import lake_commits
from clickstream.lake.mentions import Mentions
from clickstream.lake.score_log import LOG as SCORE_LOG
from clickstream.ports import Bucket
from clickstream.stream.failures import failed_keys, read_failure
from clickstream.tables import REPORTS_PREFIX, RESULTS_PREFIX, SESSION_SCORES, SESSIONS

_OF_SESSIONS = ("visitor_id", "user_id", "anonymous_id", "producer_session_id")
"""Columns of the table of sessions that name a person."""


def forget_reports(bucket: Bucket, mentions: Mentions) -> Iterator[str]:
    """Remove the files of reports that mention the person; the days are reported anew from the new generations."""
    for entry in bucket.list(f"{REPORTS_PREFIX}/"):
        if mentions.in_file(entry.key, bucket.get(entry.key)):
            bucket.delete(entry.key)
            yield entry.key


def forget_results(bucket: Bucket, until: datetime) -> int:
    """Remove every query result that was written until then: nobody knows what was asked. They expire anyway."""
    keys = [entry.key for entry in bucket.list(f"{RESULTS_PREFIX}/") if entry.modified_time <= until]
    for key in keys:
        bucket.delete(key)
    return len(keys)


def forget_scores(bucket: Bucket) -> int:
    """Remove every file of scores that is not made of the newest generations; how many. The next run makes them anew.

    Scores name sessions and nothing else of a person; but whose hours have a newer generation since are out of date.
    """
    keys = [entry.key for entry in bucket.list(f"{SESSION_SCORES.name}/")]
    if not keys:
        return 0
    now = {commit.hour: commit.generation for commit in lake_commits(bucket)}
    commits = SCORE_LOG.newest_of_each(bucket).values()
    fresh = {one.folder for one in commits if all(now.get(hour) == number for hour, number in one.inputs.items())}
    old = [key for key in keys if key.rpartition("/")[0] + "/" not in fresh]
    for key in old:
        bucket.delete(key)
    return len(old)


def sessions_of(bucket: Bucket, request: Request) -> Iterator[str]:
    """Files of the table of sessions that hold a session of the person which began before the request.

    They are built from other generations now, and go when the table is built anew and its old files are removed.
    """
    values = pa.array(sorted({name.value for name in request.names}))
    names = ["start_time", *_OF_SESSIONS]
    for entry in bucket.list(f"{SESSIONS.name}/"):
        table = _read(entry.key, bucket.get(entry.key), names)
        is_theirs = [pc.is_in(table[name], values) for name in _OF_SESSIONS]
        is_early = pc.less_equal(table["start_time"], pa.scalar(request.request_time, table["start_time"].type))
        if any(pc.any(pc.and_(mask, is_early)).as_py() for mask in is_theirs):
            yield entry.key


def given_up(failures: Bucket, mentions: Mentions) -> Iterator[str]:
    """Keys of given-up batches that mention the person, or cannot be read."""
    for key in failed_keys(failures):
        try:
            found = any(mentions.in_payload(record.data) for record in read_failure(failures, key).batch.records)
        except LakeError:
            found = True
        if found:
            yield key


def _read(key: str, body: bytes, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(body), columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"{key} is no readable Parquet file ({error}): build it anew") from error
