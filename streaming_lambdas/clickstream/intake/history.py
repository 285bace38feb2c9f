"""Files of history as events: NDJSON, CSV with a column mapping, and web access logs, plain or compressed.

The content of a file is its identity: the hash is the epoch of its lane, and an event without an id gets hash and line
number as one, since logs hold equal lines that are distinct events. So a copy under another name is the same file.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from clickstream import access_logs
from clickstream.errors import SourceError
from clickstream.intake.csv_mapping import ColumnMapping, RowReader
from clickstream.intake.events import instant
from clickstream.intake.reasons import Reason, Rejected
from clickstream.line_files import read_lines

Kind = Literal["ndjson", "csv", "access_log", "access_tsv"]
DEFAULT_SITE = "http://access.log"
_HEAD_LINES = 200
_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class Line(NamedTuple):
    """One event of a file, or why the line is none."""

    number: int
    """Of its last line in the file, from 1."""
    time: datetime | None
    """When it happened, UTC; None where the line does not say."""
    data: bytes
    """A flat event as JSON, or the line as it stands."""
    rejection: Rejected | None = None


class _Glance(msgspec.Struct):
    """What an importer must know of an event; whatever else it holds is the parser's business."""

    event_id: Any = None
    timestamp: Any = None


_glance = msgspec.json.Decoder(_Glance).decode


@dataclass(frozen=True)
class HistoryFile:
    """A file that was read to its end without error.

    `digest` is the first 16 hex digits of the sha256 of its content; `lines` counts all lines, blank ones too; `site`
    is the address that the paths of an access log are relative to.
    """

    path: Path
    kind: Kind
    digest: str
    lines: int
    site: str = DEFAULT_SITE
    mapping: ColumnMapping | None = None

    @property
    def options(self) -> str:
        """A short hash of everything but the content that decides about the events."""
        said = repr((self.kind, self.site, self.mapping)).encode()
        return hashlib.sha256(said).hexdigest()[:8]

    def events(self) -> Iterator[Line]:
        """Every line but blank ones and a header, in order. Raises `SourceError` if the file has changed meanwhile."""
        digest = hashlib.sha256()
        yield from self._read(_hashed(read_lines(self.path), digest.update))
        if digest.hexdigest()[:16] != self.digest:
            raise SourceError(f"{self.path} was changed while it was read: import a file that nobody writes to")

    def _read(self, lines: Iterator[bytes]) -> Iterator[Line]:
        if self.mapping:
            yield from _csv_events(lines, self.mapping, self.digest)
            return
        for number, line in enumerate(lines, 1):
            text = line.rstrip(b"\r\n")
            if not text.strip() or _is_header(text):
                continue
            yield self._json(number, text) if self.kind == "ndjson" else self._request(number, text)

    def _json(self, number: int, text: bytes) -> Line:
        try:
            seen = _glance(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Line(number, None, text)
        if seen.event_id in (None, ""):
            text = _with_id(text, f"{self.digest}-{number}")
        return Line(number, _instant(seen.timestamp), text)

    def _request(self, number: int, text: bytes) -> Line:
        request = access_logs.PARSERS[self.kind](text)
        if request is None:
            return Line(number, None, text, Rejected(Reason.UNREADABLE_LINE, "the line holds no request"))
        event = access_logs.to_event(request, f"{self.digest}-{number}", self.site)
        return Line(number, _instant(request.time_ms / 1000), _encode(event))


def examine(path: Path, mapping: ColumnMapping | None = None, site: str = DEFAULT_SITE) -> HistoryFile:
    """Read a file to its end before anything of it is written, so that a cut-off file is never half imported.

    With a mapping it is CSV; else the format is told by the content. Raises `SourceError` for a file that is missing,
    empty, damaged or of no known format, or a CSV file without the mapped columns.
    """
    kind = _csv_kind(path, mapping) if mapping else _kind(path)
    digest, count = hashlib.sha256(), 0
    for line in read_lines(path):
        digest.update(line)
        count += 1
    return HistoryFile(path, kind, digest.hexdigest()[:16], count, site, mapping)


def _hashed(lines: Iterator[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for line in lines:
        update(line)
        yield line


def _with_id(text: bytes, event_id: str) -> bytes:
    """The JSON object with this id: in front, or in the place of an empty one."""
    body = text.strip()[1:]
    if b'"event_id"' in text:
        # Null or empty at the top, or somewhere deeper: rare enough to be written anew.
        return bytes(_encode(msgspec.json.decode(text) | {"event_id": event_id}))
    return b'{"event_id":"' + event_id.encode() + (b'"' if body.lstrip() == b"}" else b'",') + body


def _instant(said: object) -> datetime | None:
    if not isinstance(said, (str, int, float)) or isinstance(said, bool):
        return None
    try:
        return instant(said, "timestamp")
    except Rejected:
        return None


def _is_header(text: bytes) -> bool:
    return text.lower() == access_logs.TSV_HEADER


def _is_json_object(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _kind(path: Path) -> Kind:
    """Tell the format by the content: one line of it among the first ones is enough, since any line may be bad."""
    lines = [line.rstrip(b"\r\n") for line in islice(read_lines(path), _HEAD_LINES) if line.strip()]
    if not lines:
        raise SourceError(f"{path} is empty: there is nothing to import")
    if _is_header(lines[0]):
        return "access_tsv"
    if any(map(_is_json_object, lines)):
        return "ndjson"
    if any(map(access_logs.parse_log_line, lines)):
        return "access_log"
    raise SourceError(
        f"{path} is neither NDJSON nor a web access log (common or combined format, or tab-separated with a header): "
        "say with a column mapping how to read CSV, or convert it first"
    )


def _csv_kind(path: Path, mapping: ColumnMapping) -> Kind:
    """Bind the mapping to the header once, for its errors."""
    if next(_csv_rows(read_lines(path), mapping.delimiter, mapping.bind), None) is None:
        raise SourceError(f"{path} holds no row below a header: there is nothing to import")
    return "csv"


class _Rows:
    """The lines of a CSV file as text, with the bytes and the number of lines since the last row."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.raw: list[bytes] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            text = line.removeprefix(_BOM) if self.number == 0 else line
            self.number += 1
            self.raw.append(text)
            yield text.decode(errors="surrogateescape")


def _csv_rows(
    lines: Iterator[bytes], delimiter: str, bind: Callable[[list[str]], RowReader]
) -> Iterator[tuple[int, bytes, RowReader, list[str] | None]]:
    """Each row with the number of its last line, its bytes, and its cells; None where it is no row."""
    rows = _Rows(lines)
    reader = csv.reader(iter(rows), delimiter=delimiter)
    bound: RowReader | None = None
    while True:
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        raw = b"".join(rows.raw)
        rows.raw.clear()
        if not raw.strip():
            continue
        if bound is None:
            bound = bind(cells or [])
        else:
            yield rows.number, raw.rstrip(b"\r\n"), bound, cells


def _csv_events(lines: Iterator[bytes], mapping: ColumnMapping, digest: str) -> Iterator[Line]:
    for number, raw, reader, cells in _csv_rows(lines, mapping.delimiter, mapping.bind):
        try:
            yield _csv_event(f"{digest}-{number}", number, reader, cells)
        except Rejected as rejection:
            yield Line(number, None, raw, rejection)
        except UnicodeEncodeError:
            yield Line(number, None, raw, Rejected(Reason.NOT_UTF8, "the row is not UTF-8"))


def _csv_event(event_id: str, number: int, reader: RowReader, cells: list[str] | None) -> Line:
    if cells is None:
        raise Rejected(Reason.UNREADABLE_LINE, "a quote does not end, or a cell is too long")
    event = {"event_id": event_id} | reader.event(cells)
    return Line(number, _instant(event.get("timestamp")), _encode(event))
