"""Changes of shape that text alone cannot express, made on the tree before DuckDB's text is written."""

from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.decimals import scale_of
from local_aws.athena.translate.nodes import is_utc
from local_aws.athena.translate.ties import keep_ties
from local_aws.athena.translate.unnest import expand_unnest

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_Type = exp.DataType.Type


def rewrite(tree: exp.Expr, start_time: datetime) -> exp.Expr:
    """Return the tree with Trino's meaning spelled out; the given tree is not changed.

    Args:
        tree: A query whose tables are bound and whose nodes carry the types that are known.
        start_time: When the query began, UTC: the value of `current_timestamp` in all of its parts.

    Raises:
        NotSupportedError: A construct that DuckDB would silently drop.
    """
    refuse_dropped(tree)
    tree = tree.copy()
    expand_unnest(tree)
    name_outputs(tree)
    tree = keep_ties(tree)
    _fix_clock(tree, start_time)
    _keep_decimal_means(tree)
    _type_text_in_comparisons(tree)
    return tree


def refuse_dropped(tree: exp.Expr) -> None:
    """Refuse what the generator or DuckDB would drop without a word.

    Raises:
        NotSupportedError: Always with the name of the construct.
    """
    _refuse_zoned_outputs(tree)
    for table in tree.find_all(exp.Table):
        if table.args.get("version") is not None or table.args.get("when") is not None:
            raise NotSupportedError("time travel")


def _refuse_zoned_outputs(tree: exp.Expr) -> None:
    """A result column in another time zone would show its zone in Athena; here the zone is gone."""
    for select in tree.find_all(exp.Select):
        if select.parent is None or isinstance(select.parent, exp.SetOperation):
            for projection in select.expressions:
                if _is_zoned(projection.unalias()):
                    raise NotSupportedError(
                        "a result column in a time zone: wrap it in date_format or CAST(... AS timestamp)"
                    )


def _is_zoned(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Paren, exp.TimestampTrunc, exp.DateTrunc, exp.DateAdd, exp.Max, exp.Min)):
        return _is_zoned(node.this)
    if isinstance(node, exp.AtTimeZone):
        return not is_utc(node.args["zone"])
    if isinstance(node, exp.Anonymous) and node.name.lower() == "at_timezone":
        return not is_utc(node.expressions[1])
    return False


def name_outputs(tree: exp.Expr) -> None:
    """Give columns without a name the names that Trino gives them: `_col0`, `_col1` …, and lower case to all."""
    for select in tree.find_all(exp.Select):
        for position, projection in enumerate(select.expressions):
            if isinstance(projection, (exp.Alias, exp.Star, exp.Aliases)) or projection.is_star:
                continue
            name = projection.name if isinstance(projection, (exp.Column, exp.Dot)) else f"_col{position}"
            if not isinstance(projection, exp.Column):
                projection.replace(exp.alias_(projection.copy(), name.lower(), quoted=True))
    for values in tree.find_all(exp.Values):
        _name_values(values)


def _name_values(values: exp.Values) -> None:
    """Columns of VALUES have no names of their own; a star shows `_col0`, `_col1` and so on."""
    holder = values.parent if isinstance(values.parent, exp.Subquery) else values
    if not isinstance(holder.parent, (exp.From, exp.Join)) or holder.alias_column_names:
        return
    first = values.expressions[0]
    width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
    names = [exp.to_identifier(f"_col{number}", quoted=True) for number in range(width)]
    holder.set("alias", exp.TableAlias(this=exp.to_identifier(holder.alias or "tr_values"), columns=names))


def _fix_clock(tree: exp.Expr, start_time: datetime) -> None:
    instant = f"{start_time:%Y-%m-%d %H:%M:%S}.{start_time.microsecond // 1000:03d}"
    plain = exp.cast(exp.Literal.string(instant), _Type.TIMESTAMP)
    values: dict[type[exp.Expr], exp.Expr] = {
        exp.CurrentDate: exp.cast(exp.Literal.string(f"{start_time:%Y-%m-%d}"), _Type.DATE),
        exp.CurrentTimestamp: exp.cast(exp.Literal.string(f"{instant} UTC"), _Type.TIMESTAMPTZ),
        exp.Localtimestamp: plain,
    }
    _replace(tree, lambda node: values.get(type(node)))


def _replace(tree: exp.Expr, substitute: Callable[[exp.Expr], exp.Expr | None]) -> None:
    for node in list(tree.walk()):
        new = substitute(node)
        if new is not None:
            node.replace(new.copy())


def _keep_decimal_means(tree: exp.Expr) -> None:
    """avg(decimal(p, s)) is a decimal(p, s): sum over count, each within the same FILTER and OVER."""
    for mean in list(tree.find_all(exp.Avg)):
        if scale_of(mean.this) is None:
            continue
        whole: exp.Expr = mean
        while isinstance(whole.parent, (exp.Filter, exp.Window)):
            whole = whole.parent
        total, count = (_with_aggregate(whole, kind) for kind in (exp.Sum, exp.Count))
        # The division of no rows by none is NULL, not a failure.
        whole.replace(exp.Paren(this=exp.Div(this=total, expression=exp.func("NULLIF", count, exp.Literal.number(0)))))


def _with_aggregate(whole: exp.Expr, kind: type[exp.AggFunc]) -> exp.Expr:
    twin = whole.copy()
    mean = twin if isinstance(twin, exp.Avg) else twin.find(exp.Avg)
    other = kind(this=mean.this.copy()) if mean is not None else kind()
    if mean is twin or mean is None:
        return other
    mean.replace(other)
    return twin


def _type_text_in_comparisons(tree: exp.Expr) -> None:
    """Give text literals the type varchar, so that DuckDB refuses `date >= 'text'` as Athena does."""
    for node in list(tree.find_all(*_COMPARISONS, exp.Between, exp.In)):
        literals = [side for side in node.iter_expressions() if side.is_string]
        if len(literals) < len(list(node.iter_expressions())):
            for literal in literals:
                literal.replace(exp.Anonymous(this="tr_text", expressions=[literal.copy()]))
