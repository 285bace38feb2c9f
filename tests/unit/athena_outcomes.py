"""What became of each expression whose answer is known from Trino's documentation and source.

The files of `athena_probes/` hold pairs of an expression and its answer. An object stands for what JSON cannot write:
`{"decimal": "0.3"}`, `{"double": "Infinity"}`, `{"date": …}`, `{"timestamp": …}` without a zone, `{"instant": …}` in
UTC, `{"map": {…}}`, `{"row": {…}}`, and `{"error": true}` where Trino fails.
"""

import datetime as dt
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from local_aws.athena.errors import QueryError

FOLDER = Path(__file__).with_name("athena_probes")
FAILS = "fails"


@dataclass(frozen=True)
class Outcome:
    """One expression.

    Attributes:
        expression: What follows SELECT.
        kind: `same`, `refused` (it fails where Trino answers) or `different` (an answer that is not Trino's).
        wanted: Trino's value.
        got: The value here, or the text of the error.
    """

    expression: str
    kind: str
    wanted: Any
    got: Any


Ask = Callable[[str], Any]
"""Gives the value of an expression, or raises QueryError."""


def outcomes(ask: Ask) -> list[Outcome]:
    """Ask an engine for every expression."""
    return [_outcome(ask, expression, wanted) for path in files() for expression, wanted in probes(path)]


def files() -> list[Path]:
    """Return the files of expressions."""
    return sorted(FOLDER.glob("*.json"))


def probes(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield each expression of a file with its answer."""
    for expression, answer in json.loads(path.read_text(encoding="utf-8")):
        yield expression, decoded(answer)


def _outcome(ask: Ask, expression: str, wanted: Any) -> Outcome:
    try:
        got = ask(expression)
    except QueryError as error:
        return Outcome(expression, "same" if wanted == FAILS else "refused", wanted, str(error))
    return Outcome(expression, "same" if same(got, wanted) else "different", wanted, got)


def decoded(answer: Any) -> Any:
    """Return a value that JSON cannot hold as itself; `encoded` is the way back."""
    if isinstance(answer, list):
        return [decoded(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    ((kind, value),) = answer.items()
    match kind:
        case "decimal":
            return Decimal(value)
        case "double":
            return float(value)
        case "date":
            return dt.date.fromisoformat(value)
        case "timestamp":
            return dt.datetime.fromisoformat(value)
        case "instant":
            return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
        case "bytes":
            return bytes.fromhex(value)
        case "error":
            return FAILS
        case _:
            return {key: decoded(item) for key, item in value.items()}


def encoded(value: Any) -> Any:
    """Return a value as the files write it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return (
                value
                if math.isfinite(value)
                else {"double": {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")}
            )
        case Decimal():
            return {"decimal": str(value)}
        case dt.datetime():
            kind = "instant" if value.tzinfo else "timestamp"
            return {kind: value.replace(tzinfo=None).isoformat()}
        case dt.date():
            return {"date": value.isoformat()}
        case bytes():
            return {"bytes": value.hex()}
        case dict():
            return {"map": {str(key): encoded(item) for key, item in value.items()}}
        case list() | tuple():
            return [encoded(item) for item in value]
    return str(value)


def same(got: Any, wanted: Any) -> bool:
    """Return whether two values are equal.

    The kind of a value counts as well, so that 2 is neither 2.0 nor true; doubles may differ in the last digits.
    """
    if isinstance(wanted, dict) and isinstance(got, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return type(got) is type(wanted) and bool(got == wanted)
