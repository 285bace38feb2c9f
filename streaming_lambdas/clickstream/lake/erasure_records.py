"""The record of an erasure: what stays when the request has forgotten the person."""

from datetime import datetime
from typing import Literal

import msgspec

from clickstream.errors import LakeError
from clickstream.lake.erasure_requests import Request
from clickstream.ports import Bucket
from clickstream.tables import ERASURES_PREFIX


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What was done for a request, and nothing that names the person. Counts and files are of all runs together."""

    request_id: str
    people: tuple[str, ...]
    """Digests of the names."""
    request_time: datetime
    state: Literal["open", "done"] = "open"
    finished_time: datetime | None = None
    tombstones: tuple[int, ...] = ()
    events: int = 0
    """Different events of the person that were found."""
    removed: dict[str, str] = {}
    """SHA-256 of every data file that held something of the person, by key."""
    written: dict[str, str] = {}
    """The same for the files that took their place."""
    session_items: int = 0
    anomalies: int = 0
    bad_events: int = 0
    """Payloads that were emptied. Their rows stay: they are counted."""
    reports: tuple[str, ...] = ()
    query_results: int = 0
    unreadable: tuple[str, ...] = ()
    """Data files that could not be searched, and should be looked at."""
    waiting: tuple[str, ...] = ()
    """What keeps the request open."""
    verified: dict[str, int] = {}
    """Rows of the person that queries found at the end, by name of the query."""

    @property
    def key(self) -> str:
        """Where the record is kept."""
        return f"{ERASURES_PREFIX}/{self.request_id}.json"


def stored(bucket: Bucket, request: Request) -> Record:
    """What was noted so far. Raises `LakeError` if it cannot be read."""
    people = tuple(sorted(name.digest for name in request.names))
    record = Record(request_id=request.request_id, people=people, request_time=request.request_time)
    if not any(entry.key == record.key for entry in bucket.list(record.key)):
        return record
    try:
        return msgspec.json.decode(bucket.get(record.key), type=Record)
    except msgspec.DecodeError as error:
        raise LakeError(f"{bucket.name}/{record.key} is no record of an erasure ({error}): remove it") from error


def store(bucket: Bucket, record: Record) -> None:
    """Note it in the place of what was noted."""
    bucket.put(record.key, msgspec.json.format(msgspec.json.encode(record)))
