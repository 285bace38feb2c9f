"""Dates, times, time zones."""

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.time_formats import joda_to_strftime
from local_aws.athena.translate.nodes import Rule, call, is_date, is_utc, rename, text_of
from local_aws.athena.translate.values import keeps_instant_only

_UNITS = frozenset({"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"})
_ISO_DAY = frozenset({"DOW", "DAYOFWEEK", "DAY_OF_WEEK"})
_FIELDS = {"DOY": "DOY", "DAYOFYEAR": "DOY", "DAY_OF_YEAR": "DOY", "YOW": "ISOYEAR", "YEAR_OF_WEEK": "ISOYEAR"}


def _unit(node: exp.Expr, default: str = "day") -> str:
    unit = node.args.get("unit")
    name = unit.name.lower() if unit is not None else default
    if name not in _UNITS:
        raise NotSupportedError(f"unit {name!r}")
    return name


def _date_diff(generator: Generator, node: exp.DateDiff) -> str:
    return call(generator, "DATE_SUB", f"'{_unit(node)}'", node.expression, node.this)


def _date_add(generator: Generator, node: exp.DateAdd) -> str:
    unit, amount = _unit(node), generator.sql(node, "expression")
    if unit == "millisecond":  # DuckDB's own function of the name is hidden by Trino's, which is another
        unit, amount = "microsecond", f"1000 * ({amount})"
    kind = "INTEGER" if unit in {"day", "week", "month", "quarter", "year"} else "BIGINT"
    return f"tr_plus_interval({generator.sql(node, 'this')}, TO_{unit.upper()}S(CAST({amount} AS {kind})))"


def _plus(generator: Generator, node: exp.Add | exp.Sub) -> str:
    """Date + interval stays a date."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Add) and isinstance(left, exp.Interval):
        left, right = right, left
    if not isinstance(right, exp.Interval):
        return str(generator.binary(node, "+" if isinstance(node, exp.Add) else "-"))
    sign = "" if isinstance(node, exp.Add) else "-"
    return f"tr_plus_interval({generator.sql(left)}, {sign}({generator.sql(right)}))"


def _trunc(generator: Generator, node: exp.DateTrunc | exp.TimestampTrunc) -> str:
    return f"tr_date_trunc('{_unit(node)}', {generator.sql(node, 'this')})"


def _extract(generator: Generator, node: exp.Extract) -> str:
    field = node.name.upper()
    value = generator.sql(node, "expression")
    if field in _ISO_DAY:
        return f"ISODOW({value})"
    if field in {"TIMEZONE_HOUR", "TIMEZONE_MINUTE"}:
        raise NotSupportedError(f"extract({field})")
    return f"EXTRACT({_FIELDS.get(field, field)} FROM {value})"


def _date_format(generator: Generator, node: exp.TimeToStr) -> str:
    pattern = text_of(node.args["format"], "a date format").replace("%v", "%V").replace("%x", "%G")
    return call(generator, "STRFTIME", node.this, exp.Literal.string(pattern))


def _parse_datetime(generator: Generator, node: exp.ParseDatetime) -> str:
    pattern = joda_to_strftime(text_of(node.args.get("format"), "a date format"))
    return f"(STRPTIME({generator.sql(node, 'this')}, {generator.sql(exp.Literal.string(pattern))}) AT TIME ZONE 'UTC')"


def _format_datetime(generator: Generator, node: exp.Anonymous) -> str:
    value, pattern = node.expressions
    return call(generator, "STRFTIME", value, exp.Literal.string(joda_to_strftime(text_of(pattern, "a date format"))))


def _with_timezone(generator: Generator, node: exp.Anonymous) -> str:
    value, zone = node.expressions
    if not is_utc(zone) and not keeps_instant_only(node):
        raise NotSupportedError("with_timezone in a zone other than UTC")
    return call(generator, "tr_with_timezone", value, zone)


def _at_timezone(generator: Generator, node: exp.AtTimeZone | exp.Anonymous) -> str:
    """A value in another zone is its wall clock there, except where only the instant counts; in UTC it is both."""
    value, zone = node.expressions if isinstance(node, exp.Anonymous) else (node.this, node.args["zone"])
    if is_utc(zone) or keeps_instant_only(node):
        return call(generator, "tr_instant", value)
    return call(generator, "tr_at_timezone", value, zone)


def _iso8601(generator: Generator, node: exp.FromISO8601Timestamp) -> str:
    if keeps_instant_only(node):
        return f"CAST({generator.sql(node, 'this')} AS TIMESTAMPTZ)"
    return call(generator, "tr_iso8601_utc", node.this)


def _sequence(generator: Generator, node: exp.GenerateSeries) -> str:
    start, end, step = node.args["start"], node.args["end"], node.args.get("step")
    if not (is_date(start) or is_date(end)):
        return _numbers_or_instants(generator, start, end, step)
    series = call(generator, "GENERATE_SERIES", start, end, step if step is not None else "INTERVAL 1 DAY")
    return f"LIST_TRANSFORM({series}, LAMBDA tr_day : CAST(tr_day AS DATE))"


def _numbers_or_instants(generator: Generator, start: exp.Expr, end: exp.Expr, step: exp.Expr | None) -> str:
    """Instants need a step; numbers go up or down by one without."""
    if isinstance(step, exp.Interval):
        return call(generator, "GENERATE_SERIES", start, end, step)
    return call(generator, "tr_sequence" if step is None else "tr_sequence_by", start, end, step)


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.Add: _plus,
    exp.Sub: _plus,
    exp.AtTimeZone: _at_timezone,
    exp.Date: rename("tr_to_date", "this"),
    exp.DateAdd: _date_add,
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _trunc,
    exp.Extract: _extract,
    exp.FromISO8601Date: rename("tr_to_date", "this"),
    exp.FromISO8601Timestamp: _iso8601,
    exp.GenerateSeries: _sequence,
    exp.ParseDatetime: _parse_datetime,
    exp.TimestampTrunc: _trunc,
    exp.TimeToStr: _date_format,
    exp.TimeToUnix: rename("tr_unixtime", "this"),
    exp.UnixToTime: rename("tr_from_unixtime", "this"),
}
NAMED: dict[str, Rule] = {
    "at_timezone": _at_timezone,
    "format_datetime": _format_datetime,
    "millisecond": lambda g, n: call(g, "tr_millisecond", *n.expressions),
    "with_timezone": _with_timezone,
}
