"""What became of each expression whose answer is known from Trino's documentation and source.

The files of `athena_probes/` hold pairs of an expression and its answer. An object stands for what JSON cannot write:
`{"decimal": "0.3"}`, `{"double": "Infinity"}`, `{"date": …}`, `{"timestamp": …}` without a zone, `{"instant": …}` in
UTC, `{"map": {…}}`, `{"row": {…}}`, and `{"error": true}` where Trino fails.
"""

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from local_aws.athena.duck import Database
from local_aws.athena.errors import QueryError
from tests.unit.athena_values import value_of

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


def outcomes(database: Database) -> list[Outcome]:
    """Ask the engine for every expression."""
    return [_outcome(database, expression, wanted) for expression, wanted in _probes()]


def _probes() -> Iterator[tuple[str, Any]]:
    for path in sorted(FOLDER.glob("*.json")):
        for expression, answer in json.loads(path.read_text(encoding="utf-8")):
            yield expression, _decoded(answer)


def _outcome(database: Database, expression: str, wanted: Any) -> Outcome:
    try:
        got = value_of(database, expression)
    except QueryError as error:
        return Outcome(expression, "same" if wanted == FAILS else "refused", wanted, str(error))
    return Outcome(expression, "same" if _same(got, wanted) else "different", wanted, got)


def _decoded(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_decoded(item) for item in answer]
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
        case "error":
            return FAILS
        case _:
            return {key: _decoded(item) for key, item in value.items()}


def _same(got: Any, wanted: Any) -> bool:
    """The kind of a value counts as well, so that 2 is neither 2.0 nor true; doubles may differ in the last digits."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return got.keys() == wanted.keys() and all(_same(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(_same, got, wanted))
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return type(got) is type(wanted) and bool(got == wanted)
