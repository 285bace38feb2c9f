"""Bytes that mention a person, however they were sent."""

import json

import pyarrow as pa
import pytest

from clickstream.lake.mentions import Mentions
from tests.simulation.fake_lake import Sent, parquet_bytes

MENTIONS = Mentions(["jo@example.org", "4711"])
PLAIN = b'{"user_id": "jo@example.org", "x": {'


@pytest.mark.parametrize(
    "payload",
    [
        PLAIN,
        b'{"user_id": 4711}',
        b"\xff\xfe user=4711",
        PLAIN.replace(b"@", b"\\u0040"),
        PLAIN.replace(b"@", b"%40"),
        pa.Codec("zstd").compress(PLAIN, asbytes=True),
    ],
    ids=["plain", "number", "not-utf-8", "json-escape", "percent", "packed"],
)
def test_a_payload_mentions_a_person(payload: bytes) -> None:
    """Escaped, percent-encoded, packed, or in no format at all."""
    assert MENTIONS.in_payload(payload)


@pytest.mark.parametrize("payload", [b'{"user_id": 47110}', b"x4711", b"hajo@example.org", b"jo@exampleXorg", b""])
def test_part_of_another_word_is_no_mention(payload: bytes) -> None:
    """A short id must not take everybody along whose id holds it."""
    assert not MENTIONS.in_payload(payload)


def test_files_of_reports_are_read_as_what_they_are() -> None:
    """Parquet by its cells, anything else by its bytes."""
    body = parquet_bytes([Sent("4711", 1).row("2026-11-21T09")])
    assert MENTIONS.in_file("reports/a.parquet", body)
    assert MENTIONS.in_file("reports/a.json", json.dumps({"clients": ["4711"]}).encode())
    assert not MENTIONS.in_file("reports/a.csv", b"47112,1\n")
