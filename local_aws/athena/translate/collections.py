"""Arrays, maps, rows and the functions that take a lambda."""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.nodes import Rule, call, is_array, is_map, rename


def _subscript(generator: Generator, node: exp.Bracket) -> str:
    """Trino fails on a missing key or index; inside TRY the failure becomes NULL, as there."""
    container, value = node.this, generator.sql(node, "this")
    key = node.expressions[0]
    by_key = is_map(container) or key.is_string
    index = generator.sql(key)
    if node.args.get("safe"):
        return f"{_wrapped(container, value)}[{index}]"
    if isinstance(container, (exp.Struct, exp.Tuple)):
        return f"STRUCT_EXTRACT_AT({value}, {index})"
    return f"tr_map_value({value}, {index})" if by_key else f"tr_subscript({value}, {index})"


def _wrapped(node: exp.Expr, text: str) -> str:
    return text if isinstance(node, (exp.Column, exp.Array, exp.Anonymous)) else f"({text})"


def _array_sort(generator: Generator, node: exp.ArraySort) -> str:
    if node.expression is not None:
        raise NotSupportedError("array_sort with a comparator")
    return f"LIST_SORT({generator.sql(node, 'this')}, 'ASC', 'NULLS LAST')"


def _reduce(generator: Generator, node: exp.Reduce) -> str:
    state = (
        f"LIST_REDUCE({generator.sql(node, 'this')}, {generator.sql(node, 'merge')}, {generator.sql(node, 'initial')})"
    )
    finish = node.args.get("finish")
    if finish is None or (
        isinstance(finish.this, (exp.Column, exp.Identifier)) and finish.this.name == finish.expressions[0].name
    ):
        return state
    return f"LIST_TRANSFORM([{state}], {generator.sql(finish)})[1]"


def _any(generator: Generator, node: exp.Anonymous) -> str:
    return f"tr_any({call(generator, 'LIST_TRANSFORM', *node.expressions)})"


def _all(generator: Generator, node: exp.Anonymous) -> str:
    return f"tr_all({call(generator, 'LIST_TRANSFORM', *node.expressions)})"


def _none(generator: Generator, node: exp.Anonymous) -> str:
    return f"(NOT {_any(generator, node)})"


def _with_replaced(body: exp.Expr, names: Mapping[str, exp.Expr]) -> exp.Expr:
    def swap(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in names:
            return names[node.name].copy()
        if isinstance(node, exp.Identifier) and node.name in names and not isinstance(node.parent, exp.Dot):
            return names[node.name].copy()
        return node

    return body.copy().transform(swap)


def _zip_with(generator: Generator, node: exp.Anonymous) -> str:
    left, right, function = node.expressions
    names = [parameter.name for parameter in function.expressions]
    item = exp.column("tr_pair")
    pair = {
        name: exp.Dot(this=item.copy(), expression=exp.to_identifier(side))
        for name, side in zip(names, "ab", strict=True)
    }
    body = generator.sql(_with_replaced(function.this, pair))
    return f"LIST_TRANSFORM(tr_pairs({generator.sql(left)}, {generator.sql(right)}), LAMBDA tr_pair : {body})"


def _entries(node: exp.Anonymous) -> tuple[exp.Expr, exp.Expr]:
    """Return the map and the body of the lambda, its key and value spelled as fields of an entry."""
    value, function = node.expressions
    key, item = (parameter.name for parameter in function.expressions)
    fields = {
        name: exp.Dot(this=exp.column("tr_entry"), expression=exp.to_identifier(field))
        for name, field in ((key, "key"), (item, "value"))
    }
    return value, _with_replaced(function.this, fields)


def _map_filter(generator: Generator, node: exp.Anonymous) -> str:
    value, body = _entries(node)
    entries = call(generator, "MAP_ENTRIES", value)
    return f"MAP_FROM_ENTRIES(LIST_FILTER({entries}, LAMBDA tr_entry : {generator.sql(body)}))"


def _transform_map(key: str, value: str) -> Rule:
    def rule(generator: Generator, node: exp.Anonymous) -> str:
        source, body = _entries(node)
        pair = (key or generator.sql(body), value or generator.sql(body))
        entries = call(generator, "MAP_ENTRIES", source)
        return f"MAP_FROM_ENTRIES(LIST_TRANSFORM({entries}, LAMBDA tr_entry : ({pair[0]}, {pair[1]})))"

    return rule


def _reverse(generator: Generator, node: exp.Reverse) -> str:
    return call(generator, "LIST_REVERSE" if is_array(node.this) else "REVERSE", node.this)


def _equality(generator: Generator, node: exp.EQ | exp.NEQ) -> str:
    """Arrays with a NULL inside may be neither equal nor unequal."""
    is_equal = isinstance(node, exp.EQ)
    if not (is_array(node.this) and is_array(node.expression)):
        return str(generator.binary(node, "=" if is_equal else "<>"))
    text = call(generator, "tr_array_equal", node.this, node.expression)
    return text if is_equal else f"(NOT {text})"


def _row(generator: Generator, node: exp.Struct) -> str:
    return call(generator, "ROW", *node.expressions)


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.ArrayContains: rename("tr_contains", "this", "expression"),
    exp.ArrayDistinct: rename("tr_array_distinct", "this"),
    exp.ArrayExcept: rename("array_except", "this", "expression"),
    exp.ArrayIntersect: lambda g, n: call(g, "array_intersect", *n.expressions),
    exp.ArrayMax: rename("tr_array_max", "this"),
    exp.ArrayMin: rename("tr_array_min", "this"),
    exp.ArrayPosition: rename("tr_array_position", "this", "expression"),
    exp.ArrayRemove: rename("tr_array_remove", "this", "expression"),
    exp.ArraySize: lambda g, n: f"CAST({call(g, 'CARDINALITY', n.this)} AS BIGINT)",
    exp.ArraySlice: rename("tr_slice", "this", "start", "end"),
    exp.ArraySort: _array_sort,
    exp.ArrayToString: rename("tr_array_join", "this", "expression", "null"),
    exp.Bracket: _subscript,
    exp.EQ: _equality,
    exp.NEQ: _equality,
    exp.Reduce: _reduce,
    exp.Reverse: _reverse,
    exp.Struct: _row,
}
NAMED: dict[str, Rule] = {
    "all_match": _all,
    "any_match": _any,
    "map_entries": lambda g, n: call(g, "tr_map_entries", *n.expressions),
    "map_filter": _map_filter,
    "none_match": _none,
    "transform_keys": _transform_map("", "tr_entry.value"),
    "transform_values": _transform_map("tr_entry.key", ""),
    "zip_with": _zip_with,
}
