"""Numbers, text, casts."""

import re

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.decimals import quotient
from local_aws.athena.translate.nodes import Rule, call, has_type, is_array, is_double, rename, text_of

_Type = exp.DataType.Type
_INTEGERS = frozenset({_Type.BIGINT, _Type.INT, _Type.SMALLINT, _Type.TINYINT})


def _division(generator: Generator, node: exp.Div) -> str:
    left, right = generator.sql(node, "this"), generator.sql(node, "expression")
    exact = quotient(node, left, right)
    if exact is not None:
        return exact
    doubles = is_double(node.this) or is_double(node.expression)
    return f"tr_divide_doubles({left}, {right})" if doubles else f"{left} / {right}"


def _cast(generator: Generator, node: exp.Cast) -> str:
    text = _plain_cast(generator, node)
    return f"TRY({text})" if isinstance(node, exp.TryCast) else text


def _plain_cast(generator: Generator, node: exp.Cast) -> str:
    target, value = node.to, generator.sql(node, "this")
    if target.this in _INTEGERS:
        return f"CAST(tr_to_bigint({value}) AS {generator.sql(target)})"
    if target.this in (_Type.VARCHAR, _Type.CHAR, _Type.TEXT):
        return _text_cast(generator, target, value)
    if target.this == _Type.DATE:
        return f"tr_to_date({value})"
    if target.this == _Type.TIMESTAMP:
        return f"tr_to_timestamp({value})"
    if target.this == _Type.TIMESTAMPTZ:
        return _zoned_cast(node, value)
    if target.this == _Type.DOUBLE:
        return f"CAST({value} AS DOUBLE)" if not _may_be_text(node.this) else f"tr_to_double({value})"
    if target.this == _Type.JSON:
        return f"TO_JSON({value})"
    return f"CAST({value} AS {generator.sql(target)})"


def _may_be_text(node: exp.Expr) -> bool:
    return node.is_string or has_type(node, _Type.VARCHAR, _Type.TEXT) or isinstance(node, exp.JSONExtractScalar)


def _text_cast(generator: Generator, target: exp.DataType, value: str) -> str:
    text = f"tr_to_varchar({value})"
    if not target.expressions:
        return text
    size = generator.sql(target.expressions[0])
    return f"RPAD({text}, {size}, ' ')" if target.this == _Type.CHAR else f"LEFT({text}, {size})"


def _zoned_cast(node: exp.Cast, value: str) -> str:
    """A literal in another zone keeps that zone in Trino; DuckDB keeps the instant only."""
    literal = node.this.name if node.this.is_string else ""
    zone = re.search(r"\d\s*([+-]\d\d:?\d\d|[A-Za-z].*)$", literal)
    if zone and zone[1].upper() not in {"UTC", "Z", "+00:00"} and not keeps_instant_only(node):
        raise NotSupportedError(f"a value in time zone {zone[1]}: write it in UTC, or convert it with AT TIME ZONE")
    return f"CAST({value} AS TIMESTAMPTZ)"


def keeps_instant_only(node: exp.Expr) -> bool:
    """Return whether what surrounds a zoned value looks at its instant only, so that its zone does not show."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    if isinstance(parent, exp.Anonymous):
        return parent.name.lower() == "at_timezone"
    instants = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.AtTimeZone, exp.TimeToUnix)
    return isinstance(parent, instants)


def _format(generator: Generator, node: exp.Format) -> str:
    pattern = text_of(node.this, "a format pattern")
    conversions = re.findall(r"%(-?\d*(?:\.\d+)?[dfsx])?", pattern.replace("%%", ""))
    if "" in conversions or len(conversions) != len(node.expressions):
        raise NotSupportedError(f"format pattern {pattern!r}")
    values = [
        f"tr_to_varchar({generator.sql(value)})" if conversion.endswith("s") else generator.sql(value)
        for conversion, value in zip(conversions, node.expressions, strict=True)
    ]
    return f"PRINTF({', '.join([generator.sql(node.this), *values])})"


def _concat(generator: Generator, node: exp.Concat) -> str:
    if any(is_array(e) for e in node.expressions):
        return _joined([generator.sql(part) for part in node.expressions])
    text = generator.sql(node.expressions[0])
    for part in node.expressions[1:]:
        text = f"tr_concat({text}, {generator.sql(part)})"
    return text


def _pipe(generator: Generator, node: exp.DPipe) -> str:
    left, right = node.this, node.expression
    if is_array(left) or is_array(right):
        texts = ((side, generator.sql(side)) for side in (left, right))
        arrays = [f"[{text}]" if isinstance(side, exp.Literal) else text for side, text in texts]
        return _joined(arrays)
    if left.is_string or right.is_string or isinstance(left, exp.DPipe):
        return f"tr_concat({generator.sql(left)}, {generator.sql(right)})"
    return f"{generator.sql(left)} || {generator.sql(right)}"


def _joined(arrays: list[str]) -> str:
    """Arrays one behind the other; NULL if one of them is."""
    text = arrays[0]
    for array in arrays[1:]:
        text = f"tr_list_concat({text}, {array})"
    return text


def _trim(generator: Generator, node: exp.Trim) -> str:
    """White space of all kinds, unless the characters are given."""
    side = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(str(node.args.get("position") or "").upper(), "TRIM")
    if node.expression is not None:
        return call(generator, side, node.this, node.expression)
    return call(generator, f"tr_{side.lower()}", node.this)


def _bits(operator: str) -> Rule:
    """Functions in Trino, operators in DuckDB: they need parentheses."""
    return lambda generator, node: f"({generator.binary(node, operator)})"


def _average(generator: Generator, node: exp.Avg) -> str:
    return call(generator, "AVG", node.this)


def _repeat(generator: Generator, node: exp.Repeat) -> str:
    return call(generator, "tr_repeat", node.this, node.args["times"])


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.Avg: _average,
    exp.BitwiseAnd: _bits("&"),
    exp.BitwiseNot: lambda generator, node: f"(~({generator.sql(node, 'this')}))",
    exp.BitwiseOr: _bits("|"),
    exp.BitwiseXor: lambda generator, node: call(generator, "XOR", node.this, node.expression),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Concat: _concat,
    exp.Div: _division,
    exp.DPipe: _pipe,
    exp.Format: _format,
    exp.FromBase: rename("from_base", "this", "expression"),
    exp.Levenshtein: rename("levenshtein_distance", "this", "expression"),
    exp.Repeat: _repeat,
    exp.Replace: rename("tr_replace", "this", "expression", "replacement"),
    exp.Lower: rename("LOWER", "this"),
    exp.SHA: lambda generator, node: f"UNHEX(SHA1({generator.sql(node, 'this')}))",
    exp.Sign: rename("tr_sign", "this"),
    exp.Split: rename("STR_SPLIT", "this", "expression"),
    exp.SplitPart: rename("tr_split_part", "this", "delimiter", "part_index"),
    exp.StrPosition: rename("STRPOS", "this", "substr"),
    exp.StrToMap: rename("split_to_map", "this", "pair_delim", "key_value_delim"),
    exp.Substring: rename("tr_substr", "this", "start", "length"),
    exp.Trim: _trim,
    exp.Typeof: lambda generator, node: f"LOWER(TYPEOF({generator.sql(node, 'this')}))",
    exp.Upper: rename("UPPER", "this"),
    exp.WidthBucket: rename("width_bucket", "this", "min_value", "max_value", "num_buckets"),
}
NAMED: dict[str, Rule] = {
    "entropy": lambda g, n: call(g, "tr_entropy", *n.expressions),
    "every": lambda g, n: call(g, "BOOL_AND", *n.expressions),
    "geometric_mean": lambda g, n: call(g, "GEOMEAN", *n.expressions),
    "to_base": lambda g, n: call(g, "tr_to_base", *n.expressions),
    "url_decode": lambda g, n: call(g, "url_decode_form", *n.expressions),
    "url_encode": lambda g, n: call(g, "url_encode_form", *n.expressions),
}
