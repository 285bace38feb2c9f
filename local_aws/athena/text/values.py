"""Values of columns from their texts: what Java's parsers take, and nothing beyond that."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError

Reader = Callable[[str], Any]
"""Returns the value of a text, or raises ValueError."""

_Type = exp.DataType.Type
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?")
_BITS = {_Type.TINYINT: 8, _Type.SMALLINT: 16, _Type.INT: 32, _Type.BIGINT: 64}
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - timestamps of tables have no zone


def reader_of(kind: exp.DataType, *, numeric_times: bool = False) -> Reader:
    """Return what reads a column of a type.

    Args:
        kind: A simple type of Hive.
        numeric_times: Whether dates are days and timestamps milliseconds since 1970.

    Raises:
        NotSupportedError: Nested types, and types whose text is not certain.
    """
    if kind.this in _BITS:
        return _whole(_BITS[kind.this])
    if kind.this in {_Type.TEXT, _Type.VARCHAR}:
        size = int(str(kind.expressions[0].this)) if kind.expressions else None
        return lambda text: text[:size]
    if kind.this == _Type.DECIMAL:
        return _decimal(*(int(str(part.this)) for part in kind.expressions))
    readers: dict[exp.DType, Reader] = {
        _Type.DOUBLE: _double,
        _Type.FLOAT: _double,
        _Type.BOOLEAN: _boolean,
        _Type.DATE: _numeric_date if numeric_times else _date,
        _Type.TIMESTAMP: _numeric_instant if numeric_times else _instant,
    }
    if kind.this not in readers:
        raise NotSupportedError(f"columns of type {kind.sql(dialect='hive').lower()} in tables of text")
    return readers[kind.this]


def _whole(bits: int) -> Reader:
    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) is None:
            raise ValueError(text)
        value = int(text)
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise ValueError(text)
        return value

    return read


def _double(text: str) -> float:
    if text in _SPECIAL:
        return float(_SPECIAL[text])
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return float(text)


def _decimal(precision: int = 10, scale: int = 0) -> Reader:
    def read(text: str) -> Decimal:
        if _NUMBER.fullmatch(text) is None:
            raise ValueError(text)
        value = Decimal(text)
        digits = value.scaleb(scale)
        if digits != digits.to_integral_value() or abs(digits) >= 10**precision:
            raise ValueError(text)
        return value

    return read


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _date(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - dates have no zone


def _instant(text: str) -> dt.datetime:
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    whole = dt.datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - timestamps of tables have no zone
    return whole.replace(microsecond=int((found[2] or "0").ljust(6, "0")[:6]))


def _numeric_date(text: str) -> dt.date:
    return (_EPOCH + dt.timedelta(days=_whole(32)(text))).date()


def _numeric_instant(text: str) -> dt.datetime:
    return _EPOCH + dt.timedelta(milliseconds=_whole(64)(text))
