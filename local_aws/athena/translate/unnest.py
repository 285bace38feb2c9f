"""UNNEST of maps, of arrays of rows and of several arrays, which DuckDB lacks, as a subquery over lists."""

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.nodes import is_map


def expand_unnest(tree: exp.Expr) -> None:
    """Rewrite, in place, each UNNEST that DuckDB cannot run as it stands.

    Raises:
        NotSupportedError: An UNNEST in a place where it cannot be rewritten.
    """
    for unnest in list(tree.find_all(exp.Unnest)):
        if isinstance(unnest.parent, (exp.From, exp.Join)):
            _expand(unnest)


def _expand(unnest: exp.Unnest) -> None:
    alias = unnest.args.get("alias")
    names = [column.name for column in alias.columns] if alias is not None else []
    ordinal = _take_ordinal(unnest, names)
    arguments = unnest.expressions
    if len(arguments) == 1 and not is_map(arguments[0]) and len(names) <= 1:
        return
    if not names:
        raise NotSupportedError("UNNEST of maps, rows or several arrays without column names: write AS t(a, b)")
    lists = [_as_list(argument) for argument in arguments]
    inner = exp.Select().select(*[exp.alias_(_call("unnest", item), f"tr_u{i}") for i, item in enumerate(lists)])
    inner = inner.select(exp.alias_(_positions(lists), "tr_o"))
    outputs = _outputs(arguments, names)
    if ordinal is not None:
        outputs.append(exp.alias_(exp.column("tr_o"), ordinal, quoted=True))
    body = exp.Select().select(*outputs).from_(exp.Subquery(this=inner, alias=_table_alias("tr_q")))
    name = alias.name if alias is not None and alias.name else "tr_t"
    subquery = exp.Subquery(this=body)
    if isinstance(unnest.parent, exp.Join):
        unnest.replace(exp.Lateral(this=subquery, alias=_table_alias(name)))
    else:
        subquery.set("alias", _table_alias(name))
        unnest.replace(subquery)


def _take_ordinal(unnest: exp.Unnest, names: list[str]) -> str | None:
    offset = unnest.args.get("offset")
    if not offset:
        return None
    if isinstance(offset, exp.Identifier):
        return offset.name
    return names.pop() if names else "ordinality"


def _as_list(argument: exp.Expr) -> exp.Expr:
    return _call("map_entries", argument.copy()) if is_map(argument) else argument.copy()


def _positions(lists: list[exp.Expr]) -> exp.Expr:
    sizes = [_call("len", item.copy()) for item in lists]
    longest = sizes[0] if len(sizes) == 1 else _call("greatest", *sizes)
    return _call(
        "unnest", _call("range", exp.Literal.number(1), exp.Add(this=longest, expression=exp.Literal.number(1)))
    )


def _outputs(arguments: list[exp.Expr], names: list[str]) -> list[exp.Expr]:
    """Return one output per column name: a map gives two, a plain array one, an array of rows all that are left."""
    outputs: list[exp.Expr] = []
    left = list(names)
    for position, argument in enumerate(arguments):
        source = exp.column(f"tr_u{position}")
        others = len(arguments) - position - 1
        width = 2 if is_map(argument) else max(1, len(left) - others) if len(arguments) == 1 else 1
        for field, name in enumerate(left[:width], start=1):
            value = (
                source.copy() if width == 1 else _call("struct_extract_at", source.copy(), exp.Literal.number(field))
            )
            outputs.append(exp.alias_(value, name, quoted=True))
        left = left[width:]
    return outputs


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _table_alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
