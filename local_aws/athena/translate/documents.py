"""JSON functions."""

import re

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.nodes import Rule, call, rename, text_of

_PARTS = (exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript)


def _path(node: exp.Expr | None) -> str:
    """Return a JSON path as DuckDB writes it; SQL/JSON paths may say `lax` or `strict` first."""
    if isinstance(node, exp.JSONPath):
        if not all(isinstance(part, _PARTS) for part in node.expressions):
            raise NotSupportedError("a JSON path with wildcards, filters or descent")
        return node.sql(dialect="duckdb").strip("'")
    text = text_of(node, "a JSON path").removeprefix("lax ").removeprefix("strict ")
    if not text.startswith("$") or any(mark in text for mark in "*?@("):
        raise NotSupportedError(f"JSON path {text!r}")
    return re.sub(r'\["([^"\]]*)"\]', r'."\1"', text)


def _at_path(name: str, document: str = "this", path: str = "expression") -> Rule:
    def rule(generator: Generator, node: exp.Expr) -> str:
        return call(generator, name, node.args[document], exp.Literal.string(_path(node.args[path])))

    return rule


def _extract(generator: Generator, node: exp.JSONExtract) -> str:
    if node.args.get("option") or node.args.get("quote"):
        raise NotSupportedError("json_query with wrappers or quotes")
    return _at_path("tr_json_extract")(generator, node)


def _exists(generator: Generator, node: exp.Anonymous) -> str:
    document, path = node.expressions
    return call(generator, "tr_json_exists", document, exp.Literal.string(_path(path)))


def _size(generator: Generator, node: exp.Anonymous) -> str:
    document, path = node.expressions
    return call(generator, "json_size", document, exp.Literal.string(_path(path)))


def _format(generator: Generator, node: exp.JSONFormat) -> str:
    return f"CAST({generator.sql(node, 'this')} AS VARCHAR)"


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.JSONArrayContains: rename("json_array_contains", "this", "expression"),
    exp.JSONExtract: _extract,
    exp.JSONExtractScalar: _at_path("tr_json_extract_scalar"),
    exp.JSONFormat: _format,
    exp.JSONValue: _at_path("tr_json_extract_scalar", path="path"),
    exp.ParseJSON: rename("tr_json_parse", "this"),
}
NAMED: dict[str, Rule] = {
    "json_array_length": lambda g, n: call(g, "tr_json_array_length", *n.expressions),
    "json_exists": _exists,
    "json_size": _size,
}
