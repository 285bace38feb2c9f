"""What a query demands of the columns of an Iceberg table, as an expression by which pyiceberg chooses files.

Every expression here follows from the condition that it was made of: a file that fails it holds no row of the answer.
What cannot be said exactly is left out.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotEqualTo,
    NotNull,
    Or,
)
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)
from sqlglot import exp

Evaluate = Callable[[exp.Expr], Any]
"""Returns the value of an expression without columns; nothing when it has none."""

_WIDE = Context(prec=80)
_COMPARISONS: dict[type[exp.Expr], Any] = {
    exp.EQ: EqualTo,
    exp.NEQ: NotEqualTo,
    exp.LT: LessThan,
    exp.LTE: LessThanOrEqual,
    exp.GT: GreaterThan,
    exp.GTE: GreaterThanOrEqual,
}
# pyiceberg's types do not tell how these are made.
_AMONG: Any = In
_NULL_CHECKS: dict[bool, Any] = {True: NotNull, False: IsNull}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}


class FilterMaker:
    """Makes filters for one table.

    Args:
        optional: Whether an outer join may show NULL for this table: then a condition that NULL meets says nothing.
    """

    def __init__(self, schema: Schema, evaluate: Evaluate, *, optional: bool) -> None:
        self._types = {field.name.lower(): (field.name, field.field_type) for field in schema.fields}
        self._evaluate = evaluate
        self._optional = optional

    def of(self, conditions: list[exp.Expr]) -> BooleanExpression:
        """Return one filter for conditions that must all hold."""
        found = [part for condition in conditions if (part := self._convert(condition)) is not None]
        return AlwaysTrue() if not found else found[0] if len(found) == 1 else And(*found)

    def _convert(self, node: exp.Expr) -> BooleanExpression | None:
        if isinstance(node, exp.Paren):
            return self._convert(node.this)
        if isinstance(node, exp.And):
            sides = [side for part in (node.this, node.expression) if (side := self._convert(part)) is not None]
            return And(*sides) if len(sides) == 2 else sides[0] if sides else None
        if isinstance(node, exp.Or):
            left, right = self._convert(node.this), self._convert(node.expression)
            return Or(left, right) if left is not None and right is not None else None
        return self._atom(node)

    def _atom(self, node: exp.Expr) -> BooleanExpression | None:
        if type(node) in _COMPARISONS:
            return self._comparison(node)
        if isinstance(node, exp.Between):
            return self._between(node)
        if isinstance(node, exp.In):
            return self._among(node)
        return self._null_check(node)

    def _comparison(self, node: exp.Expr) -> BooleanExpression | None:
        kind, column, other = type(node), node.this, node.args["expression"]
        if not isinstance(column, exp.Column):
            kind, column, other = _MIRRORED[kind], other, column
        known = self._column(column)
        value = None if known is None else self._value(other, known[1])
        return None if known is None or value is None else _COMPARISONS[kind](known[0], value)

    def _between(self, node: exp.Between) -> BooleanExpression | None:
        known = self._column(node.this)
        if known is None:
            return None
        low, high = (self._value(node.args[side], known[1]) for side in ("low", "high"))
        if low is None or high is None:
            return None
        return And(_COMPARISONS[exp.GTE](known[0], low), _COMPARISONS[exp.LTE](known[0], high))

    def _among(self, node: exp.In) -> BooleanExpression | None:
        known = self._column(node.this)
        if known is None or not node.expressions:
            return None
        values = [self._value(item, known[1]) for item in node.expressions]
        return None if None in values else _AMONG(known[0], values)

    def _null_check(self, node: exp.Expr) -> BooleanExpression | None:
        is_negated = isinstance(node, exp.Not)
        inner = node.this.unnest() if is_negated else node
        if not isinstance(inner, exp.Is) or not isinstance(inner.expression, exp.Null):
            return None
        known = self._column(inner.this)
        if known is None or (self._optional and not is_negated):
            return None
        made: BooleanExpression = _NULL_CHECKS[is_negated](known[0])
        return made

    def _column(self, node: exp.Expr) -> tuple[str, IcebergType] | None:
        return self._types.get(node.name.lower()) if isinstance(node, exp.Column) else None

    def _value(self, node: exp.Expr, kind: IcebergType) -> Any:  # noqa: ANN401 - a literal of pyiceberg
        if node.find(exp.Column) is not None:
            return None
        return literal(self._evaluate(node), kind)


def literal(value: Any, kind: IcebergType) -> Any:  # noqa: ANN401 - a literal of pyiceberg
    """Return a value that compares with a column of this type as Athena's does; nothing where that is not certain."""
    if isinstance(value, bool) or isinstance(kind, BooleanType):
        return value if isinstance(value, bool) and isinstance(kind, BooleanType) else None
    if isinstance(kind, (IntegerType, LongType)):
        return value if isinstance(value, int) else None
    if isinstance(kind, DoubleType):
        return float(value) if isinstance(value, (int, float, Decimal)) else None
    if isinstance(kind, DecimalType):
        return _decimal(value, kind)
    if isinstance(kind, StringType):
        return value if isinstance(value, str) else None
    if isinstance(kind, TimestampType):
        return _instant(value)
    if isinstance(kind, DateType) and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    return None


def _decimal(value: Any, kind: DecimalType) -> Decimal | None:  # noqa: ANN401 - any value of a query
    """A value with more digits than the column would be rounded, and the comparison another one."""
    if not isinstance(value, (int, Decimal)):
        return None
    scaled = Decimal(value).quantize(Decimal(1).scaleb(-kind.scale), context=_WIDE)
    return scaled if scaled == value else None


def _instant(value: Any) -> str | None:  # noqa: ANN401 - any value of a query
    if not isinstance(value, dt.date):
        return None
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    return str(value.replace(tzinfo=None).isoformat(timespec="microseconds"))
