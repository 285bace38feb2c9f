"""Bodies of requests: inflated within bounds, and read as JSON."""

import zlib
from typing import Any

import msgspec
from msgspec import Raw

from clickstream.collecting.answers import Refused
from clickstream.collecting.requests import Limits, Request

_GZIP = b"\x1f\x8b"
_GZIP_OR_ZLIB = 47
"""Window bits by which zlib tells gzip and zlib apart by itself."""
_NO_CODING = ("", "identity")
_CODINGS = ("gzip", "x-gzip", "deflate")
_TOO_DEEP = "the body is nested too deeply"


def inflated(request: Request, limits: Limits) -> bytes:
    """The body without compression, told by its first bytes, else by the header.

    Raises `Refused`: 413 if it is longer than the limit, 400 if it is damaged or compressed in another way.
    """
    if request.body.startswith(_GZIP):
        return _inflated(request.body, limits.body_bytes)
    coding = request.header("content-encoding").strip().lower()
    if coding == "deflate":
        return _inflated(request.body, limits.body_bytes)
    if coding not in _NO_CODING and coding not in _CODINGS:
        raise Refused(400, "this content-encoding is not understood: send gzip, or no compression")
    if len(request.body) > limits.body_bytes:
        raise too_long(limits.body_bytes)
    return request.body


def _inflated(data: bytes, most: int) -> bytes:
    found = bytearray()
    while data:
        stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            found += stream.decompress(data, most + 1 - len(found))
        except zlib.error as error:
            raise Refused(400, "the body is damaged: it does not decompress") from error
        if len(found) > most:
            raise too_long(most)
        if not stream.eof:
            raise Refused(400, "the body is damaged: its compressed data end too early")
        data = stream.unused_data.lstrip(b"\0")
    return bytes(found)


def too_long(most: int) -> Refused:
    """The refusal of a request of more than so many bytes."""
    return Refused(413, f"the request is longer than {most} bytes: send fewer events in one")


def parts(body: bytes) -> dict[str, Raw] | list[Raw] | Raw:
    """A JSON body opened once: the members of an object, the elements of an array, each as sent, or a bare value.

    Raises `Refused` with 400 if it is not JSON.
    """
    start = body.lstrip()[:1]
    kind: Any = dict[str, Raw] if start == b"{" else list[Raw] if start == b"[" else Raw
    if not start:
        raise Refused(400, "the body is empty")
    opened: dict[str, Raw] | list[Raw] | Raw = _decoded(body, kind)
    return opened


def elements(body: bytes) -> list[Raw]:
    """The elements of a body that is a JSON array, each as sent. Raises `Refused` with 400 if it is none."""
    found: list[Raw] = _decoded(body, list[Raw])
    return found


def list_of(raw: Raw) -> list[Raw] | None:
    """The elements of a JSON array, each as sent; None if it is none."""
    try:
        return msgspec.json.decode(raw, type=list[Raw])
    except msgspec.DecodeError:
        return None


def value_of(raw: Raw | None) -> Any:  # noqa: ANN401  whatever JSON holds
    """A JSON value, None if there is none, or none that can be read."""
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _decoded(body: bytes, kind: Any) -> Any:  # noqa: ANN401  msgspec's types
    try:
        return msgspec.json.decode(body, type=kind)
    except UnicodeDecodeError as error:
        raise Refused(400, "the body is not UTF-8") from error
    except RecursionError as error:
        raise Refused(400, _TOO_DEEP) from error
    except msgspec.DecodeError as error:
        raise Refused(400, f"the body is not JSON: {error}") from error
