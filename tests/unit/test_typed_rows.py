"""Rows of an answer as the table of a report holds them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from batch_jobs.reports.typed_rows import typed
from clickstream.errors import StatementError
from clickstream.lake_table import INSTANT, TEXT, Column, LakeTable

TYPES = {"name": TEXT, "events": pa.int64(), "share": pa.float64(), "at": INSTANT, "value": pa.decimal128(38, 2)}
TABLE = LakeTable("report_demo", "Demo", tuple(Column(name, kind, name) for name, kind in TYPES.items()))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def frame(**columns: list[Any]) -> pd.DataFrame:
    """One row, as awswrangler gives it; `columns` replaces some."""
    made: dict[str, list[Any]] = {
        "name": ["a"],
        "events": [3],
        "share": [0.5],
        "at": [NOON.replace(tzinfo=None)],
        "value": [Decimal("1.50")],
    }
    return pd.DataFrame(made | columns)


def test_rows_keep_their_values() -> None:
    """A time without zone is UTC."""
    assert typed(frame(), TABLE).to_pylist() == [
        {"name": "a", "events": 3, "share": 0.5, "at": NOON, "value": Decimal("1.50")}
    ]


def test_nothing_has_the_types_of_the_table() -> None:
    """Neither a column of nulls nor an answer without rows lets the file's schema drift from day to day."""
    nulls = frame(**{name: [None] for name in TABLE.schema.names})
    for answer in (nulls, frame().head(0), nulls.head(0)):
        assert typed(answer, TABLE).schema.equals(TABLE.schema)


@pytest.mark.parametrize(
    "wrong",
    [frame(more=[1]), frame()[["events", "name", "share", "at", "value"]], frame(events=["x"]), frame(events=[0.5])],
    ids=["more", "order", "text", "fraction"],
)
def test_other_columns_are_refused(wrong: pd.DataFrame) -> None:
    """The sentence says what to declare, and where."""
    with pytest.raises(StatementError, match=r"does not fit the table report_demo with name, events.*report_list\.py"):
        typed(wrong, TABLE)
