"""`FETCH FIRST n ROWS WITH TIES`, which DuckDB has not: the rows whose rank is at most n."""

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError

_RANK = "tr_rank"


def keep_ties(tree: exp.Expr) -> exp.Expr:
    """Return the tree with a condition on the rank in place of each clause; the given tree is changed.

    Args:
        tree: A query whose columns have names.

    Raises:
        QueryError: `MISSING_ORDER_BY`.
        NotSupportedError: An OFFSET, an order by what the result does not hold.
    """
    for fetch in reversed(list(tree.find_all(exp.Fetch))):
        query = fetch.parent
        if not has_ties(fetch) or not isinstance(query, exp.Query):
            continue
        ranked = _ranked(query.copy(), fetch.args.get("count") or exp.Literal.number(1))
        if query is tree:
            return ranked
        query.replace(ranked)
    return tree


def has_ties(fetch: exp.Fetch) -> bool:
    """Return whether the clause keeps rows that stand equal with the last one."""
    options = fetch.args.get("limit_options")
    return options is not None and bool(options.args.get("with_ties"))


def _ranked(query: exp.Query, count: exp.Expr) -> exp.Select:
    order = query.args.get("order")
    if order is None:
        raise QueryError("MISSING_ORDER_BY", "line 1:1: FETCH FIRST WITH TIES clause requires ORDER BY")
    if query.args.get("offset") is not None:
        raise NotSupportedError("OFFSET with FETCH FIRST ... WITH TIES")
    for clause in ("order", "limit"):
        query.set(clause, None)
    if len(set(query.named_selects)) < len(query.named_selects):
        raise NotSupportedError("columns of the same name with FETCH FIRST ... WITH TIES")
    shown = len(query.selects)
    keys = [_with_key(ordered, _output(query, ordered.this)) for ordered in order.expressions]
    hidden = [select.alias for select in query.selects[shown:]]
    rank = exp.Window(this=exp.Anonymous(this="rank"), order=exp.Order(expressions=keys))
    rows = exp.select("*", exp.alias_(rank, _RANK)).from_(query.subquery("tr_rows"))
    star = exp.Star(except_=[exp.to_identifier(name) for name in (*hidden, _RANK)])
    within = exp.LTE(this=exp.column(_RANK), expression=count.copy())
    return exp.select(star).from_(rows.subquery("tr_ranked")).where(within).order_by(*(key.copy() for key in keys))


def _with_key(ordered: exp.Ordered, name: str) -> exp.Ordered:
    key = ordered.copy()
    key.set("this", exp.column(name, quoted=True))
    return key


def _output(query: exp.Query, key: exp.Expr) -> str:
    """Return the column of the result that a key means; what the result does not show is added, to be hidden again."""
    if isinstance(key, exp.Literal) and not key.is_string:
        return str(query.named_selects[int(key.name) - 1])
    if isinstance(key, exp.Column) and not key.table and key.name in query.named_selects:
        return str(key.name)
    if not isinstance(query, exp.Select) or query.args.get("distinct") is not None:
        raise NotSupportedError("FETCH FIRST ... WITH TIES in an order by what the result does not hold")
    name = f"tr_key_{len(query.selects)}"
    query.select(exp.alias_(key.copy(), name), copy=False)
    return name
