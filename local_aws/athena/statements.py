"""Runs one statement of any kind: decides which part answers it."""

import re
from collections.abc import Callable

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.dispatch import change_rows
from local_aws.athena.kinds import CREATE_TABLE_AS, body
from local_aws.athena.outcome import Lines, Nothing, Outcome, Rows
from local_aws.athena.parameters import fill_in, split_list
from local_aws.athena.prepared import PreparedStatements
from local_aws.athena.statement import Statement
from local_aws.athena.tables import DDL
from local_aws.athena.translate.dialect import parse
from local_aws.athena.written import create_table_as, insert_into, unload

Handler = Callable[[Statement], Outcome]

_EXECUTE = re.compile(r"EXECUTE\s+(\w+)(?:\s+USING\s+(.+))?\Z", re.IGNORECASE | re.DOTALL)
_PREPARE = re.compile(r"PREPARE\s+(\w+)\s+FROM\s+(.+)\Z", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(r"DEALLOCATE\s+PREPARE\s+(\w+)\Z", re.IGNORECASE)
_EXPLAIN = re.compile(r"EXPLAIN\s+(ANALYZE\s+)?(.+)\Z", re.IGNORECASE | re.DOTALL)
_EXPLAIN_OPTIONS = re.compile(r"VERBOSE\b|\(\s*(?:FORMAT|TYPE)\b", re.IGNORECASE)
_QUERY = re.compile(r"\(*\s*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
_ROW_CHANGES = re.compile(r"(MERGE|UPDATE|DELETE)\b", re.IGNORECASE)


def executed_name(query: str) -> str:
    """Return the prepared statement that a text executes, or nothing."""
    found = _EXECUTE.match(body(query))
    return found[1] if found else ""


def run(statement: Statement, prepared: PreparedStatements) -> Outcome:
    """Run one statement.

    Raises:
        QueryError: What Athena would fail with.
        NotSupportedError: What only this engine cannot do.
    """
    text = body(statement.text)
    if found := _PREPARE.match(text):
        prepared.put(statement.work_group, found[1], found[2])
        return Nothing()
    if found := _DEALLOCATE.match(text):
        prepared.delete(statement.work_group, found[1])
        return Nothing()
    if found := _EXECUTE.match(text):
        values = split_list(found[2]) if found[2] else statement.parameters
        return _run(statement.with_text(fill_in(prepared.get(statement.work_group, found[1]), values)))
    return _run(statement.with_text(fill_in(text, statement.parameters)))


def _run(statement: Statement) -> Outcome:
    text = statement.text
    if _QUERY.match(text):
        return Rows(statement.session.run(_query(text)))
    if found := _EXPLAIN.match(text):
        return _explain(statement, found[2], analyze=bool(found[1]))
    for pattern, handler in _WRITES:
        if pattern.match(text):
            return handler(statement)
    if _ROW_CHANGES.match(text):
        return change_rows(statement)
    for pattern, handle in DDL:
        if match := pattern.match(text):
            return handle(statement, match)
    first = text.split(None, 1)[0] if text else "nothing"
    if re.match(r"(CALL|SET|USE|GRANT|REVOKE|ANALYZE)\b", text, re.IGNORECASE):
        raise NotSupportedError(f"{first.upper()} statement")
    raise QueryError("SYNTAX_ERROR", f"line 1:1: mismatched input '{first}'")


def _query(text: str) -> exp.Expr:
    tree = parse(text)
    if isinstance(tree, exp.Values):
        return exp.select("*").from_(exp.Subquery(this=tree))
    if not isinstance(tree, exp.Query):
        raise NotSupportedError(f"{type(tree).__name__} in place of a query")
    return tree


def _explain(statement: Statement, text: str, *, analyze: bool) -> Outcome:
    """The plan is DuckDB's: its text tells what is read and joined, not what Athena's planner would do."""
    if _EXPLAIN_OPTIONS.match(text):
        raise NotSupportedError("options of EXPLAIN")
    return Lines(("Query Plan",), statement.session.explain(_query(text), analyze=analyze))


_WRITES: tuple[tuple[re.Pattern[str], Handler], ...] = (
    (CREATE_TABLE_AS, create_table_as),
    (re.compile(r"INSERT\s+INTO\b", re.IGNORECASE), insert_into),
    (re.compile(r"UNLOAD\b", re.IGNORECASE), unload),
)
