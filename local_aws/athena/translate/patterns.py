"""Regular expressions: Java's in Trino, RE2's in DuckDB."""

import re

from sqlglot import exp
from sqlglot.generator import Generator

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.translate.nodes import Rule, call

_JAVA_ONLY = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|[*+?}]\+")


def _checked(name: str) -> Rule:
    """Return the rule for a function whose pattern may only use what both kinds have."""

    def rule(generator: Generator, node: exp.Expr) -> str:
        _refuse_java(node)
        group = node.args.get("group")
        wanted = None if group is None or group.name == "0" else group
        return call(generator, name, node.this, node.expression, wanted)

    return rule


def _refuse_java(node: exp.Expr) -> None:
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and _JAVA_ONLY.search(pattern.name.replace("\\\\", "")):
        text = f"regular expression {pattern.name!r}: look-around, back-references, possessive quantifiers"
        raise NotSupportedError(text)


def _replace(generator: Generator, node: exp.RegexpReplace) -> str:
    _refuse_java(node)
    replacement = node.args.get("replacement")
    if replacement is None:
        return call(generator, "REGEXP_REPLACE", node.this, node.expression, "''", "'g'")
    if not replacement.is_string or "\\" in replacement.name:
        raise NotSupportedError("regexp_replace with a function, or with a replacement that is computed or has escapes")
    text = re.sub(r"\$(\d)", r"\\\1", replacement.name)
    return call(generator, "REGEXP_REPLACE", node.this, node.expression, exp.Literal.string(text), "'g'")


TRANSFORMS: dict[type[exp.Expr], Rule] = {
    exp.RegexpCount: _checked("regexp_count"),
    exp.RegexpExtract: _checked("tr_regexp_extract"),
    exp.RegexpExtractAll: _checked("tr_regexp_extract_all"),
    exp.RegexpLike: _checked("REGEXP_MATCHES"),
    exp.RegexpReplace: _replace,
    exp.RegexpSplit: _checked("STR_SPLIT_REGEX"),
}
NAMED: dict[str, Rule] = {}
