"""What a query demands of the partition columns of one of its tables.

For a condition E, `implied(E)` is a condition on partition columns alone that holds wherever E is true: other parts are
replaced by true, after negations have been pushed inward so that replacing can only weaken. Partitions that fail it can
hold no row of the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

_NEGATED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
_VOLATILE = (exp.Rand, exp.Uuid, exp.Select, exp.Lambda, exp.AggFunc, exp.Window, exp.Placeholder)
_RIGHT_KEPT = frozenset({"RIGHT", "FULL"})
_LEFT_KEPT = frozenset({"LEFT", "FULL"})


@dataclass(frozen=True)
class Source:
    """A table in a FROM clause: its alias, and the names of its partition columns."""

    alias: str
    keys: frozenset[str]


def demands(table: exp.Table, source: Source) -> list[exp.Expr]:
    """Return conditions over partition columns, all of which a row of this table must meet to matter.

    A condition that accepts NULL in all of these columns is for the caller to drop when the table may be the optional
    side of an outer join: see `is_optional`.
    """
    select = table.find_ancestor(exp.Select)
    if select is None or not _is_source_of(table, select):
        return []
    found = [implied(condition, source) for condition in _conditions(table, select)]
    return [_unqualified(condition) for condition in [*found, *_from_outside(select, source)] if condition is not None]


def _from_outside(select: exp.Select, source: Source) -> Iterator[exp.Expr | None]:
    """Yield what the query around a subquery demands of the partition columns that the subquery hands on unchanged."""
    holder = _holder(select)
    outer = holder.find_ancestor(exp.Select) if holder is not None else None
    if holder is None or outer is None or not _is_source_of(holder, outer) or is_optional(holder):
        return
    outside = Source(holder.alias_or_name.lower(), _handed_on(select, source))
    for condition in _conditions(holder, outer):
        yield implied(condition, outside)
    yield from _from_outside(outer, outside)


def _holder(select: exp.Select) -> exp.Expr | None:
    """Return where the rows of a subquery are used: in one place, where filtering before is filtering after."""
    changes_rows = any(select.args.get(part) for part in ("limit", "offset", "fetch", "group", "having", "sample"))
    if changes_rows or any(projection.find(exp.AggFunc, exp.Window) for projection in select.expressions):
        return None
    parent = select.parent
    if isinstance(parent, exp.CTE):
        root = parent.root()
        name = parent.alias.lower()
        uses = [table for table in root.find_all(exp.Table) if table.name.lower() == name and not table.db]
        same = [common for common in root.find_all(exp.CTE) if common.alias.lower() == name]
        return uses[0] if len(uses) == len(same) == 1 else None
    return parent if isinstance(parent, exp.Subquery) else None


def _handed_on(select: exp.Select, source: Source) -> frozenset[str]:
    """Return the partition columns that a subquery shows under their own names."""
    renamed = {
        p.alias.lower() for p in select.expressions if isinstance(p, exp.Alias) and not _is_key(p.this, p.alias, source)
    }
    if any(isinstance(projection, exp.Star) for projection in select.expressions):
        return source.keys - renamed
    plain = {p.alias_or_name.lower() for p in select.expressions if _is_key(p.unalias(), p.alias_or_name, source)}
    return frozenset(plain - renamed)


def _is_key(node: exp.Expr, name: str, source: Source) -> bool:
    if not isinstance(node, exp.Column) or node.table.lower() not in {"", source.alias}:
        return False
    return node.name.lower() == name.lower() and node.name.lower() in source.keys


def is_optional(table: exp.Expr) -> bool:
    """Return whether rows of the query may show NULL for a row of this table that did not match."""
    select = table.find_ancestor(exp.Select)
    joins = select.args.get("joins") or [] if select is not None else []
    seen = not any(join.this is table for join in joins)
    for join in joins:
        side = (join.side or "").upper()
        if join.this is table:
            seen = True
            if side in _LEFT_KEPT:
                return True
        elif seen and side in _RIGHT_KEPT:
            return True
    return False


def _is_source_of(table: exp.Expr, select: exp.Select) -> bool:
    return isinstance(table.parent, (exp.From, exp.Join)) and table.parent.parent is select


def _conditions(table: exp.Expr, select: exp.Select) -> Iterator[exp.Expr]:
    where = select.args.get("where")
    if where is not None:
        yield where.this
    seen = isinstance(table.parent, exp.From)
    for join in select.args.get("joins") or []:
        side, condition = (join.side or "").upper(), join.args.get("on")
        own = join.this is table
        # The side that a join keeps whole shows its rows whether or not the condition holds.
        kept = side in (_RIGHT_KEPT if own else _LEFT_KEPT)
        if condition is not None and (own or seen) and not kept:
            yield condition
        seen = seen or own


def implied(condition: exp.Expr, source: Source) -> exp.Expr | None:
    """Return the condition on the partition columns of the source that follows from this one; nothing if none does."""
    return _weaken(condition, source, negated=False)


def _weaken(node: exp.Expr, source: Source, *, negated: bool) -> exp.Expr | None:
    if isinstance(node, exp.Paren):
        return _weaken(node.this, source, negated=negated)
    if isinstance(node, exp.Not):
        return _weaken(node.this, source, negated=not negated)
    if isinstance(node, (exp.And, exp.Or)):
        left = _weaken(node.this, source, negated=negated)
        right = _weaken(node.expression, source, negated=negated)
        return _joined(left, right, is_and=isinstance(node, exp.And) != negated)
    if not _is_about_keys(node, source):
        return None
    return _negation(node) if negated else node.copy()


def _joined(left: exp.Expr | None, right: exp.Expr | None, *, is_and: bool) -> exp.Expr | None:
    if left is None or right is None:
        return (left or right) if is_and else None
    kind = exp.And if is_and else exp.Or
    return kind(this=exp.Paren(this=left), expression=exp.Paren(this=right))


def _negation(node: exp.Expr) -> exp.Expr:
    if type(node) in _NEGATED:
        return _NEGATED[type(node)](this=node.this.copy(), expression=node.expression.copy())
    return exp.Not(this=exp.Paren(this=node.copy()))


def _is_about_keys(node: exp.Expr, source: Source) -> bool:
    if node.find(*_VOLATILE) is not None:
        return False
    return all(
        column.name.lower() in source.keys and column.table.lower() in {"", source.alias}
        for column in node.find_all(exp.Column)
    )


def _unqualified(condition: exp.Expr) -> exp.Expr:
    for column in condition.find_all(exp.Column):
        for part in ("table", "db", "catalog"):
            column.set(part, None)
        column.set("this", exp.to_identifier(column.name.lower(), quoted=True))
    return condition
