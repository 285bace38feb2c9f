"""Events → records for the stream: JSON lines, compressed, one bucket of sessions a record.

Kinesis bills by PUT units of 25 KB, so that a record of many events costs as much as one of a single event. A session
always falls into the same bucket and a bucket always to the same shard, so a session's events stay in order.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from clickstream.collecting.collecting import CollectedEvent
from clickstream.intake.envelopes import MAX_EVENTS_PER_RECORD

PUT_UNIT_BYTES = 25_000
MAX_RECORD_BYTES = 1024 * 1024 - 256
"""Kinesis takes 1 MiB of data and partition key together."""
_MAX_RAW_BYTES = 1024 * 1024
_MAX_EVENTS = min(500, MAX_EVENTS_PER_RECORD)
_HASH_SPACE = 1 << 128
_codec = pa.Codec("zstd", compression_level=3)


@dataclass(frozen=True)
class PackedRecord:
    """One Kinesis record, ready for PutRecords."""

    data: bytes
    partition_key: str
    explicit_hash_key: str
    """The middle of the bucket's part of the hash space, so that the bucket has one shard until that is split."""
    events: int
    """How many lines it holds."""


def records(events: Sequence[CollectedEvent], shard_buckets: int) -> list[PackedRecord]:
    """All the events in order, each in one record, the sessions divided into so many buckets.

    A record fills one PUT unit where its events allow. More buckets than shards only cost records.
    """
    buckets: dict[int, list[bytes]] = defaultdict(list)
    for event in events:
        buckets[bucket_of(event.session, shard_buckets)].append(event.payload)
    return [
        PackedRecord(data, f"b{bucket:03d}", _hash_key(bucket, shard_buckets), count)
        for bucket, payloads in buckets.items()
        for group in _groups(payloads)
        for data, count in _packed(group)
    ]


def bucket_of(session: str, buckets: int) -> int:
    """The bucket of a session."""
    digest = hashlib.blake2b(session.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % buckets


def _hash_key(bucket: int, buckets: int) -> str:
    return str((2 * bucket + 1) * _HASH_SPACE // (2 * buckets))


def _groups(payloads: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Runs of lines that a record may hold before compression."""
    group: list[bytes] = []
    size = 0
    for payload in payloads:
        if group and (len(group) == _MAX_EVENTS or size + len(payload) > _MAX_RAW_BYTES):
            yield group
            group, size = [], 0
        group.append(payload)
        size += len(payload) + 1
    if group:
        yield group


def _packed(payloads: list[bytes]) -> Iterator[tuple[bytes, int]]:
    """The lines as one record, or as more where they do not compress to one PUT unit."""
    data: bytes = _codec.compress(b"\n".join(payloads), asbytes=True)
    if len(data) <= PUT_UNIT_BYTES or len(payloads) == 1:
        yield data, len(payloads)
        return
    half = len(payloads) // 2
    yield from _packed(payloads[:half])
    yield from _packed(payloads[half:])
