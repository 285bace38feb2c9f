"""What names a person outside the data files: refused payloads, reports, query results, given-up batches."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.commit_log import READERS
from clickstream.lake.mentions import Mentions
from clickstream.ports import Bucket
from clickstream.stream.failures import failed_keys, read_failure
from clickstream.tables import BAD_EVENTS, REPORTS_PREFIX, RESULTS_PREFIX

ERASED = "erased on request"
"""What stands in the place of the detail of a refused event."""


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


def given_up(failures: Bucket, mentions: Mentions) -> Iterator[str]:
    """Keys of given-up batches that mention the person, or cannot be read."""
    for key in failed_keys(failures):
        try:
            found = any(mentions.in_payload(record.data) for record in read_failure(failures, key).batch.records)
        except LakeError:
            found = True
        if found:
            yield key


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
