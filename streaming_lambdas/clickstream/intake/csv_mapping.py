"""Which columns of a CSV file are which fields of an event, checked before the first row is read.

    [columns]                       # the file's column = the event's field
    "Invoice date" = "timestamp"
    "Price" = "revenue"
    "Colour" = "properties.colour"
    "Internal note" = "-"           # left out
    [constants]                     # the same in every event
    event_type = "purchase"
    currency = "GBP"
    [format]
    time = "%d/%m/%Y %H:%M"         # without it ISO 8601 or epoch numbers; UTC unless the text says otherwise
    delimiter = ";"

Columns that are not named become properties under their own name: nothing is dropped silently.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from clickstream.errors import SourceError
from clickstream.intake.events import KNOWN_FIELDS, flag, instant, money
from clickstream.intake.reasons import Reason, Rejected

LEFT_OUT = "-"
_PROPERTY = "properties."
_FIELDS = KNOWN_FIELDS - {"properties"}
_FORMATS = ("time", "delimiter")
Cells = Sequence[str]


@dataclass(frozen=True)
class ColumnMapping:
    """What the columns of a CSV file mean. Raises `SourceError` if an event could not be made of it."""

    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    delimiter: str = ","

    def __post_init__(self) -> None:
        used = [name for name in self.columns.values() if name != LEFT_OUT] + list(self.constants)
        for name in used:
            if name not in _FIELDS and not (name.startswith(_PROPERTY) and len(name) > len(_PROPERTY)):
                raise SourceError(
                    f"{name!r} is no field of an event: take one of {', '.join(sorted(_FIELDS))}, properties.NAME, "
                    f"or {LEFT_OUT!r} to leave the column out"
                )
        if twice := sorted({name for name in used if used.count(name) > 1}):
            raise SourceError(f"{', '.join(twice)}: mapped twice; each field has one column or one constant")
        if "timestamp" not in self.columns.values() or "event_type" not in used:
            raise SourceError("map a column to timestamp, and a column or a constant to event_type")
        if len(self.delimiter) != 1:
            raise SourceError(f"the delimiter must be one character, not {self.delimiter!r}")
        for name, text in self.constants.items():
            self._checked_constant(name, text)

    def bind(self, header: Cells) -> "RowReader":
        """The reader of rows below this header. Raises `SourceError` for a column that is missing or there twice."""
        names = [name.strip() for name in header]
        if missing := sorted(self.columns.keys() - set(names)):
            raise SourceError(f"the file has no column {', '.join(missing)}; it has {', '.join(names)}")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SourceError(f"the column {', '.join(twice)} is there twice: give the columns distinct names")
        fields = tuple(self.columns.get(name, f"{_PROPERTY}{name}") for name in names)
        return RowReader(fields, dict(self.constants), self.time_format)

    def _checked_constant(self, name: str, text: str) -> None:
        try:
            _converted(name, text, self.time_format)
        except Rejected as error:
            raise SourceError(f"the constant {name}={text!r} cannot be taken: {error.detail}") from error


@dataclass(frozen=True)
class RowReader:
    """Rows of one file → flat events. `fields` has the field of each cell."""

    fields: tuple[str, ...]
    constants: dict[str, str]
    time_format: str | None

    def event(self, cells: Cells) -> dict[str, Any]:
        """The event of a row, typed. Raises `Rejected` where a cell is not what its field takes."""
        if len(cells) != len(self.fields):
            raise Rejected(Reason.UNREADABLE_LINE, f"{len(cells)} cells below {len(self.fields)} columns")
        event: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for name, text in (*self.constants.items(), *zip(self.fields, map(str.strip, cells), strict=True)):
            if text == "" or name == LEFT_OUT:
                continue
            if name.startswith(_PROPERTY):
                properties[name.removeprefix(_PROPERTY)] = text
            else:
                event[name] = _converted(name, text, self.time_format)
        return event | {"properties": properties} if properties else event


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping in a TOML or JSON file. Raises `SourceError` if it cannot be read or says something unknown."""
    try:
        text = path.read_text("utf-8")
        found = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
        return _mapping(found)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise SourceError(f"{path} cannot be read as a column mapping: {error}") from error


def _mapping(found: Any) -> ColumnMapping:  # noqa: ANN401  any JSON
    known = {"columns", "constants", "format"}
    try:
        parts = msgspec.convert(found, dict[str, dict[str, str]])
    except msgspec.ValidationError as error:
        raise SourceError(f"a column mapping is tables of texts, {', '.join(sorted(known))}: {error}") from error
    format_ = parts.get("format", {})
    if unknown := sorted((parts.keys() - known) | (format_.keys() - set(_FORMATS))):
        raise SourceError(f"{', '.join(unknown)}: unknown in a column mapping; see the head of csv_mapping.py")
    return ColumnMapping(
        parts.get("columns", {}), parts.get("constants", {}), format_.get("time"), format_.get("delimiter", ",")
    )


def _converted(name: str, text: str, time_format: str | None) -> str | int:
    """The text as its field takes it. Raises `Rejected`."""
    if name == "quantity":
        try:
            return int(text)
        except ValueError as error:
            raise Rejected(Reason.WRONG_TYPE, f"quantity is no whole number: {text[:40]!r}") from error
    if time_format and name in ("timestamp", "sent_at"):
        return _time(name, text, time_format)
    if check := _CHECKS.get(name):
        check(text)
    return text


def _time(name: str, text: str, time_format: str) -> str:
    try:
        found = datetime.strptime(text, time_format)  # noqa: DTZ007  the zone is given to it in the next line
    except ValueError as error:
        raise Rejected(Reason.INVALID_TIME, f"{name} is not like {time_format}: {text[:40]!r}") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _flag(name: str, text: str) -> None:
    if flag(text) is None:
        raise Rejected(Reason.WRONG_TYPE, f"{name} says neither yes nor no: {text[:40]!r}")


_CHECKS: dict[str, Callable[[str], object]] = {
    "timestamp": lambda text: instant(text, "timestamp"),
    "sent_at": lambda text: instant(text, "sent_at"),
    "revenue": money,
    "consent": lambda text: _flag("consent", text),
    "gpc": lambda text: _flag("gpc", text),
    "dnt": lambda text: _flag("dnt", text),
}
