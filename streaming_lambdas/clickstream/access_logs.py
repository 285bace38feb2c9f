"""Web access logs as flat events: NCSA common and combined format, and tab-separated logs with a header line.

Every line that holds a request becomes one ``page_view``, whatever its method or status, so that counts by request can
be reproduced; method, status, bytes and protocol are kept in ``properties``. A log has no session ids: ``session_id``
is a hash of host and user agent, which groups a visitor's requests; sessions proper are split later, in the lake.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

TSV_HEADER = b"host\tlogname\ttime\tmethod\turl\tresponse\tbytes\treferer\tuseragent"
# A quoted field may hold escaped quotes, and the last one may have lost its closing quote.
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?P<host>\S+) \S+ .*?\[(?P<time>[^\]]{1,40})\] "
    rf"{_QUOTED.replace('(', '(?P<request>', 1)} (?P<status>\d{{3}}) (?P<bytes>\d+|-)"
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)"(?: "(?P<agent>(?:[^"\\]|\\.)*)"?)?)?'
)
_REQUEST = re.compile(r"(?P<method>[A-Z]{3,20}) (?P<target>\S.*?)(?: (?P<protocol>HTTP/\d(?:\.\d)?))?$")


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a log; ``time_ms`` in epoch milliseconds, UTC; absent values are None."""

    time_ms: int
    host: str
    method: str
    target: str
    protocol: str | None
    status: int | None
    size: int | None
    referrer: str | None
    agent: str | None


@lru_cache(maxsize=4096)
def _log_time_ms(text: str) -> int | None:
    try:
        return round(datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp() * 1000)
    except ValueError:
        return None


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _present(text: str | None) -> str | None:
    return None if text in {None, "", "-"} else text


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def parse_log_line(line: bytes) -> Request | None:
    """Parse a line of a common or combined log leniently: what follows the size may be missing or cut off.

    Returns None for a line that is no request: no host, time, request, status and size, or an impossible time.
    """
    found = _LINE.match(_text(line))
    request = _REQUEST.match(found["request"]) if found else None
    time_ms = _log_time_ms(found["time"]) if found else None
    if not found or not request or time_ms is None:
        return None
    return Request(
        time_ms,
        found["host"],
        request["method"],
        request["target"],
        request["protocol"],
        int(found["status"]),
        _number(found["bytes"]),
        _present(found["referrer"]),
        _present(found["agent"]),
    )


def parse_tsv_line(line: bytes) -> Request | None:
    """Parse a tab-separated line with the columns of ``TSV_HEADER``, time in epoch seconds; None if no request."""
    cells = [*_text(line).rstrip("\r").split("\t"), *[""] * 9][:9]
    host, _, time, method, target, status, size, referrer, agent = cells
    time_s = _number(time)
    if not (host and method and target) or time_s is None:
        return None
    return Request(
        time_s * 1000,
        host,
        method,
        target,
        None,
        _number(status),
        _number(size),
        _present(referrer),
        _present(agent),
    )


PARSERS: dict[str, Callable[[bytes], Request | None]] = {"access_log": parse_log_line, "access_tsv": parse_tsv_line}


def visitor_key(request: Request) -> str:
    """The session id of a request: the same for all requests of one host with one user agent."""
    return _key(f"{request.host}\0{request.agent or ''}")


def client_key(request: Request) -> str:
    """The anonymous id of a request: the same for all requests of one host."""
    return _key(request.host)


def _key(seed: str) -> str:
    return f"log-{hashlib.sha256(seed.encode()).hexdigest()[:16]}"


def _address(site: str, target: str) -> str:
    if "://" in target.split("?", 1)[0]:
        return target
    return f"{site.rstrip('/')}{'' if target.startswith('/') else '/'}{target}"


def to_event(request: Request, event_id: str, site: str) -> dict[str, Any]:
    """Make a flat event; ``site`` is the address the log's paths are relative to."""
    time = datetime.fromtimestamp(request.time_ms / 1000, UTC)
    event: dict[str, Any] = {
        "event_id": event_id,
        "event_type": "page_view",
        "session_id": visitor_key(request),
        "anonymous_id": client_key(request),
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "page_url": _address(site, request.target),
        "ip_address": request.host,
        "referrer": request.referrer,
        "user_agent": request.agent,
    }
    properties = {
        "http_method": request.method,
        "http_status": request.status,
        "http_bytes": request.size,
        "http_protocol": request.protocol,
    }
    event["properties"] = {name: value for name, value in properties.items() if value is not None}
    return {name: value for name, value in event.items() if value is not None}
