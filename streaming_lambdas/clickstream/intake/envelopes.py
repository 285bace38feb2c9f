"""One record → the payloads of its events: plain JSON, zstd-compressed NDJSON, or a KPL aggregate.

A record that cannot be opened is one rejected event: nothing of it is lost and nothing of it is guessed.
"""

import hashlib
from collections.abc import Iterator

import pyarrow as pa

from clickstream.intake.reasons import Reason, Rejected

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
KPL_MAGIC = b"\xf3\x89\x9a\xc2"
PACKED_MAGICS = (ZSTD_MAGIC, KPL_MAGIC)
"""How records begin that may hold many events. Any other record is one event."""
MAX_DECOMPRESSED_BYTES = 32 << 20
MAX_EVENTS_PER_RECORD = 10_000
_KPL_RECORD_FIELD = 3
_KPL_DATA_FIELD = 3
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5
_MD5_BYTES = 16
_LONGEST_ZSTD_HEADER = 18
_zstd = pa.Codec("zstd")


def payloads(data: bytes) -> list[bytes]:
    """The raw events of a record, in order. Raises `Rejected` if the record as a whole cannot be opened."""
    if data.startswith(ZSTD_MAGIC):
        found = _lines(_inflate(data))
    elif data.startswith(KPL_MAGIC):
        found = _kpl(data)
    else:
        return [data]
    if not found:
        raise Rejected(Reason.EMPTY_RECORD, "the record holds no event")
    if len(found) > MAX_EVENTS_PER_RECORD:
        raise Rejected(Reason.TOO_MANY_EVENTS, f"{len(found)} events, at most {MAX_EVENTS_PER_RECORD} are taken")
    return found


def extent(data: bytes) -> tuple[int, int]:
    """How many events a record holds at most, and their bytes, without cutting them out. Never raises."""
    if not data.startswith(PACKED_MAGICS):
        return 1, len(data)
    try:
        if data.startswith(KPL_MAGIC):
            return max(len(_kpl(data)), 1), len(data)
        text = _inflate(data)
    except Rejected:
        return 1, len(data)
    return min(text.count(b"\n") + 1, MAX_EVENTS_PER_RECORD), max(len(text), len(data))


def _inflate(data: bytes) -> bytes:
    size = _stated_size(data)
    if 0 < size <= MAX_DECOMPRESSED_BYTES:
        try:
            return _zstd.decompress(data, size, asbytes=True)  # type: ignore[no-any-return]  # bytes, because asked for
        except OSError:
            # Several frames, or damage: the slower way knows which.
            pass
    return _inflate_stream(data)


def _stated_size(data: bytes) -> int:
    """The size that a zstd frame says it has when decompressed; 0 if it does not say (RFC 8878, section 3.1.1.1)."""
    descriptor = data[4] if len(data) > _LONGEST_ZSTD_HEADER else 0
    is_single, width = descriptor >> 5 & 1, 1 << (descriptor >> 6)
    if width == 1 and not is_single:
        return 0
    at = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3]
    return int.from_bytes(data[at : at + width], "little") + (256 if width == 2 else 0)


def _inflate_stream(data: bytes) -> bytes:
    try:
        with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
            text: bytes = stream.read(MAX_DECOMPRESSED_BYTES + 1)
    except OSError as error:
        raise Rejected(Reason.UNREADABLE_RECORD, "the record is not sound zstd") from error
    if len(text) > MAX_DECOMPRESSED_BYTES:
        raise Rejected(Reason.RECORD_TOO_LARGE, f"more than {MAX_DECOMPRESSED_BYTES} bytes when decompressed")
    return text


def _lines(text: bytes) -> list[bytes]:
    """The lines that are not blank. They are counted before any is cut out: 32 MB may hold 16 million of them."""
    if text.count(b"\n") > MAX_EVENTS_PER_RECORD:
        raise Rejected(Reason.TOO_MANY_EVENTS, f"more than {MAX_EVENTS_PER_RECORD} lines")
    return list(filter(bytes.strip, text.split(b"\n")))


def _kpl(data: bytes) -> list[bytes]:
    """The user records of an aggregate: magic, protobuf message, MD5 (Kinesis Producer Library record format)."""
    message, digest = data[len(KPL_MAGIC) : -_MD5_BYTES], data[-_MD5_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise Rejected(Reason.UNREADABLE_RECORD, "the checksum of the aggregate is wrong")
    try:
        records = [body for field, body in _fields(message) if field == _KPL_RECORD_FIELD]
        return [body for record in records for field, body in _fields(record) if field == _KPL_DATA_FIELD]
    except (IndexError, ValueError) as error:
        raise Rejected(Reason.UNREADABLE_RECORD, "the aggregate is not sound protobuf") from error


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf message; other wire types are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        size = {_VARINT: 0, _FIXED64: 8, _FIXED32: 4}.get(tag & 7)
        if tag & 7 == _VARINT:
            _, at = _varint(message, at)
        elif tag & 7 == _LENGTH_DELIMITED:
            size, at = _varint(message, at)
        if size is None or at + size > len(message):
            raise ValueError("field runs past the end")
        if tag & 7 == _LENGTH_DELIMITED:
            yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint is too long")
