"""Values for the question marks of a statement."""

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from local_aws.athena.errors import QueryError
from local_aws.athena.translate.dialect import READ


def _tokens(text: str) -> list[Token]:
    try:
        return sqlglot.tokenize(text, read=READ)
    except sqlglot.errors.TokenError as error:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {error}") from error


def fill_in(text: str, values: list[str]) -> str:
    """Return the statement with each `?` replaced by its value, in order.

    Args:
        text: A statement.
        values: SQL literals, for instance `'2026-11-22'` or `5`.

    Raises:
        QueryError: Their number differs from that of the question marks, or one is no literal.
    """
    if not values and "?" not in text:
        return text
    marks = [token for token in _tokens(text) if token.token_type == TokenType.PLACEHOLDER]
    if len(marks) != len(values):
        text = f"Incorrect number of parameters: expected {len(marks)} but found {len(values)}"
        raise QueryError("INVALID_PARAMETER_USAGE", text)
    for mark, value in reversed(list(zip(marks, values, strict=True))):
        text = f"{text[: mark.start]} {_checked(value)} {text[mark.end + 1 :]}"
    return text


def _checked(value: str) -> str:
    try:
        node = sqlglot.parse_one(f"SELECT {value}", read=READ)
    except sqlglot.errors.SqlglotError as error:
        raise QueryError("INVALID_PARAMETER_USAGE", f"not a literal: {value}") from error
    if not isinstance(node, exp.Select) or len(node.expressions) != 1 or node.find(exp.Column, exp.From, exp.Subquery):
        raise QueryError("INVALID_PARAMETER_USAGE", f"not a literal: {value}")
    return value.strip()


def split_list(text: str) -> list[str]:
    """Return the parts of a list such as `'a, b', f(1, 2)`, split at its own commas only."""
    parts, depth, start = [], 0, 0
    for token in _tokens(text):
        if token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET}:
            depth += 1
        elif token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET}:
            depth -= 1
        elif token.token_type == TokenType.COMMA and depth == 0:
            parts.append(text[start : token.start].strip())
            start = token.end + 1
    return [*parts, text[start:].strip()]
