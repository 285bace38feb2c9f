"""Lines of JSON objects, as the JSON serializers of OpenX and of Hive read them."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.text.formats import HCATALOG, TextFormat
from local_aws.athena.text.values import reader_of
from local_aws.athena.values_text import writer_for

JsonReader = Callable[[Any], Any]
_Type = exp.DataType.Type


class _Fraction(str):
    """A number with a fraction or an exponent, as it was written."""

    __slots__ = ()


class JsonRows:
    """Takes JSON lines apart.

    Args:
        columns: (name, Hive type) of all columns of the files.
        wanted: Names of the columns to read.
    """

    def __init__(self, form: TextFormat, columns: tuple[tuple[str, str], ...], wanted: list[str]) -> None:
        self._folds = form.flag("case.insensitive", default=True)
        self._dots = form.flag("dots.in.keys", default=False)
        self._lenient = form.flag("ignore.malformed.json", default=False)
        keys = {name.lower(): key for name, key in form.given.items()}
        readers = _Readers(is_strict=form.serde == HCATALOG)
        self._readers = [
            (self._key(keys.get(f"mapping.{name}", name)), name, readers.of(exp.DataType.build(kind, dialect="hive")))
            for name, kind in columns
            if name in wanted
        ]
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=_Fraction, parse_constant=_refuse_constant
        )

    def _key(self, name: str) -> str:
        name = name.replace(".", "_") if self._dots else name
        return name.lower() if self._folds else name

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = {self._key(key): value for key, value in pairs}
        if len(made) < len(pairs):
            raise ValueError("Duplicate key")
        return made

    def read(self, line: str) -> list[object]:
        """Return the values of the wanted columns; keys that an object lacks are NULL.

        Raises:
            QueryError: `HIVE_CURSOR_ERROR`: the line is no JSON object; `HIVE_BAD_DATA`.
            NotSupportedError: Values whose meaning is not certain.
        """
        try:
            found = self._decoder.decode(line)
            if not isinstance(found, dict):
                raise ValueError("A JSONObject text must begin with '{'")  # noqa: TRY004, TRY301 - as any other line
        except (ValueError, RecursionError) as error:
            if self._lenient:
                return [None] * len(self._readers)
            text = f"Row is not a valid JSON Object - JSONException: {error}"
            raise QueryError("HIVE_CURSOR_ERROR", text) from error
        return [self._value(found.get(key), name, read) for key, name, read in self._readers]

    @staticmethod
    def _value(value: object, name: str, read: JsonReader) -> object:
        if value is None:
            return None
        try:
            return read(value)
        except (ValueError, OverflowError) as error:
            raise QueryError("HIVE_BAD_DATA", f"Error parsing field value '{value}' for field {name}") from error


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


class _Readers:
    """Makes what reads the values of a JSON document.

    Args:
        is_strict: Whether numbers in quotes are no numbers, and numbers keep their digits in columns of text.
    """

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict

    def of(self, kind: exp.DataType) -> JsonReader:
        """Return what reads values of a type."""
        inner = [part for part in kind.expressions if isinstance(part, exp.DataType)]
        if kind.this == _Type.ARRAY:
            item = _nullable(self.of(inner[0]))
            return lambda value: [item(part) for part in _checked(value, list)]
        if kind.this == _Type.MAP:
            return _map_reader(reader_of(inner[0]), _nullable(self.of(inner[1])))
        if kind.this == _Type.STRUCT:
            fields = [part for part in kind.expressions if isinstance(part, exp.ColumnDef)]
            return _row_reader({field.name.lower(): _nullable(self.of(field.args["kind"])) for field in fields})
        read = reader_of(kind)
        if kind.this in {_Type.TEXT, _Type.VARCHAR}:
            return lambda value: read(self._text(value))
        if kind.this in {_Type.DATE, _Type.TIMESTAMP}:
            return _time_reader(read)
        return lambda value: read(self._scalar(value))

    def _scalar(self, value: Any) -> str:  # noqa: ANN401 - any part of a JSON document
        """Return the text that a number or a truth value is read from."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (dict, list)):
            raise ValueError(value)  # noqa: TRY004 - a bad value of the data, not a wrong use
        if self._is_strict and isinstance(value, str) and not isinstance(value, _Fraction):
            raise ValueError(value)
        return str(value)

    def _text(self, value: Any) -> str:  # noqa: ANN401 - as above
        if isinstance(value, (dict, list)):
            raise NotSupportedError("a JSON object or array in a column of text: declare it as struct, map or array")
        if isinstance(value, _Fraction) and not self._is_strict and _java_double(float(value)) != value:
            raise NotSupportedError(f"the number {value} in a column of text: its digits may be others in Athena")
        return str(value).lower() if isinstance(value, bool) else str(value)


def _nullable(read: JsonReader) -> JsonReader:
    return lambda value: None if value is None else read(value)


def _time_reader(read: JsonReader) -> JsonReader:
    def checked(value: Any) -> Any:  # noqa: ANN401 - as above
        try:
            return read(str(value))
        except ValueError as error:
            raise NotSupportedError(
                f"the time {value!r}: only 2026-01-31 and 2026-01-31 12:00:00.000 are read"
            ) from error

    return checked


def _map_reader(key: JsonReader, item: JsonReader) -> JsonReader:
    def read(value: Any) -> Any:  # noqa: ANN401 - as above
        return [(key(name), item(part)) for name, part in _checked(value, dict).items()]

    return read


def _row_reader(fields: dict[str, JsonReader]) -> JsonReader:
    def read(value: Any) -> Any:  # noqa: ANN401 - as above
        found = _checked(value, dict)
        return {name: field(found.get(name)) for name, field in fields.items()}

    return read


def _checked(value: Any, kind: type) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, kind):
        raise ValueError(value)  # noqa: TRY004 - as above
    return value


_java_double = writer_for(pa.float64())
