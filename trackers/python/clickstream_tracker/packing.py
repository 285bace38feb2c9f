"""Many events in one Kinesis record: NDJSON lines, zstd-compressed, one bucket of sessions a record.

Kinesis bills by PUT units of 25 KB, so a record filled to one unit carries about 190 events for the price of one. A
record holds lines of one bucket only and a session always falls into the same bucket, so a session stays on one shard
and in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import zstandard

from clickstream_tracker.errors import EventError

PUT_UNIT_BYTES = 25_000
MAX_EVENTS = 500
MAX_RECORD_BYTES = 1024 * 1024 - 256  # Kinesis takes 1 MiB of data and partition key together
_MAX_RAW_BYTES = 1024 * 1024
_FIRST_RATIO = 0.25
_FILL = 0.96
_HASH_SPACE = 1 << 128
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One line to send: its bytes, its session if one can be read, its arrival in epoch ms (UTC) if it says so."""

    data: bytes
    session_id: str | None
    arrival_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One Kinesis record, ready for PutRecords; ``events`` counts its lines, ``bad_hint`` those without a session."""

    bucket: int
    partition_key: str
    explicit_hash_key: str
    data: bytes
    events: int
    bad_hint: int

    @property
    def size(self) -> int:
        """What Kinesis counts: data and partition key, in bytes."""
        return len(self.data) + len(self.partition_key)


def bucket_of(item: Item, buckets: int) -> int:
    """The bucket of a line: by its session, or by its bytes when no session can be read."""
    key = item.data if item.session_id is None else item.session_id.encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") % buckets


def compress(lines: Sequence[bytes]) -> bytes:
    """Join lines by line breaks and compress them into one zstd frame."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(b"\n".join(lines))


def lines_of(record: Record) -> list[bytes]:
    """The lines of a packed record."""
    return zstandard.ZstdDecompressor().decompress(record.data).split(b"\n")


def plain_key(bucket: int, _items: Sequence[Item]) -> str:
    """The partition key of a bucket's records: ``b017``. Their place follows from the explicit hash key alone."""
    return f"b{bucket:03d}"


@dataclass(slots=True)
class _Open:
    """A record being filled."""

    items: list[Item] = field(default_factory=list)
    raw_bytes: int = 0


class Packer:
    """Fills records, one open record a bucket.

    Args:
        buckets: into how many parts the sessions are divided; at least as many as the stream has shards.
        is_raw: one line a record, as it is.
        key_of: makes the partition key of a record from its bucket and its lines.
    """

    def __init__(
        self, buckets: int, *, is_raw: bool = False, key_of: Callable[[int, Sequence[Item]], str] = plain_key
    ) -> None:
        self._buckets, self._is_raw, self._key_of = buckets, is_raw, key_of
        self._open: dict[int, _Open] = {}
        self._ratio = _FIRST_RATIO

    def add(self, item: Item) -> Iterator[Record]:
        """Take a line; yield the records that are full."""
        bucket = bucket_of(item, self._buckets)
        current = self._open.setdefault(bucket, _Open())
        size = len(item.data) + 1
        if current.items and not self._has_room(current, size):
            yield from self._close(bucket)
            current = self._open[bucket] = _Open()
        current.items.append(item)
        current.raw_bytes += size
        if self._is_raw:
            yield from self._close(bucket)

    def flush(self) -> Iterator[Record]:
        """Yield what is left in every bucket."""
        for bucket in list(self._open):
            yield from self._close(bucket)

    def _has_room(self, current: _Open, size: int) -> bool:
        raw_bytes = current.raw_bytes + size
        is_small = raw_bytes * self._ratio <= PUT_UNIT_BYTES * _FILL and raw_bytes <= _MAX_RAW_BYTES
        return is_small and len(current.items) < MAX_EVENTS

    def _close(self, bucket: int) -> Iterator[Record]:
        return self._records(bucket, self._open.pop(bucket).items)

    def _records(self, bucket: int, items: list[Item]) -> Iterator[Record]:
        """Make one record, or more where the lines compress worse than was expected."""
        lines = [item.data for item in items]
        data = lines[0] if self._is_raw else compress(lines)
        # The next record is filled by what this one came to, so that few are split or left half empty.
        self._ratio = len(data) / (sum(map(len, lines)) + len(lines))
        if len(data) > PUT_UNIT_BYTES and len(items) > 1:
            half = len(items) // 2
            yield from self._records(bucket, items[:half])
            yield from self._records(bucket, items[half:])
            return
        yield self._record(bucket, items, data)

    def _record(self, bucket: int, items: list[Item], data: bytes) -> Record:
        if len(data) > MAX_RECORD_BYTES:
            raise EventError(f"a line of {len(data):,} bytes is more than a Kinesis record can hold: shorten it")
        return Record(
            bucket,
            self._key_of(bucket, items),
            str((2 * bucket + 1) * _HASH_SPACE // (2 * self._buckets)),
            data,
            len(items),
            sum(item.session_id is None for item in items),
        )
