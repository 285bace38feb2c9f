"""Requests of unmodified trackers, recorded on the loopback, and their way through collector and stream."""

import gzip
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from clickstream.collecting.collecting import Collected, collect
from clickstream.collecting.packing import records
from clickstream.collecting.requests import Limits, Request
from clickstream.intake.kinesis import Record
from clickstream.intake.rows import Source, read
from clickstream.tables import BAD_EVENTS, RAW_EVENTS
from tests.unit.public_cases import members

SOURCE = Source("1790000000", "shardId-0")
PUBLIC_ADDRESS = "198.51.100.77"
PAGE_ITSELF = ("/page", "/dist/", "/favicon.ico")
"""What a browser loaded before its tracker sent anything."""
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
_EPOCH_MS = re.compile(r"\b17\d{11}\b")
Row = dict[str, Any]


class Landed(NamedTuple):
    """The rows that events became: of `raw_events` and of `bad_events`."""

    good: list[Row]
    bad: list[Row]


@cache
def _files() -> dict[str, str]:
    return members("captures.tar.xz", ".jsonl")


def captured(name: str) -> list[Request]:
    """The requests of a recording, e.g. `segment_py` or `retry/segment_py.429`, without loads of the page itself."""
    lines = map(json.loads, _files()[f"captures/{name}.jsonl"].splitlines())
    return [_request(line) for line in lines if not line["path"].startswith(PAGE_ITSELF)]


def _request(line: dict[str, Any]) -> Request:
    url = urlsplit(line["path"])
    body = b"" if line["body"] is None else _bytes(line["body"])
    at = line.get("t")
    return Request(
        method=line["method"],
        path=url.path,
        query=tuple(parse_qsl(url.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in line["headers"]},
        body=gzip.compress(body) if line["decoded"] == "gzip" else body,
        source_ip=PUBLIC_ADDRESS,
        received_time=datetime.fromtimestamp(at, UTC) if at else _said(line["path"], body),
    )


def _bytes(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"), ensure_ascii=False)).encode()


def _said(path: str, body: bytes) -> datetime:
    """A second after the latest time in a request, for a recording without a time of its own."""
    text = path + body.decode(errors="replace")
    times = [datetime.fromisoformat(found) for found in _ISO_TIME.findall(text)]
    times += [datetime.fromtimestamp(int(found) / 1000, UTC) for found in _EPOCH_MS.findall(text)]
    return max(times, default=datetime(2026, 11, 22, 12, tzinfo=UTC)) + timedelta(seconds=1)


def request(body: bytes = b"", path: str = "/v1/events", method: str = "POST", **headers: str) -> Request:
    """A request of our own making; header names with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = urlsplit(path)
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    return Request(method, url.path, query, named, body, PUBLIC_ADDRESS, at)


def sent(event: Any, path: str = "/v1/events", **headers: str) -> Collected:
    """What the collector makes of this JSON value."""
    return collect(request(json.dumps(event).encode(), path, **headers), Limits())


def landed(found: Collected | Iterable[Collected], received: datetime | None = None) -> Landed:
    """The rows of collected events, after they travelled through the stream."""
    every = [found] if isinstance(found, Collected) else list(found)
    arrival = received or datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    packed = [record for one in every for record in records(one.events, 3)]
    stream = [Record(str(n), str(n).zfill(130), arrival, record.data) for n, record in enumerate(packed, start=1)]
    rows = read(stream, SOURCE, None)
    good = [dict(zip(RAW_EVENTS.schema.names, row, strict=True)) for row in rows.good]
    bad = [dict(zip(BAD_EVENTS.schema.names, row, strict=True)) for row in rows.bad]
    assert rows.events == sum(len(one.events) for one in every)
    return Landed(good, bad)


def only(found: Collected) -> Row:
    """The one accepted event."""
    rows = landed(found)
    assert (len(rows.good), rows.bad) == (1, [])
    return rows.good[0]


def properties(row: Row) -> dict[str, Any]:
    """The properties of a row."""
    found: dict[str, Any] = json.loads(row["properties"] or "{}")
    return found
