"""An input file as things to send: what kind of file it is, whether it is whole, and each line with its session."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from clickstream import access_logs
from clickstream_tracker.errors import SendError
from clickstream_tracker.packing import Item
from test_client.errors import InputError
from test_client.files import read_lines

DEFAULT_SITE = "http://access.log"
_HEAD_LINES = 200
_encode = msgspec.json.Encoder().encode


class _Glance(msgspec.Struct):
    """The two fields a sender needs of an event; whatever else it holds is the pipeline's business."""

    session_id: Any = None
    sent_at: Any = None


_glance = msgspec.json.Decoder(_Glance).decode


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read to its end without error.

    ``kind`` is ``ndjson``, ``access_log`` or ``access_tsv``; ``digest`` the first 16 hex digits of the content's
    sha256; ``lines`` counts what will be sent; ``first_arrival_ms`` is the first arrival that any line names.
    """

    path: Path
    kind: str
    digest: str
    lines: int
    blank: int
    first_arrival_ms: int | None
    longest: int
    site: str = DEFAULT_SITE

    def items(self) -> Iterator[Item]:
        """Yield every line but blank ones and a header, in order.

        Raises:
            SendError: the file has changed since it was examined.
        """
        digest = hashlib.sha256()
        for number, line in enumerate(read_lines(self.path), 1):
            digest.update(line)
            if not _is_skipped(self.kind, line):
                yield self._item(number, line.removesuffix(b"\n"))
        if digest.hexdigest()[:16] != self.digest:
            raise SendError(f"{self.path} was changed while it was sent: send a file that nobody writes to")

    def _item(self, number: int, line: bytes) -> Item:
        if self.kind == "ndjson":
            return _glance_at(line)
        request = access_logs.PARSERS[self.kind](line)
        if request is None:
            return Item(line, None, None)
        event = access_logs.to_event(request, f"{self.digest}-{number}", self.site)
        return Item(_encode(event), event["session_id"], request.time_ms)


def _is_header(line: bytes) -> bool:
    return line.rstrip(b"\r\n").lower() == access_logs.TSV_HEADER


def _is_skipped(kind: str, line: bytes) -> bool:
    return not line.strip() or (kind == "access_tsv" and _is_header(line))


def _arrival_ms(kind: str, line: bytes) -> int | None:
    if kind == "ndjson":
        return _glance_at(line).arrival_ms
    request = access_logs.PARSERS[kind](line)
    return request.time_ms if request else None


def _glance_at(line: bytes) -> Item:
    try:
        event = _glance(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Item(line, None, None)
    session_id = event.session_id if isinstance(event.session_id, str) and event.session_id else None
    return Item(line, session_id, _instant_ms(event.sent_at))


def _instant_ms(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _is_json_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _kind(path: Path) -> str:
    """Tell the format by the content: one line of it among the first ones is enough, since any line may be bad."""
    lines = [line for line in islice(read_lines(path), _HEAD_LINES) if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty: there is nothing to send")
    if _is_header(lines[0]):
        return "access_tsv"
    if any(_is_json_object(line) for line in lines):
        return "ndjson"
    if any(access_logs.parse_log_line(line) for line in lines):
        return "access_log"
    raise InputError(
        f"{path} is neither NDJSON (one JSON object a line) nor a web access log (common or combined format, or "
        "tab-separated with a header): convert it first"
    )


def examine(path: Path, site: str = DEFAULT_SITE) -> Source:
    """Read a file to its end before anything of it is sent, so that a cut-off file is never half sent.

    Raises:
        InputError: missing, unreadable, a folder, empty, of an unknown format, or damaged.
    """
    kind = _kind(path)
    digest, count, blank, longest = hashlib.sha256(), 0, 0, 0
    first_arrival_ms: int | None = None
    for line in read_lines(path):
        digest.update(line)
        longest = max(longest, len(line))
        if _is_skipped(kind, line):
            blank += not line.strip()
            continue
        count += 1
        if first_arrival_ms is None:
            first_arrival_ms = _arrival_ms(kind, line)
    if not count:
        raise InputError(f"{path} holds a header and no rows: there is nothing to send")
    return Source(path, kind, digest.hexdigest()[:16], count, blank, first_arrival_ms, longest, site)
