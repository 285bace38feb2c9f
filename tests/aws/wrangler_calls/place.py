"""Where the calls are made, and the register of calls."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import awswrangler as wr
import pandas as pd


@dataclass(frozen=True)
class Place:
    """A bucket and a database of the same name; they are those of one run."""

    name: str

    @property
    def asked(self) -> Any:
        """Where queries look, and where their results go."""
        return {"database": self.name, "s3_output": self.at("results/")}

    def at(self, key: str) -> str:
        """Return the address of an object, or of a folder."""
        return f"s3://{self.name}/{key}"

    def fresh(self) -> str:
        """Return the address of a folder that nobody has used."""
        return self.at(f"scratch/{uuid.uuid4().hex}/")

    def rows(self, sql: str, **arguments: Any) -> list[list[Any]]:
        """Return the rows of a query, read by way of its CSV unless told otherwise."""
        frame = wr.athena.read_sql_query(sql, **{"ctas_approach": False, **self.asked, **arguments})
        return [list(row) for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False)]

    def run(self, sql: str) -> dict[str, Any]:
        """Run a statement to its end, and return its execution."""
        return dict(wr.athena.start_query_execution(sql, wait=True, **self.asked))


Call = Callable[[Place], None]
CALLS: dict[str, Call] = {}
"""What is called; within a module, later calls use what earlier ones made."""


def call(name: str) -> Callable[[Call], Call]:
    """Register a call under the name of what it calls."""

    def register(function: Call) -> Call:
        CALLS[name] = function
        return function

    return register


CLICKS = pd.DataFrame(
    {
        "event_id": ["k1", "k2", "k3", "k4"],
        "visitor": ["ann", "ann", "bob", None],
        "happened": pd.to_datetime(
            ["2026-11-21 09:00:00.250", "2026-11-21 09:45:00.000", "2026-11-22 01:00:00.000", "2026-11-22 03:00:00.000"]
        ),
        "amount": [2.5, None, 4.25, 20.0],
        "pieces": pd.array([1, 3, None, 2], dtype="Int64"),
        "labels": [["new", "sale"], ["sale"], [], None],
        "day": ["2026-11-21", "2026-11-21", "2026-11-22", "2026-11-22"],
        "hour": ["09", "09", "01", "03"],
    }
)
