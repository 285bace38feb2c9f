"""The two ends of the translation: how a statement is read, and how DuckDB is spoken to."""

from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.trino import Trino
from sqlglot.generator import Generator
from sqlglot.generators.duckdb import DuckDBGenerator

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.functions import check_functions
from local_aws.athena.translate import aggregates, collections, documents, patterns, times, values
from local_aws.athena.translate.nodes import Rule, call, rename
from local_aws.athena.translate.overloads import settled

_MODULES = (values, patterns, times, documents, collections, aggregates)
_NAMED: dict[str, Rule] = {name: rule for module in _MODULES for name, rule in module.NAMED.items()}


def _anonymous(generator: Generator, node: exp.Anonymous) -> str:
    rule = _NAMED.get(node.name.lower())
    return rule(generator, node) if rule is not None else call(generator, node.name, *node.expressions)


class AthenaSQL(Trino):
    """Athena's queries; subscripts keep their number, since whether to shift them would depend on types."""

    INDEX_OFFSET = 0


READ = AthenaSQL


class LocalDuckDB(DuckDB):
    """DuckDB with the macros of `macros.sql`."""

    class Generator(DuckDBGenerator):
        """Writes Trino's meaning in DuckDB's words."""

        TRANSFORMS: ClassVar = {
            **DuckDBGenerator.TRANSFORMS,
            **{kind: settled(rule) for module in _MODULES for kind, rule in module.TRANSFORMS.items()},
            exp.Anonymous: settled(_anonymous),
            exp.Try: settled(rename("TRY", "this")),
        }


def parse(sql: str) -> exp.Expr:
    """Return the syntax tree of one statement of Athena's query engine.

    Raises:
        QueryError: `SYNTAX_ERROR`, `FUNCTION_NOT_FOUND`.
        NotSupportedError: A function that cannot be answered faithfully.
    """
    try:
        trees = sqlglot.parse(sql, read=READ)
    except sqlglot.errors.SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", _position(error)) from error
    if len(trees) != 1 or trees[0] is None:
        raise QueryError("SYNTAX_ERROR", "line 1:1: Only one sql statement is allowed.")
    tree = trees[0]
    if tree.find(exp.MatchRecognize) is not None:  # its measures use functions of their own
        raise NotSupportedError("MATCH_RECOGNIZE")
    check_functions(tree, sql)
    return tree


def _position(error: sqlglot.errors.SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).split("\n", 1)[0]
    first = details[0]
    return f"line {first.get('line')}:{first.get('col')}: {first.get('description')} near '{first.get('highlight')}'"


def generate(tree: exp.Expr) -> str:
    """Return DuckDB's text of a tree that has been rewritten.

    Raises:
        NotSupportedError: It cannot be said in DuckDB.
    """
    try:
        return tree.sql(dialect=LocalDuckDB, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise NotSupportedError(str(error)) from error
