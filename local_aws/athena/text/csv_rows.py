"""Lines of separated fields: OpenCSVSerde, where fields may be quoted, and LazySimpleSerDe, where they are bare."""

import re
from collections.abc import Callable

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.text.formats import OPEN_CSV, TextFormat
from local_aws.athena.text.values import Reader, reader_of

Splitter = Callable[[str], list[str]]
_FIELD_MARK = "\x01"


class SeparatedRows:
    """Takes lines of separated fields apart.

    Args:
        columns: (name, Hive type) of all columns of the files, in order: a field belongs to the column at its place.
        wanted: Names of the columns to read.
    """

    def __init__(self, form: TextFormat, columns: tuple[tuple[str, str], ...], wanted: list[str]) -> None:
        self._is_quoted = form.serde == OPEN_CSV
        self._split = _quoted_splitter(form) if self._is_quoted else _plain_splitter(form)
        self._null = None if self._is_quoted else form.given.get("serialization.null.format", "\\N")
        self._escape = None if self._is_quoted else form.given.get("escape.delim")
        self._readers: list[tuple[int, str, bool, Reader]] = []
        for place, (name, kind) in enumerate(columns):
            if name in wanted:
                built = exp.DataType.build(kind, dialect="hive")
                is_text = built.this in {exp.DType.TEXT, exp.DType.VARCHAR}
                self._readers.append((place, name, is_text, reader_of(built, numeric_times=self._is_quoted)))

    def read(self, line: str) -> list[object]:
        """Return the values of the wanted columns; fields that a line lacks are NULL.

        Raises:
            QueryError: `HIVE_BAD_DATA`.
            NotSupportedError: Quotes, escapes or values whose meaning is not certain.
        """
        fields = self._split(line)
        return [self._value(fields, *reader) for reader in self._readers]

    def _value(self, fields: list[str], place: int, name: str, is_text: bool, read: Reader) -> object:
        if place >= len(fields):
            return None
        field = fields[place]
        if self._is_quoted:
            try:
                return read(field)
            except (ValueError, OverflowError) as error:
                text = f"Error parsing field value '{field}' for field {place}: For input string: \"{field}\""
                raise QueryError("HIVE_BAD_DATA", text) from error
        if field == self._null or (not field and not is_text):
            return None
        try:
            return read(self._unescaped(field))
        except ValueError as error:
            raise NotSupportedError(
                f"value {field!r} of column {name}: it may be NULL or an error in Athena"
            ) from error

    def _unescaped(self, field: str) -> str:
        if self._escape is None or self._escape not in field:
            return field
        return re.sub(re.escape(self._escape) + "(.)", _escaped, field)


def _escaped(match: re.Match[str]) -> str:
    if match[1] in "nr":
        raise NotSupportedError(f"escape {match[0]!r}")
    return match[1]


def _quoted_splitter(form: TextFormat) -> Splitter:
    """Fields are bare, or wholly within quotes; the rest is where versions of OpenCSV differ."""
    separator = form.given.get("separatorChar", ",")
    quote, escape = form.given.get("quoteChar", '"'), form.given.get("escapeChar", "\\")
    s, q, e = (re.escape(char) for char in (separator, quote, escape))
    field = re.compile(f"(?:{q}((?:[^{q}{e}]|{e}[{q}{e}]|{q}{q})*){q}|([^{q}{e}{s}]*))({s}|\\Z)")
    inner = re.compile(f"{e}([{q}{e}])|{q}({q})")

    def split(line: str) -> list[str]:
        if quote not in line and escape not in line:
            return line.split(separator)
        fields, position = [], 0
        while True:
            found = field.match(line, position)
            if found is None:
                raise NotSupportedError(f"quotes or escapes in {line!r}")
            fields.append(found[2] if found[1] is None else inner.sub(lambda m: m[1] or m[2], found[1]))
            if not found[3]:
                return fields
            position = found.end()

    return split


def _plain_splitter(form: TextFormat) -> Splitter:
    separator = _character(form.given.get("field.delim") or form.given.get("serialization.format") or _FIELD_MARK)
    escape = form.given.get("escape.delim")
    if escape is None:
        return lambda line: line.split(separator)
    s, e = re.escape(separator), re.escape(escape)
    field = re.compile(f"((?:[^{s}{e}]|{e}.)*)({s}|\\Z)")

    def split(line: str) -> list[str]:
        fields, position = [], 0
        while True:
            found = field.match(line, position)
            if found is None:
                raise NotSupportedError(f"escape at the end of {line!r}")
            fields.append(found[1])
            if not found[2]:
                return fields
            position = found.end()

    return split


def _character(text: str) -> str:
    """Return the separator: Hive takes a number for the code of a character."""
    return chr(int(text)) if text.isdecimal() else text[0]
