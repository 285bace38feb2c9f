"""Opening records: every packing gives the same events, and what cannot be opened is refused as a whole."""

import contextlib
import hashlib
import random
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.intake.envelopes import KPL_MAGIC, MAX_DECOMPRESSED_BYTES, MAX_EVENTS_PER_RECORD, ZSTD_MAGIC, payloads
from clickstream.intake.reasons import Reason, Rejected
from tests.simulation.records import encoded, kpl_aggregate, zstd

EVENTS = [encoded(n=n) for n in range(3)]


def sealed(message: bytes) -> bytes:
    """Any bytes as an aggregate with a right checksum."""
    return KPL_MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (EVENTS[0], EVENTS[:1]),
        (b"", [b""]),
        (b"\n", [b"\n"]),
        (zstd(b"\n".join(EVENTS)), EVENTS),
        (zstd(b"\r\n\n  \n".join(EVENTS) + b"\n"), [EVENTS[0] + b"\r", EVENTS[1] + b"\r", EVENTS[2]]),
        (zstd(EVENTS[0] + b"\n") + zstd(EVENTS[1]), EVENTS[:2]),
        (kpl_aggregate(EVENTS), EVENTS),
        (kpl_aggregate([b"", b"x" * 5000]), [b"", b"x" * 5000]),
        (kpl_aggregate(EVENTS[:1], partition_key=b"k" * 300), EVENTS[:1]),
        (zstd(b"{}\n" * MAX_EVENTS_PER_RECORD), [b"{}"] * MAX_EVENTS_PER_RECORD),
    ],
)
def test_a_record_gives_its_events_in_order(data: bytes, expected: list[bytes]) -> None:
    """Plain, compressed (several frames, blank lines, any line end) and aggregated records."""
    assert payloads(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zstd(b""), Reason.EMPTY_RECORD),
        (zstd(b"\n \n\r\n"), Reason.EMPTY_RECORD),
        (kpl_aggregate([]), Reason.EMPTY_RECORD),
        (ZSTD_MAGIC, Reason.UNREADABLE_RECORD),
        (ZSTD_MAGIC + b"\x00" * 50, Reason.UNREADABLE_RECORD),
        (zstd(b"\n".join(EVENTS))[:-2], Reason.UNREADABLE_RECORD),
        (zstd(EVENTS[0]) + b"more", Reason.UNREADABLE_RECORD),
        (KPL_MAGIC, Reason.UNREADABLE_RECORD),
        (KPL_MAGIC + b"\x00" * 40, Reason.UNREADABLE_RECORD),
        (kpl_aggregate(EVENTS)[:-1], Reason.UNREADABLE_RECORD),
        (kpl_aggregate(EVENTS).replace(b'"n": 1', b'"n": 2'), Reason.UNREADABLE_RECORD),
        (sealed(b"\x1a\xff"), Reason.UNREADABLE_RECORD),
        (sealed(b"\x1a" + b"\xff" * 20), Reason.UNREADABLE_RECORD),
        (sealed(b"\x1a\x05abc"), Reason.UNREADABLE_RECORD),
        (sealed(b"\x1b\x00"), Reason.UNREADABLE_RECORD),
        (zstd(b"x" * (MAX_DECOMPRESSED_BYTES + 1)), Reason.RECORD_TOO_LARGE),
        (zstd(b"{}\n" * MAX_EVENTS_PER_RECORD + b"{}"), Reason.TOO_MANY_EVENTS),
        (kpl_aggregate([b""] * (MAX_EVENTS_PER_RECORD + 1)), Reason.TOO_MANY_EVENTS),
    ],
)
def test_what_cannot_be_opened_is_refused_as_a_whole(data: bytes, reason: Reason) -> None:
    """Damage, truncation, bombs and emptiness each have a reason and a sentence; no part is taken as the whole."""
    with pytest.raises(Rejected) as caught:
        payloads(data)
    assert caught.value.reason == reason
    assert len(caught.value.detail) > 10


def test_a_bomb_of_line_breaks_is_not_unfolded() -> None:
    """A record of 1 KB that holds 16 million lines costs its 32 MB of text and no object per line."""
    bomb = zstd(b"a\n" * (MAX_DECOMPRESSED_BYTES // 2))
    tracemalloc.start()
    try:
        with pytest.raises(Rejected, match="too_many_events"):
            payloads(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MAX_DECOMPRESSED_BYTES


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_an_aggregate_gives_back_what_went_in(bodies: list[bytes]) -> None:
    """Any bodies survive the packing of the Kinesis Producer Library, whatever they contain."""
    assert payloads(kpl_aggregate(bodies)) == bodies


def test_damaged_records_are_refused_or_opened_but_never_raise() -> None:
    """4,000 compressed and aggregated records with a few bytes changed; aggregates with the checksum made right."""
    chance = random.Random(7)  # noqa: S311  reproducible, not secret
    outcomes = set()
    for _ in range(4_000):
        data = bytearray(chance.choice((zstd(b"\n".join(EVENTS)), kpl_aggregate(EVENTS)[4:-16])))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        try:
            payloads(bytes(data) if data.startswith(ZSTD_MAGIC) else sealed(bytes(data)))
        except Rejected as rejection:
            outcomes.add(rejection.reason)
    assert Reason.UNREADABLE_RECORD in outcomes


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_791, 65_792, 70_000])
def test_a_frame_that_states_its_size_opens_as_one_that_does_not(size: int) -> None:
    """The size of a frame is told in one, two or four bytes, or not at all by encoders that stream."""
    text = bytes(range(1, 10)) * size
    sink = pa.BufferOutputStream()
    with pa.output_stream(sink, compression="zstd") as stream:
        stream.write(text[:size])
    assert payloads(zstd(text[:size])) == payloads(sink.getvalue().to_pybytes())


def test_a_frame_that_states_a_wrong_size_is_refused_or_opened_whole() -> None:
    """No statement about the size cuts a record short, or fills it up."""
    frame = zstd(b"x" * 300)
    opened = []
    for stated in range(256):
        with contextlib.suppress(Rejected):
            opened.append(payloads(frame[:5] + bytes([stated]) + frame[6:]))
    assert opened == [[b"x" * 300]]
    assert payloads(frame + frame) == [b"x" * 600]
