"""What can go wrong, in Athena's words."""

import re

import duckdb


class QueryError(Exception):
    """A query that Athena, too, would fail; the text starts with Athena's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class NotSupportedError(QueryError):
    """Athena would answer, but this engine cannot answer faithfully and says so instead of guessing."""

    def __init__(self, what: str) -> None:
        super().__init__("NOT_SUPPORTED (local engine)", what)


class QueryCancelledError(Exception):
    """The query was stopped by its user or by the bytes cut-off of its workgroup."""


class ApiError(Exception):
    """A request that the service itself refuses.

    Attributes:
        kind: Exception name of the Athena API, for instance `InvalidRequestException`.
        resource: What was not found, where the exception tells it.
    """

    def __init__(self, message: str, kind: str = "InvalidRequestException", resource: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.resource = resource

    def describe(self) -> dict[str, str]:
        """Return it as the service's answer."""
        code = {"AthenaErrorCode": "INVALID_INPUT"} if self.kind == "InvalidRequestException" else {}
        resource = {"ResourceName": self.resource} if self.resource else {}
        return {"__type": self.kind, "Message": str(self), **code, **resource}


_OWN_MESSAGE = re.compile(
    r"(NOT_SUPPORTED \(local engine\)|[A-Z]+(?:_[A-Z]+)+): (.*?)(?:' to |\", expected format|$)", re.DOTALL
)
_MISSING_COLUMN = re.compile(
    r'Referenced column "([^"]+)" (?:not found|was not found)|does not have a column named "([^"]+)"'
    r'|Referenced table "([^"]+)" not found'
)
_PATTERNS = (
    ("Division by zero", "DIVISION_BY_ZERO"),
    ("must appear in the GROUP BY", "EXPRESSION_NOT_AGGREGATE"),
    ("Ambiguous reference", "AMBIGUOUS_NAME"),
    ("Cannot compare values", "TYPE_MISMATCH"),
    ("Cannot mix values", "TYPE_MISMATCH"),
    ("No function matches", "TYPE_MISMATCH"),
    ("does not support the supplied arguments", "TYPE_MISMATCH"),
    ("More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS"),
    ("Out of Memory", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    ("Out of Range", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("Conversion Error", "INVALID_CAST_ARGUMENT"),
    ("does not exist", "FUNCTION_NOT_FOUND"),
    ("Parser Error", "NOT_SUPPORTED (local engine)"),
    ("Not implemented", "NOT_SUPPORTED (local engine)"),
    ("Invalid Input", "INVALID_FUNCTION_ARGUMENT"),
    ("Binder Error", "TYPE_MISMATCH"),
)


def from_duckdb(error: duckdb.Error) -> Exception:
    """Return the failure that Athena would report for one of DuckDB."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return QueryCancelledError("Query was cancelled by the user.")
    if found := _MISSING_COLUMN.search(text):
        name = next(group for group in found.groups() if group)
        return QueryError("COLUMN_NOT_FOUND", f"line 1:1: Column '{name.lower()}' cannot be resolved")
    if own := _OWN_MESSAGE.search(text):
        return QueryError(own[1], own[2])
    first_line = text.split("\n", 1)[0]
    code = next((code for pattern, code in _PATTERNS if pattern in text), "GENERIC_INTERNAL_ERROR")
    return QueryError(code, first_line.split(": ", 1)[-1])
