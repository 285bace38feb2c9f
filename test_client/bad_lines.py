"""Lines that no pipeline should take for an event: what broken producers really send, one function a kind."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

_TOO_DEEP = 600


def _text(event: Mapping[str, Any], **changes: Any) -> bytes:  # noqa: ANN401 - values of a JSON object
    return json.dumps({**event, **changes}, separators=(",", ":"), default=float).encode()


def _truncated(event: Mapping[str, Any], rng: random.Random) -> bytes:
    line = _text(event)
    return line[: rng.randrange(20, len(line) - 1)]


def _not_json(event: Mapping[str, Any], rng: random.Random) -> bytes:
    return f"{event['timestamp']} WARN tracker: beacon failed, retry {rng.randint(1, 5)}".encode()


def _not_an_object(event: Mapping[str, Any], rng: random.Random) -> bytes:
    return rng.choice((b"null", b"[]", b"42", b'"ping"', b"[" + _text(event) + b"]"))


def _missing_event_type(event: Mapping[str, Any], _: random.Random) -> bytes:
    return _text({name: value for name, value in event.items() if name != "event_type"})


def _bad_timestamp(event: Mapping[str, Any], rng: random.Random) -> bytes:
    return _text(event, timestamp=rng.choice(("yesterday", "2026-13-45T99:00:00Z", "01/06/2026 12:00")))


def _too_deep(event: Mapping[str, Any], _: random.Random) -> bytes:
    nested = b'{"a":' * _TOO_DEEP + b"1" + b"}" * _TOO_DEEP
    return _text(event, properties=0).replace(b'"properties":0', b'"properties":' + nested)


def _wrong_type(event: Mapping[str, Any], rng: random.Random) -> bytes:
    return _text(event, **rng.choice(({"event_type": 7}, {"event_type": ["click"]}, {"properties": "none"})))


def _invalid_utf8(event: Mapping[str, Any], _: random.Random) -> bytes:
    return _text(event, page_title="?TITLE?").replace(b"?TITLE?", b"Caf\xe9 \xff\xfe")


def _duplicate_key(event: Mapping[str, Any], _: random.Random) -> bytes:
    return _text(event)[:-1] + b',"event_type":"click"}'


def _not_a_number(event: Mapping[str, Any], rng: random.Random) -> bytes:
    return _text(event, revenue=rng.choice((float("nan"), float("inf"))))


_KINDS: dict[str, Callable[[Mapping[str, Any], random.Random], bytes]] = {
    "truncated": _truncated,
    "not_json": _not_json,
    "not_an_object": _not_an_object,
    "missing_event_type": _missing_event_type,
    "bad_timestamp": _bad_timestamp,
    "too_deep": _too_deep,
    "wrong_type": _wrong_type,
    "invalid_utf8": _invalid_utf8,
    "duplicate_key": _duplicate_key,
    "not_a_number": _not_a_number,
}
KINDS = tuple(_KINDS)


def spoil(kind: str, event: Mapping[str, Any], rng: random.Random) -> bytes:
    """Make a bad line of ``kind`` (one of ``KINDS``) in the likeness of ``event``; never holds a line break."""
    return _KINDS[kind](event, rng)
