"""Collected events → records for the stream."""

import random

import pytest

from clickstream.collecting.collecting import CollectedEvent
from clickstream.collecting.packing import MAX_RECORD_BYTES, PUT_UNIT_BYTES, bucket_of, records
from clickstream.intake.envelopes import payloads

HASH_SPACE = 1 << 128


def events(count: int, size: int, sessions: int) -> list[CollectedEvent]:
    """Events that hardly compress, numbered within their session."""
    rng = random.Random(7)  # noqa: S311  reproducible, not secret
    return [
        CollectedEvent(
            b'{"s":"%d","n":%d,"x":"%s"}' % (n % sessions, n, rng.randbytes(size).hex().encode()), str(n % sessions)
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "size"), [(1, 10), (700, 40), (300, 1_000), (20, 16_000), (2, 200_000)])
@pytest.mark.parametrize("buckets", [1, 4, 64])
def test_every_event_is_in_one_record_with_the_rest_of_its_session(count: int, size: int, buckets: int) -> None:
    """A session's records are in order and have one place on the stream; none is longer than it may be."""
    given = events(count, size, 13)
    packed = records(given, buckets)
    lines = [(line, record) for record in packed for line in payloads(record.data)]
    assert sorted(line for line, _ in lines) == sorted(event.payload for event in given)
    for session in {event.session for event in given}:
        mine = [(line, record) for line, record in lines if line.startswith(b'{"s":"%s"' % session.encode())]
        assert [line for line, _ in mine] == [event.payload for event in given if event.session == session]
        assert len({record.explicit_hash_key for _, record in mine}) == 1
    for record in packed:
        assert record.events == len(payloads(record.data))
        assert len(record.data) <= (PUT_UNIT_BYTES if record.events > 1 else MAX_RECORD_BYTES)


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_a_bucket_lies_within_a_shard(shards: int) -> None:
    """Where there are as many buckets as shards, each has its own."""
    keys = {int(record.explicit_hash_key) * shards // HASH_SPACE for record in records(events(500, 5, 200), shards)}
    assert keys == set(range(shards))


def test_equal_sessions_fall_into_equal_buckets_of_any_process() -> None:
    """The hash is not Python's own, which differs from process to process."""
    assert [bucket_of(session, 16) for session in ("s-1", "s-2", "é", "\udcff")] == [13, 9, 15, 9]
