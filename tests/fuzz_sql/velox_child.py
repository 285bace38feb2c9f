"""Answers expressions with Velox, in an environment of its own: one JSON request a line, one JSON answer a line.

A request is `{"rows": {column: [value, …]}, "types": {column: type}, "expressions": [{"text": …, "is_array": …}, …]}`,
an answer a list with one item for each expression: `{"rows": [{"value": …} or {"error": text}, …]}`, or
`{"refused": text}`. Velox may take its process down, so each expression has a process of its own.
"""

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyvelox.arrow import to_arrow, to_velox
from pyvelox.plan_builder import PlanBuilder
from pyvelox.runner import LocalRunner

from tests.fuzz_sql.portable import portable

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "truth": pa.bool_(),
    "time": pa.timestamp("ms"),
    "date": pa.date32(),
    "texts": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
}
_CANNOT = re.compile(
    "doesn't exist|signature is not supported|not registered|not supported|Unsupported|not implemented"
    "|Cannot parse|Parser Error|Wrong number of arg|need to be constant|is not a valid TIMESTAMP field"
    "|must have the same type"
)


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        rows = _batch(request)
        print(json.dumps([_apart(rows, expression) for expression in request["expressions"]]), flush=True)


def _batch(request: dict[str, Any]) -> pa.RecordBatch:
    arrays = {name: _array(values, request["types"][name]) for name, values in request["rows"].items()}
    return pa.RecordBatch.from_pydict(arrays)


def _array(values: list[Any], kind: str) -> pa.Array:
    readers: dict[str, Callable[[Any], Any]] = {
        "time": dt.datetime.fromisoformat,
        "date": dt.date.fromisoformat,
        "double": float,
    }
    read = readers.get(kind)
    made = [None if value is None else read(value) for value in values] if read else values
    return pa.array(made, _TYPES[kind])


def _apart(rows: pa.RecordBatch, expression: dict[str, Any]) -> Any:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(writing, "w") as answers:
            answers.write(json.dumps(_answer(rows, expression)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"refused": "its process crashed"}


def _answer(rows: pa.RecordBatch, expression: dict[str, Any]) -> Any:
    try:
        return {"rows": [{"value": value} for value in _values(rows, expression)]}
    except RuntimeError as error:
        if _CANNOT.search(_reason(error)):
            return {"refused": _reason(error)}
    # Some row fails, and all with it: ask for each alone.
    return {"rows": [_one(rows.take(pa.array([place])), expression) for place in range(rows.num_rows)]}


def _one(row: pa.RecordBatch, expression: dict[str, Any]) -> Any:
    try:
        (value,) = _values(row, expression)
    except RuntimeError as error:
        return {"error": _reason(error)}
    return {"value": value}


_kept: list[Any] = []
"""What an answer is read from: the bindings do not keep it alive."""


def _values(rows: pa.RecordBatch, expression: dict[str, Any]) -> list[Any]:
    is_array, text = expression["is_array"], expression["text"]
    asked = f"json_format(cast(({text}) AS json))" if is_array else text  # reading arrays crashes at random
    vector = to_velox(rows)
    plan = PlanBuilder().values([vector]).project([f"{asked} AS answer"])
    node = plan.get_plan_node()
    runner = LocalRunner(node)
    _kept.extend((vector, plan, node, runner))
    found: list[Any] = []
    for part in runner.execute():
        _kept.append(part)
        arrow = to_arrow(part)
        column = arrow.field(0) if isinstance(arrow, pa.StructArray) else arrow.column(0)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us"), safe=False)
        found.extend(column.to_pylist())
    return [json.loads(value) if is_array and value is not None else portable(value) for value in found]


def _reason(error: RuntimeError) -> str:
    found = re.search(r"^Reason: (.*)$", str(error), re.MULTILINE)
    return (found[1] if found else str(error))[:300]


if __name__ == "__main__":
    main()
