"""Requests that no tracker of ours would send: sound ones of every wire format, damaged at random."""

import gzip
import random
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from clickstream.collecting.requests import Request
from tests.unit.hostile_events import BATCHES, CANARY, LEAVES

Random = random.Random
HEADERS = [
    ("content-encoding", "gzip"),
    ("content-encoding", "br"),
    ("content-encoding", "deflate"),
    ("content-type", "\x00"),
    ("authorization", "Basic"),
    ("authorization", "Basic ////"),
    ("authorization", "Basic V1JJVEVLRVk6"),
    ("authorization", "Basic " + "A" * 5_000),
    ("user-agent", ""),
    ("user-agent", "\xff" * 600),
    ("user-agent", "\udcff"),
    ("user-agent", "Mozilla/5.0 " + "(" * 5_000),
    ("origin", "null"),
    ("origin", "https://evil.example\r\nset-cookie: a"),
    ("origin", "x" * 4_000),
    ("sec-gpc", "1"),
    ("sec-gpc", "yes"),
    ("dnt", "1"),
    ("ce-type", "a.b"),
    ("ce-id", "\udc80"),
    ("ce-source", ""),
    ("ce-specversion", "1.0"),
    ("cookie", CANARY),
    ("x-forwarded-for", CANARY),
]
METHODS = ["GET", "PUT", "OPTIONS", "DELETE", "post", ""]


def damaged_value(value: Any, rng: Random) -> Any:
    """A JSON value with a few members exchanged, taken away, or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(list(value))
        if rng.random() < 0.15:
            return {key: inner for key, inner in value.items() if key != name}
        if rng.random() < 0.1:
            return value | {rng.choice([CANARY, "consent", "batch", "properties", "a" * 300]): rng.choice(LEAVES)}
        return value | {name: damaged_value(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        return [*value[:at], damaged_value(value[at], rng), *value[at + 1 :]]
    return rng.choice(LEAVES)


def batch(kind: str, rng: Random) -> tuple[int, Request]:
    """How many events, and a request that holds them: valid JSON, of whatever types."""
    sound, carrier = BATCHES[kind]
    events = [damaged_value(rng.choice(sound), rng) for _ in range(rng.randint(1, 6))]
    return len(events), with_headers(carrier(events), rng)


def with_headers(sound: Request, rng: Random) -> Request:
    """The request with hostile headers, but for those that say how its body is to be read."""
    chosen = [pair for pair in rng.sample(HEADERS, 3) if not pair[0].startswith(("ce-", "content-encoding"))]
    return replace(sound, headers={**sound.headers, **dict(chosen)})


def hostile(rng: Random) -> Request:
    """Any request at all: damaged in its bytes, its compression, its address or its headers."""
    _, found = batch(rng.choice(list(BATCHES)), rng)
    body = found.body
    for _ in range(rng.randint(0, 3)):
        body = rng.choice(DAMAGES)(body, rng)
    found = replace(found, body=body)
    if rng.random() < 0.5:
        found = replace(found, headers={**found.headers, **dict(rng.sample(HEADERS, rng.randint(0, 6)))})
    if rng.random() < 0.2:
        path = rng.choice(
            ["/v1/t", "/v1/p", "/v1/identify", "/i", "/ce", "/collect", "/", "", "//", "/v1/batch/", "\udcff"]
        )
        found = replace(found, path=path)
    if rng.random() < 0.15:
        query = rng.choice(["", "e=pv&url=%FF&x=%00", "e=ue&ue_px=***", f"e=pv&uid={CANARY}", "hashCode=00000000", "e"])
        pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        found = replace(found, query=tuple(pairs), method=rng.choice(["GET", "POST"]))
    if rng.random() < 0.05:
        found = replace(found, method=rng.choice(METHODS))
    return found


def _cut(body: bytes, rng: Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _stirred(body: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    piece = rng.choice(
        [b'"', b"{", b"]", b"\\", b"\xff", b"\x00", b"\n", b"\\ud800", b"9" * 400, b"NaN", b"\t", b",", b":"]
    )
    return body[:at] + piece + body[at + rng.randint(0, 3) :]


def _doubled(body: bytes, rng: Random) -> bytes:
    return body + rng.choice([b"", b"\n", b" "]) + body


def _zipped(body: bytes, rng: Random) -> bytes:
    packed = gzip.compress(body) if rng.random() < 0.5 else zlib.compress(body)
    return packed if rng.random() < 0.6 else packed[: rng.randrange(len(packed))]


def _bomb(body: bytes, rng: Random) -> bytes:
    return gzip.compress(b" " * 3_000_000 + body, 1)


def _deep(body: bytes, rng: Random) -> bytes:
    depth = rng.choice([31, 33, 200, 100_000])
    return b'{"batch":[{"type":"track","event":"x","properties":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}]}"


def _utf16(body: bytes, rng: Random) -> bytes:
    return body.decode(errors="replace").encode(rng.choice(["utf-16", "utf-8-sig", "latin-1"]), errors="replace")


DAMAGES = [_cut, _stirred, _stirred, _stirred, _doubled, _zipped, _bomb, _deep, _utf16]
