"""CSV for people who open it in a spreadsheet."""

from decimal import Decimal

import pandas as pd
import pytest

from batch_jobs.csv_text import csv_text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("dtype", ["object", "string"])
def test_a_formula_is_shown_as_text(start: str, dtype: str) -> None:
    """A text that a visitor chose runs nothing; other texts, and nulls, stay as they are."""
    texts = pd.Series([f"{start}cmd", "a=b", None, "'quoted'"], dtype=dtype)
    found = csv_text(pd.DataFrame({"page": texts, "views": [1, 2, 3, 4]}))
    shown = '"\'\ncmd"' if start in "\r\n" else f"'{start}cmd"
    assert found == f"page,views\n{shown},1\na=b,2\n,3\n'quoted',4\n"


def test_numbers_stay_numbers() -> None:
    """A negative amount is no formula, whatever its type."""
    columns = {
        "loss": pd.Series([-1, None], dtype="Int64"),
        "amount": [Decimal("-1.50"), None],
        "share": [-0.5, 0.25],
    }
    assert csv_text(pd.DataFrame(columns)) == "loss,amount,share\n-1,-1.50,-0.5\n,,0.25\n"


def test_a_text_begins_no_row_of_its_own() -> None:
    """What stands behind a carriage return stays in its cell, where it is no formula."""
    assert csv_text(pd.DataFrame({"page": ["a\r=cmd", "a\r\n=cmd"]})) == 'page\n"a\n=cmd"\n"a\n=cmd"\n'


def test_no_rows_are_a_header() -> None:
    """An empty answer keeps its columns."""
    assert csv_text(pd.DataFrame({"page": pd.Series([], dtype="string")})) == "page\n"
