"""Exact numbers: the scale that Trino gives to a quotient or a mean of decimals.

Rules: https://trino.io/docs/current/functions/decimal.html. DuckDB divides decimals as doubles.
"""

from sqlglot import exp

_EXACT = frozenset(
    {exp.DataType.Type.DECIMAL, *exp.DataType.INTEGER_TYPES}
    - {exp.DataType.Type.BIT}
)  # fmt: skip


def scale_of(node: exp.Expr | None) -> int | None:
    """Return the scale if the expression is known to be a decimal, and nothing for other or unknown types."""
    exact = _exact_scale(node)
    return exact[1] if exact is not None and exact[0] else None


def quotient(node: exp.Div, left: str, right: str) -> str | None:
    """Return DuckDB's text for a quotient of decimals, rounded half up; nothing when it is none.

    Args:
        node: The division.
        left: DuckDB's text of the dividend.
        right: DuckDB's text of the divisor.
    """
    scales = _exact_scale(node.this), _exact_scale(node.expression)
    if scales[0] is None or scales[1] is None or not (scales[0][0] or scales[1][0]):
        return None
    upper, lower = scales[0][1], scales[1][1]
    scale = max(upper, lower)
    dividend = f"tr_scaled({left}, 1e{upper}) * {10 ** (scale - upper + lower)}"
    return f"CAST(tr_half_up({dividend}, tr_scaled({right}, 1e{lower})) / 1e{scale} AS DECIMAL(38, {scale}))"


def _exact_scale(node: exp.Expr | None) -> tuple[bool, int] | None:
    """Return (is decimal, scale) of an exact number, nothing when it is floating or unknown."""
    match node:
        case exp.Paren() | exp.Neg() | exp.Filter() | exp.Window() | exp.Sum() | exp.Abs() | exp.Max() | exp.Min():
            return _exact_scale(node.this)
        case exp.Avg():
            scale = scale_of(node.this)
            return (True, scale) if scale is not None else None
        case exp.Literal() if not node.is_string:
            return _literal_scale(node.name.lower())
        case exp.Count() | exp.CountIf() | exp.ApproxDistinct():
            return (False, 0)
        case exp.Mul():
            return _combine(node, sum)
        case exp.Add() | exp.Sub() | exp.Div() | exp.Mod():
            return _combine(node, max)
        case exp.Cast() | exp.TryCast():
            return _type_scale(node.to)
        case exp.Nullif() | exp.Coalesce():
            return _exact_scale(node.this)
    return _type_scale(node.type) if node is not None and node.type is not None else None


def _combine(node: exp.Binary, join: object) -> tuple[bool, int] | None:
    left, right = _exact_scale(node.this), _exact_scale(node.expression)
    if left is None or right is None:
        return None
    scale = left[1] + right[1] if join is sum else max(left[1], right[1])
    return (left[0] or right[0], scale)


def _literal_scale(text: str) -> tuple[bool, int] | None:
    if "e" in text:
        return None
    return ("." in text, len(text.partition(".")[2]))


def _type_scale(kind: exp.DataType) -> tuple[bool, int] | None:
    if kind.this == exp.DataType.Type.DECIMAL:
        parameters = [int(p.name) for p in kind.expressions]
        return (True, parameters[1] if len(parameters) > 1 else 0)
    return (False, 0) if kind.this in _EXACT else None
