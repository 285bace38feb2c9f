"""One HTTP request as it arrived, and what the collector takes of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Request:
    """One HTTP request, before anything of it is believed."""

    method: str
    path: str
    """Without query, as the client wrote it."""
    query: tuple[tuple[str, str], ...]
    """Names and values in order, percent-decoded."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """As sent, maybe compressed; without transfer encoding."""
    source_ip: str
    """The address that the connection came from; empty if it is not known."""
    received_time: datetime
    """When it arrived, in UTC."""

    def header(self, name: str) -> str:
        """The value of a header, empty if it was not sent. `name` is in lower case."""
        return self.headers.get(name, "")

    def parameter(self, *names: str) -> str | None:
        """The first value of the query with one of these names, unless it is empty."""
        return next((value for name, value in self.query if name in names and value), None)


@dataclass(frozen=True)
class Limits:
    """How much the collector takes, and from where."""

    event_bytes: int = 32 * 1024
    """Of one event, as the client sent it."""
    body_bytes: int = 500 * 1024
    """Of one request, decompressed; no more than that is ever inflated. Also of a query string."""
    events: int = 2_000
    """Of one request."""
    origins: tuple[str, ...] = ("*",)
    """Sites whose browsers may read the answer, e.g. `https://shop.example`; `*` is every site."""
    preflight_s: int = 86_400
    """For how long a browser may remember that it is allowed to send."""
