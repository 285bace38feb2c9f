"""Refused payloads of people to be erased: found by what they mention, and known again when they are sent once more.

A request forgets the ids of the person when it is done. What then still arrives is known by its digest: the same bytes
were emptied before.
"""

import hashlib
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake.commit_log import READERS
from clickstream.ports import Bucket
from clickstream.tables import BAD_EVENTS, ERASURES_PREFIX

ERASED = "erased on request"
"""What stands in the place of the detail of a refused event."""
SEEN_KEY = f"{ERASURES_PREFIX}/_refusals_seen.json"
"""Until when the files of refused events were looked through for payloads that came again."""
SLACK = timedelta(hours=1)
"""A file may appear in a listing behind files that were written later, but not by this much."""
_DIGITS = 32

IsTheirs = Callable[[bytes], bool]


class Seen(msgspec.Struct, frozen=True):
    """Files modified until then, by the clock of S3, hold nothing that came again."""

    modified_time: datetime


def payload_digest(payload: bytes) -> str:
    """128 bits of SHA-256."""
    return hashlib.sha256(payload).hexdigest()[:_DIGITS]


def refused(bucket: Bucket, is_theirs: IsTheirs) -> dict[str, list[str]]:
    """The files that hold payloads of the person, each with the digests of those."""
    return _held(bucket, (entry.key for entry in bucket.list(f"{BAD_EVENTS.name}/")), is_theirs)


def empty(bucket: Bucket, keys: Iterable[str], is_theirs: IsTheirs) -> int:
    """Empty the payloads of the person in these files, in place; how many.

    The rows stay at their place: commits count them, and a reparse names them by number. An emptied payload is never
    accepted.
    """
    return sum(_emptied(bucket, key, is_theirs) for key in keys)


def empty_resent(bucket: Bucket, known: frozenset[str]) -> int:
    """Empty the payloads whose digest is known in every file that came since the last call; how many."""
    if not known:
        return 0
    entries = list(bucket.list(f"{BAD_EVENTS.name}/"))
    since = _seen(bucket)
    new = [entry.key for entry in entries if since is None or entry.modified_time > since]

    def is_known(payload: bytes) -> bool:
        return payload_digest(payload) in known

    emptied = empty(bucket, _held(bucket, new, is_known), is_known)
    if new:
        seen = Seen(max(entry.modified_time for entry in entries) - SLACK)
        bucket.put(SEEN_KEY, msgspec.json.encode(seen))
    return emptied


def _held(bucket: Bucket, keys: Iterable[str], is_theirs: IsTheirs) -> dict[str, list[str]]:
    def digests(key: str) -> tuple[str, list[str]]:
        payloads = [row["payload"] for row in _rows(bucket, key)]
        return key, [payload_digest(payload) for payload in payloads if payload and is_theirs(payload)]

    with ThreadPoolExecutor(READERS) as pool:
        return {key: found for key, found in pool.map(digests, keys) if found}


def _rows(bucket: Bucket, key: str) -> list[dict[str, bytes]]:
    """The payloads of one file. One that cannot be read is left to the audit."""
    try:
        found: list[dict[str, bytes]] = pq.read_table(pa.BufferReader(bucket.get(key)), columns=["payload"]).to_pylist()
    except (pa.ArrowException, OSError):
        return []
    return found


def _emptied(bucket: Bucket, key: str, is_theirs: IsTheirs) -> int:
    table = pq.read_table(pa.BufferReader(bucket.get(key)))
    rows = table.to_pylist()
    theirs = [row for row in rows if row["payload"] and is_theirs(row["payload"])]
    for row in theirs:
        row["payload"], row["detail"] = b"", ERASED
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), sink, compression="zstd", store_schema=False)
    bucket.put(key, sink.getvalue())
    return len(theirs)


def _seen(bucket: Bucket) -> datetime | None:
    """None before the first look; a damaged note only costs a look at everything."""
    if not any(entry.key == SEEN_KEY for entry in bucket.list(SEEN_KEY)):
        return None
    try:
        return msgspec.json.decode(bucket.get(SEEN_KEY), type=Seen).modified_time
    except msgspec.DecodeError:
        return None
