"""Events on their way from a client's format to ours, and those that cannot go it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from clickstream.collecting.requests import Limits, Request
from clickstream.intake.reasons import Reason


@dataclass(slots=True)
class Draft:
    """One event in the fields of our flat format, with what has no field of its own in `properties`."""

    fields: dict[str, Any]
    properties: dict[str, Any]
    sent: bytes
    """The event as the client sent it."""


class Reject(NamedTuple):
    """One event that cannot be brought into our format: the reason code, a sentence, and the event as sent."""

    reason: Reason
    detail: str
    sent: bytes


Found = Draft | Reject


@dataclass(frozen=True)
class Opened:
    """A request whose body has been inflated."""

    request: Request
    limits: Limits
    body: bytes

    @cached_property
    def query(self) -> dict[str, str]:
        """The query, the first value of each name; what is no text becomes question marks."""
        return {sound(name): sound(value) for name, value in reversed(self.request.query)}


@dataclass
class Adapted:
    """What an adapter found in a request: one entry an event, in order, and the key that it was sent with."""

    found: Sequence[Found] = field(default_factory=list)
    write_key: str | None = None


Adapter = Callable[[Opened], Adapted]
"""Reads one wire format. Raises `Refused` for a request that cannot be read at all."""


def sound(text: str) -> str:
    """The text, with question marks for what no text may hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()
