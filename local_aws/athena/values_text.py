"""Values as Athena writes them into results: Java's numbers, `[a, b]`, `{k=v}`, no text for NULL."""

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

Writer = Callable[[Any], str]
_PLAIN_FROM, _PLAIN_BELOW = 1e-3, 1e7
_SECONDS_PER_DAY = 86_400


def writer_for(kind: pa.DataType) -> Writer:
    """Return the function that writes one non-NULL value of an Arrow type."""
    types = pa.types
    if types.is_map(kind):
        return _map_writer(kind)
    if types.is_list(kind) or types.is_large_list(kind):
        item = _nullable(writer_for(kind.value_type))
        return lambda value: f"[{', '.join(item(v) for v in value)}]"
    if types.is_struct(kind):
        return _row_writer(kind)
    simple: tuple[tuple[Callable[[pa.DataType], bool], Writer], ...] = (
        (types.is_boolean, lambda value: "true" if value else "false"),
        (types.is_float32, _float),
        (types.is_floating, _double),
        (types.is_timestamp, _timestamp),
        (types.is_date, lambda value: str(value.isoformat())),
        (types.is_decimal, lambda value: format(value, "f")),
        (types.is_binary, lambda value: " ".join(f"{byte:02x}" for byte in value)),
        (types.is_interval, _interval),
        (types.is_duration, _interval),
    )
    return next((write for check, write in simple if check(kind)), str)


def _nullable(write: Writer) -> Writer:
    return lambda value: "null" if value is None else write(value)


def _map_writer(kind: pa.MapType) -> Writer:
    key, item = writer_for(kind.key_type), _nullable(writer_for(kind.item_type))
    return lambda value: "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in value) + "}"


def _row_writer(kind: pa.StructType) -> Writer:
    fields = [(field.name, _nullable(writer_for(field.type))) for field in kind]
    return lambda value: "{" + ", ".join(f"{name}={write(value[name])}" for name, write in fields) + "}"


def _double(value: float) -> str:
    """Return what Java's Double.toString does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return _positional(repr(value))
    mantissa, _, exponent = f"{Decimal(repr(value)):E}".partition("E")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _positional(text: str) -> str:
    return text if "e" not in text else format(Decimal(text), "f")


def _float(value: float) -> str:
    """A real has fewer digits: the shortest that reads back as the same 32 bits."""
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if pa.scalar(float(text), pa.float32()).as_py() == value:
            return _double(float(text))
    return _double(value)


def _timestamp(value: dt.datetime) -> str:
    fraction = f"{value.microsecond:06d}"
    text = f"{value:%Y-%m-%d %H:%M:%S}.{fraction[:3] if fraction.endswith('000') else fraction}"
    return f"{text} UTC" if value.tzinfo is not None else text


def _interval(value: Any) -> str:  # noqa: ANN401 - Arrow gives a timedelta or a (months, days, nanoseconds) tuple
    if isinstance(value, dt.timedelta):
        microseconds = round(value.total_seconds() * 1e6)
    else:
        microseconds = (value.days * _SECONDS_PER_DAY) * 1_000_000 + value.nanoseconds // 1000
    sign = "-" if microseconds < 0 else ""
    seconds, milliseconds = divmod(abs(microseconds) // 1000, 1000)
    days, rest = divmod(seconds, _SECONDS_PER_DAY)
    return f"{sign}{days} {rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}.{milliseconds:03d}"


def texts(batch: pa.RecordBatch) -> list[list[str | None]]:
    """Return the rows of a batch as text, NULL as None."""
    columns = [_column_texts(column) for column in batch.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def _column_texts(column: pa.Array) -> list[str | None]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_string(column.type):
        return values
    write = writer_for(column.type)
    return [None if value is None else write(value) for value in values]
