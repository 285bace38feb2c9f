"""Which functions exist: those answered faithfully, those refused aloud; Athena knows no others."""

from importlib.resources import files

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError


def _names(kind: str) -> frozenset[str]:
    """Return the names in a paragraph of `functions.txt`."""
    text = files("local_aws.athena").joinpath("functions.txt").read_text(encoding="utf-8")
    paragraphs = (paragraph.partition(f"{kind}: ") for paragraph in text.split("\n\n"))
    return frozenset(next(names for _, found, names in paragraphs if found).split())


ANSWERED = _names("answered")
_REFUSED = _names("refused")


def check_functions(tree: exp.Expr, sql: str) -> None:
    """Refuse a call whose name Athena does not know, or that cannot be answered faithfully.

    Args:
        tree: The statement as parsed.
        sql: The text it was parsed from: the parser renames some functions, the text still has the name as written.

    Raises:
        QueryError: `FUNCTION_NOT_FOUND`.
        NotSupportedError: Athena knows the function, this engine does not.
    """
    for node in tree.find_all(exp.Func):
        name = _written_name(node, sql)
        if name is None or name in ANSWERED:
            continue
        if name in _REFUSED:
            raise NotSupportedError(f"function {name}")
        raise QueryError("FUNCTION_NOT_FOUND", f"line {node.meta.get('line', 1)}:1: Function '{name}' not registered")


def _written_name(node: exp.Func, sql: str) -> str | None:
    """Return the lower-case name as the user wrote it, or nothing for syntax such as CASE."""
    if "start" in node.meta:
        name = sql[node.meta["start"] : node.meta["end"] + 1].strip('"').lower()
        return name if name.isidentifier() else None
    return node.name.lower() if isinstance(node, exp.Anonymous) else None
