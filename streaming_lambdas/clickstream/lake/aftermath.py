"""What names a person outside the data files: refused payloads, reports, query results, given-up batches."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.commit_log import READERS
from clickstream.lake.erasure_requests import Request
from clickstream.lake.mentions import Mentions
from clickstream.ports import Bucket
from clickstream.stream.failures import failed_keys, read_failure
from clickstream.tables import BAD_EVENTS, REPORTS_PREFIX, RESULTS_PREFIX, SESSIONS

ERASED = "erased on request"
"""What stands in the place of the detail of a refused event."""
_OF_SESSIONS = ("visitor_id", "user_id", "anonymous_id", "producer_session_id")
"""Columns of the table of sessions that name a person."""


def blank_bad_events(bucket: Bucket, mentions: Mentions) -> int:
    """Empty the payloads that mention the person, in place; how many.

    The rows stay at their place: commits count them, and a reparse names them by number. An emptied payload is never
    accepted. A file that cannot be read is left to the audit.
    """
    keys = [entry.key for entry in bucket.list(f"{BAD_EVENTS.name}/")]
    with ThreadPoolExecutor(READERS) as pool:
        return sum(pool.map(lambda key: _blank(bucket, key, mentions), keys))


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


def _blank(bucket: Bucket, key: str, mentions: Mentions) -> int:
    try:
        table = pq.read_table(pa.BufferReader(bucket.get(key)))
    except (pa.ArrowException, OSError):
        return 0
    rows = table.to_pylist()
    theirs = [row for row in rows if row["payload"] and mentions.in_payload(row["payload"])]
    for row in theirs:
        row["payload"], row["detail"] = b"", ERASED
    if theirs:
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), sink, compression="zstd", store_schema=False)
        bucket.put(key, sink.getvalue())
    return len(theirs)
