"""Bytes that mention a person: payloads as they were sent, and files of reports. An id counts as a whole word."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.intake.envelopes import payloads
from clickstream.intake.reasons import Rejected

_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")


class Mentions:
    """Finds any of some texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = b"|".join(re.escape(text.encode()) for text in sorted(texts))
        self._pattern = re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])")

    def in_payload(self, payload: bytes) -> bool:
        """Whether a payload holds one: packed or not, escaped as in JSON or in an address, or plain."""
        return any(self._pattern.search(reading) for text in _opened(payload) for reading in _readings(text))

    def in_file(self, key: str, body: bytes) -> bool:
        """Whether a file of a report holds one. Raises `LakeError` for damaged Parquet."""
        return any(self._pattern.search(text) for text in (_cells(key, body) if key.endswith(".parquet") else [body]))


def _opened(payload: bytes) -> list[bytes]:
    try:
        return [payload, *payloads(payload)]
    except Rejected:
        return [payload]


def _readings(text: bytes) -> Iterator[bytes]:
    yield text
    if b"\\u" in text:
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)).encode(errors="replace"), text)
    if b"%" in text:
        yield unquote_to_bytes(text)


def _cells(key: str, body: bytes) -> Iterator[bytes]:
    try:
        table = pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"{key} is no readable Parquet file ({error}): remove it") from error
    for column in table.columns:
        yield "\n".join(str(value) for value in column.unique().to_pylist()).encode()
