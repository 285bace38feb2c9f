"""Small questions about nodes of the syntax tree, shared by the rules."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError

Rule = Callable[[Any, Any], str]
"""A rule takes the generator and a node and returns DuckDB's text for the node."""

_MAP_FUNCTIONS = frozenset(
    {
        "map_agg",
        "multimap_agg",
        "histogram",
        "map_union",
        "map_concat",
        "map_filter",
        "transform_values",
        "transform_keys",
    }
)
_ARRAY_FUNCTIONS = frozenset(
    {
        "array_union",
        "map_entries",
        "map_values",
        "multimap_from_entries",
        "ngrams",
        "repeat",
        "set_agg",
        "trim_array",
        "zip",
        "zip_with",
    }
)
_ARRAYS = (
    exp.Array,
    exp.ArrayAgg,
    exp.ArrayDistinct,
    exp.ArrayExcept,
    exp.ArrayFilter,
    exp.ArrayIntersect,
    exp.ArrayRemove,
    exp.ArraySlice,
    exp.ArraySort,
    exp.ArrayUniqueAgg,
    exp.Flatten,
    exp.GenerateSeries,
    exp.MapKeys,
    exp.RegexpExtractAll,
    exp.RegexpSplit,
    exp.Repeat,
    exp.Split,
    exp.Transform,
)
_DOUBLES = (
    exp.Sin,
    exp.Cos,
    exp.Tan,
    exp.Exp,
    exp.Ln,
    exp.Log,
    exp.Pi,
    exp.Pow,
    exp.Rand,
    exp.Sqrt,
    exp.Cbrt,
    exp.TimeToUnix,
)
_KEEPING = (
    exp.Abs,
    exp.Ceil,
    exp.Coalesce,
    exp.Floor,
    exp.Greatest,
    exp.If,
    exp.Least,
    exp.Nullif,
    exp.Round,
    exp.Sign,
    exp.Try,
)
_DATE_TYPES = (exp.DataType.Type.DATE,)


def call(generator: Generator, name: str, *arguments: exp.Expr | str | None) -> str:
    """Return a call of `name`, leaving out absent trailing arguments."""
    parts = [a if isinstance(a, str) else generator.sql(a) for a in arguments if a is not None]
    return f"{name}({', '.join(parts)})"


def rename(name: str, *keys: str) -> Rule:
    """Return the rule that calls `name` with these arguments of the node, in this order."""

    def rule(generator: Generator, node: exp.Expr) -> str:
        refuse_other_arguments(node, *keys)
        return call(generator, name, *[node.args.get(key) for key in keys])

    return rule


def refuse_other_arguments(node: exp.Expr, *keys: str) -> None:
    """Refuse an argument that would be dropped without a word.

    Raises:
        NotSupportedError: The node has an argument beyond these.
    """
    for key, value in node.args.items():
        if key not in keys and (isinstance(value, exp.Expr) or (isinstance(value, list) and value)):
            raise NotSupportedError(f"argument {key} of {node.sql_name() if isinstance(node, exp.Func) else node.key}")


def text_of(node: exp.Expr | None, what: str) -> str:
    """Return the value of a text literal.

    Raises:
        NotSupportedError: It is computed, not written.
    """
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise NotSupportedError(f"{what} that is not a literal")
    return node.name


def has_type(node: exp.Expr | None, *types: exp.DType) -> bool:
    """Return whether the node is known to have one of these types; unknown is no."""
    return node is not None and node.type is not None and node.type.this in types


def is_map(node: exp.Expr) -> bool:
    """Return whether the node is known to be a map."""
    if isinstance(node, (exp.Map, exp.VarMap, exp.StrToMap, exp.ToMap, exp.MapFromEntries)):
        return True
    if isinstance(node, exp.Anonymous) and node.name.lower() in _MAP_FUNCTIONS:
        return True
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return bool(node.to.this == exp.DataType.Type.MAP)
    return has_type(node, exp.DataType.Type.MAP)


def is_array(node: exp.Expr) -> bool:
    """Return whether the node is known to be an array."""
    if isinstance(node, (exp.Paren, exp.Reverse, exp.Try)):
        return is_array(node.this)
    if isinstance(node, exp.If):
        return is_array(node.args["true"])
    if isinstance(node, exp.Anonymous) and node.name.lower() in _ARRAY_FUNCTIONS:
        return True
    if isinstance(node, (exp.Concat, exp.DPipe, exp.Coalesce)):
        return any(is_array(part) for part in node.iter_expressions())
    return isinstance(node, _ARRAYS) or has_type(node, exp.DataType.Type.ARRAY)


def is_double(node: exp.Expr) -> bool:
    """Return whether the node is known to be a double or real; a literal such as 1.5 is a decimal."""
    if isinstance(node, exp.Literal):
        return not node.is_string and "e" in node.name.lower()
    if isinstance(node, (exp.Paren, exp.Neg)):
        return is_double(node.this)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return is_double(node.this) or is_double(node.expression)
    if isinstance(node, _DOUBLES) or _called(node) in {"e", "infinity", "nan"}:
        return True
    if isinstance(node, _KEEPING) or _called(node) in {"truncate", "greatest", "least"}:
        return any(is_double(part) for part in node.iter_expressions())
    if isinstance(node, (exp.Sum, exp.Min, exp.Max, exp.Filter, exp.Window)) and is_double(node.this):
        return True
    return has_type(node, exp.DType.DOUBLE, exp.DType.FLOAT)


def _called(node: exp.Expr) -> str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else ""


def is_date(node: exp.Expr | None) -> bool:
    """Return whether the node is known to be a date without a time."""
    if isinstance(node, (exp.CurrentDate, exp.Date, exp.FromISO8601Date)):
        return True
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return bool(node.to.this == exp.DataType.Type.DATE)
    return has_type(node, *_DATE_TYPES)


def is_utc(zone: exp.Expr | None) -> bool:
    """Return whether a time zone is written, and written as UTC."""
    return isinstance(zone, exp.Literal) and zone.name.upper() in {"UTC", "Z", "+00:00", "ETC/UTC", "GMT"}
