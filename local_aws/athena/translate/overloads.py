"""Macros with a variant for each type, over values whose type DuckDB learns too late: aggregates and windows.

While an argument holds an aggregate, DuckDB cannot tell which variant is meant, and allows no TRY. So the aggregates
become the fields of a row, and the call a lambda over that row, within which the types are known.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.duck import macros
from local_aws.athena.translate.nodes import Rule

_LATE = (exp.AggFunc, exp.Window, exp.Filter, exp.WithinGroup)
_VARIANT = re.compile(r"^ +\((\w+ [A-Z]+|[\w, ]+, \w+ [A-Z]+)[^()]*\) AS", re.MULTILINE)


@cache
def _calls() -> re.Pattern[str]:
    """Return what finds a call that must know the types of its arguments."""
    found: Counter[str] = Counter()
    for statement in macros():
        found[statement.split()[2].split("(")[0]] += len(_VARIANT.findall(statement))
    names = "|".join(name for name, variants in found.items() if variants > 1)
    return re.compile(rf"\b(?:{names}|TRY)\(", re.IGNORECASE)


def settled(rule: Rule) -> Rule:
    """Return a rule whose calls know the types of their arguments."""

    def write(generator: Generator, node: exp.Expr) -> str:
        text = rule(generator, node)
        late = list(_late_values(node)) if _calls().search(text) is not None else []
        if not late:
            return text
        holes = [exp.func("struct_extract", exp.column("tr_r"), exp.Literal.string(f"v{n}")) for n in range(len(late))]
        for value, hole in zip(late, holes, strict=True):
            hole.type = value.type
            value.replace(hole)
        text = rule(generator, node)
        for value, hole in zip(late, holes, strict=True):
            hole.replace(value)
        row = ", ".join(f"'v{number}': {generator.sql(value)}" for number, value in enumerate(late))
        return f"list_transform([{{{row}}}], lambda tr_r: {text})[1]"

    return write


def _late_values(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the outermost aggregates and windows below a node, but none of a query within."""
    for child in node.iter_expressions():
        if isinstance(child, _LATE):
            yield child
        elif not isinstance(child, exp.Query):
            yield from _late_values(child)
