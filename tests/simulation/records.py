"""Kinesis records for tests: plain, zstd-compressed and aggregated, with encoders that share no code with ours."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from clickstream.intake.kinesis import Record
from clickstream.intake.rows import Source
from clickstream.positions import padded

ARRIVAL = datetime(2026, 11, 21, 9, 5, 30, tzinfo=UTC)
SOURCE = Source("1763000000", "shardId-000000000000")


def encoded(**fields: Any) -> bytes:
    """One event as JSON; a page view unless the fields say otherwise."""
    return json.dumps({"event_type": "page_view"} | fields).encode()


def record(data: bytes, number: int = 1, received_time: datetime = ARRIVAL) -> Record:
    """A record with this payload."""
    return Record(str(number), padded(str(number)), received_time, data)


def zstd(text: bytes) -> bytes:
    """The text as one zstd frame."""
    frame: bytes = pa.Codec("zstd").compress(text, asbytes=True)
    return frame


def kpl_aggregate(payloads: Iterable[bytes], partition_key: bytes = b"key") -> bytes:
    """User records as the Kinesis Producer Library packs them: magic, AggregatedRecord, MD5.

    Source: aggregation format of the Kinesis Producer Library (github.com/awslabs/amazon-kinesis-producer).
    """
    records = [_varint_field(1, 0) + _bytes_field(3, payload) + _bytes_field(9, b"tag") for payload in payloads]
    message = _bytes_field(1, partition_key) + b"".join(_bytes_field(3, body) for body in records)
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message, usedforsecurity=False).digest()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes_field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body
