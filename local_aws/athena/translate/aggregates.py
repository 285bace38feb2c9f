"""Aggregates and UNNEST-free table functions."""

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.nodes import Rule, call, rename

_JUST_ABOVE = 1e-9
"""Trino takes element floor(p * n) of the sorted values, counted from 0, quantile_disc element ceil(p * n) - 1."""


def _distinct(generator: Generator, node: exp.ApproxDistinct) -> str:
    """DuckDB's sketch has one error; where another is asked for, an exact count keeps it."""
    value = generator.sql(node, "this")
    return f"APPROX_COUNT_DISTINCT({value})" if node.args.get("accuracy") is None else f"COUNT(DISTINCT {value})"


def _percentile(generator: Generator, node: exp.ApproxQuantile) -> str:
    weight = node.args.get("weight")
    if (weight is not None and weight.name != "1") or node.args.get("accuracy") is not None:
        raise NotSupportedError("approx_percentile with weights or an accuracy")
    wanted = node.args["quantile"]
    if isinstance(wanted, exp.Array):
        return f"QUANTILE_DISC({generator.sql(node, 'this')}, [{', '.join(_fraction(f) for f in wanted.expressions)}])"
    return f"QUANTILE_DISC({generator.sql(node, 'this')}, {_fraction(wanted)})"


def _fraction(node: exp.Expr) -> str:
    value = node.this if isinstance(node, exp.Cast) else node
    if not isinstance(value, exp.Literal):
        raise NotSupportedError("approx_percentile of a computed fraction")
    return repr(min(1.0, float(value.name) + _JUST_ABOVE))


def _at_extreme(few: str, one: str) -> Rule:
    """max_by and min_by keep a NULL value that stands beside the extreme."""

    def rule(generator: Generator, node: exp.ArgMax | exp.ArgMin) -> str:
        count = node.args.get("count")
        return call(generator, one if count is None else few, node.this, node.expression, count)

    return rule


def _count_if(generator: Generator, node: exp.CountIf) -> str:
    """Of no rows Trino counts 0, where DuckDB's function says NULL."""
    if isinstance(node.this, exp.Distinct):
        raise NotSupportedError("count_if of distinct conditions")
    return f"COUNT(CASE WHEN {generator.sql(node, 'this')} THEN 1 END)"


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.ApproxDistinct: _distinct,
    exp.ApproxQuantile: _percentile,
    exp.ArgMax: _at_extreme("ARG_MAX", "ARG_MAX_NULL"),
    exp.ArgMin: _at_extreme("ARG_MIN", "ARG_MIN_NULL"),
    exp.CountIf: _count_if,
    exp.ArrayUniqueAgg: rename("set_agg", "this"),
}
NAMED: dict[str, Rule] = {}
