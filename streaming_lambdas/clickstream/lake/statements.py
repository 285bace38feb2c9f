"""SQL statements as files: the contract in the leading comment, the parameters, and the partitions to read.

A file holds one statement of Athena's dialect below a comment such as

    -- Pages that people looked at, most viewed first.
    -- grain: one row per page_path
    -- partitions: exactly the received hours that hold the interval's events
    -- bots: left out
    -- parameter received predicate: the received hours to read
    -- parameter start timestamp: first event time, UTC, included
    -- parameter limit integer = 50: rows to return

A clause `lookback: <parameter>` says that it also reads as many days before the start as that parameter has.
Values are bound by awswrangler (`params=…, paramstyle="named"`), never formatted in here. The one exception is the
partition predicate, which is text that `received_predicate` makes of dates and integers alone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from clickstream.errors import StatementError
from clickstream.lake.partitions import received_predicate

Value = str | int | date | datetime
PREDICATE = "predicate"
_CONTRACT = ("grain", "partitions")
_MOST_DAYS_BACK = 3660
_PARAMETER = re.compile(r"parameter (?P<name>[a-z_]+) (?P<type>[a-z]+)(?: = (?P<default>[^:]+))?: (?P<meaning>.+)")
_CLAUSE = re.compile(r"(?P<key>[a-z]+): (?P<text>.+)")
_TOKEN = re.compile(r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")", re.DOTALL)
_USE = re.compile(r"(?<!:):([A-Za-z0-9_]+)")


@dataclass(frozen=True)
class Parameter:
    """A parameter that a statement declares; `default` is text as the file spells it, None where one must be given."""

    name: str
    type: str
    meaning: str
    default: str | None


class BoundStatement(NamedTuple):
    """What awswrangler takes: SQL text that still holds `:name`, and the values for the names."""

    sql: str
    params: dict[str, Value]


@dataclass(frozen=True)
class Statement:
    """One SQL file: its name, its contract, and the SQL without comments."""

    name: str
    meaning: str
    clauses: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    sql: str

    def bind(self, hours: Iterable[str], values: Mapping[str, Value]) -> BoundStatement:
        """Put in the received hours to read (`2026-11-21T09`) and complete the values with the file's defaults.

        Instants must know their zone; they are handed on as naive UTC, which is what awswrangler formats. Raises
        `StatementError` for a missing or unknown parameter, or a value of another type than the contract says.
        """
        predicates = {p.name for p in self.parameters if p.type == PREDICATE}
        declared = {p.name: p for p in self.parameters if p.name not in predicates}
        if unknown := sorted(values.keys() - declared.keys()):
            raise StatementError(f"{self.name} has no parameter {_listed(unknown)}; it has {_listed(declared)}")
        params = {name: self._value(parameter, values) for name, parameter in declared.items()}
        text = received_predicate(hours)
        return BoundStatement(_USE.sub(lambda m: text if m[1] in predicates else m[0], self.sql), params)

    def filled(self, texts: Mapping[str, str]) -> str:
        """The SQL with a text in place of every parameter, for who cannot bind any: the editor of a console."""
        return _USE.sub(lambda m: texts.get(m[1], m[0]), self.sql)

    def lookback(self, values: Mapping[str, Value]) -> timedelta:
        """How long before its start it reads: the whole days of the parameter that its clause `lookback` names.

        Raises `StatementError` for a value that is no number of days.
        """
        name = self.clauses.get("lookback")
        if name is None:
            return timedelta()
        parameter = next(parameter for parameter in self.parameters if parameter.name == name)
        days = self._value(parameter, values)
        if not isinstance(days, int) or not 0 <= days <= _MOST_DAYS_BACK:
            raise StatementError(f"{self.name}: {name} must be days from 0 to {_MOST_DAYS_BACK}, not {days}")
        return timedelta(days=days)

    def _value(self, parameter: Parameter, values: Mapping[str, Value]) -> Value:
        if parameter.name in values:
            return _checked(self.name, parameter, values[parameter.name])
        if parameter.default is None:
            raise StatementError(f"{self.name} needs the parameter {parameter.name} ({parameter.meaning})")
        return parse_value(self.name, parameter, parameter.default)


def read_statement(path: Path) -> Statement:
    """Load an SQL file. Raises `StatementError` if it cannot be read or breaks its contract."""
    try:
        return load_statement(path.stem, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StatementError(f"{path} cannot be read as an SQL file: {error}") from error


def load_statement(name: str, text: str) -> Statement:
    """Take the text of an SQL file apart. Raises `StatementError` if it breaks its contract."""
    meaning, clauses, parameters = _contract(name, text)
    sql = _TOKEN.sub(lambda m: m["quoted"] or " ", text).strip().removesuffix(";").strip()
    bare = _TOKEN.sub(" ", sql)
    if not bare.strip():
        raise StatementError(f"{name} holds no statement")
    if ";" in bare:
        raise StatementError(f"{name} holds more than one statement; a file is one statement")
    _compare_parameters(name, {p.name for p in parameters}, set(_USE.findall(bare)))
    _refuse_quoted(name, parameters, sql)
    return Statement(name, meaning, clauses, parameters, sql)


def parse_value(name: str, parameter: Parameter, text: str) -> Value:
    """The value that a text (a default, a command line) stands for; instants without a zone are taken as UTC."""
    try:
        return _PARSERS[parameter.type](text)
    except (KeyError, ValueError) as error:
        raise StatementError(f"{name}: {parameter.name} must be {_ARTICLES[parameter.type]}, not {text!r}") from error


def _contract(name: str, text: str) -> tuple[str, dict[str, str], tuple[Parameter, ...]]:
    """The leading comment: sentences, then `key: text` clauses, then parameters."""
    meaning: list[str] = []
    clauses: dict[str, str] = {}
    parameters: list[Parameter] = []
    for line in _comment_lines(text):
        if match := _PARAMETER.fullmatch(line):
            parameters.append(Parameter(match["name"], match["type"], match["meaning"], match["default"]))
        elif match := _CLAUSE.fullmatch(line):
            clauses[match["key"]] = match["text"]
        elif clauses or parameters:
            raise StatementError(f"{name}: cannot read the line {line!r} of the contract; keep a clause on one line")
        else:
            meaning.append(line)
    if not meaning or any(key not in clauses for key in _CONTRACT):
        raise StatementError(f"{name} must open with comments: a sentence, then `-- grain: …`, `-- partitions: …`")
    if unknown := sorted({p.type for p in parameters} - {*_PARSERS, PREDICATE}):
        raise StatementError(f"{name}: no such parameter type: {_listed(unknown)}; there are {_listed(_PARSERS)}")
    if clauses.get("lookback") not in {None, *(p.name for p in parameters if p.type == "integer")}:
        raise StatementError(f"{name}: the clause lookback must name a parameter of type integer")
    return " ".join(meaning), clauses, tuple(parameters)


def _comment_lines(text: str) -> Iterable[str]:
    for line in text.lstrip().splitlines():
        if not line.startswith("--"):
            return
        yield line.removeprefix("--").strip()


def _compare_parameters(name: str, declared: set[str], used: set[str]) -> None:
    if undeclared := sorted(used - declared):
        raise StatementError(f"{name} uses :{', :'.join(undeclared)}; declare it in the contract")
    if unused := sorted(declared - used):
        raise StatementError(f"{name} declares {_listed(unused)} but does not use it")


def _refuse_quoted(name: str, parameters: tuple[Parameter, ...], sql: str) -> None:
    """Binding works on text, so `':start'` would be replaced inside the quotes as well."""
    names = {p.name for p in parameters}
    quoted = chain.from_iterable(_USE.findall(m["quoted"]) for m in _TOKEN.finditer(sql) if m["quoted"])
    if inside := sorted(names & set(quoted)):
        raise StatementError(f"{name} has the parameter {_listed(inside)} inside quotes; take the quotes away")


def _checked(name: str, parameter: Parameter, value: Value) -> Value:
    """The value as awswrangler formats it. A float is refused: it would become a decimal literal."""
    kind = parameter.type
    if kind == "timestamp" and isinstance(value, datetime):
        return _naive(name, parameter.name, value)
    if kind == "date" and isinstance(value, date) and not isinstance(value, datetime):
        return value
    if (kind == "integer" and type(value) is int) or (kind == "text" and isinstance(value, str)):
        return value
    raise StatementError(f"{name}: {parameter.name} must be {_ARTICLES[kind]}, not {value!r}")


def _naive(name: str, parameter: str, instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise StatementError(f"{name}: {parameter} must state its time zone, for example {instant.isoformat()}+00:00")
    if instant.microsecond % 1000:
        raise StatementError(f"{name}: {parameter} must be whole milliseconds; Athena compares no finer")
    return instant.astimezone(UTC).replace(tzinfo=None)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


_PARSERS: dict[str, Callable[[str], Value]] = {
    "timestamp": _instant,
    "date": date.fromisoformat,
    "integer": int,
    "text": str,
}
_ARTICLES = {
    "timestamp": "an instant such as 2026-11-21T09:00:00+00:00",
    "date": "a date such as 2026-11-21",
    "integer": "a whole number",
    "text": "text",
}
