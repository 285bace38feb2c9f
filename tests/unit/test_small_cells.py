"""Counts of few people, and what would give them away."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from batch_jobs.queries import rows_as_dicts
from batch_jobs.reports.page import render
from batch_jobs.reports.published import Restatement
from batch_jobs.reports.report_rows import ReportRows
from batch_jobs.reports.small_cells import earlier, is_quotable, quotable, suppress
from tests.unit.report_facts import ROWS, facts, words

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def column(name: str, values: list[int | None], least: int) -> list[Any]:
    """What is left of a column of counts."""
    frame = pd.DataFrame({name: pd.array(values, dtype="Int64")})
    return [row[name] for row in rows_as_dicts(suppress(frame, least).frame)]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([9, 5, 4, 3], [9, 5, None, None]),
        ([9, 5, 5, 4], [9, None, None, None]),
        ([9, 7, 0], [9, None, None]),
        ([4], [None]),
        ([9, None, 4], [None, None, None]),
        ([9, 5], [9, 5]),
        ([], []),
    ],
)
def test_small_counts_and_the_one_that_would_tell_them(values: list[int | None], shown: list[int | None]) -> None:
    """One below five takes the smallest of the others along, two do not; exactly five stays."""
    assert column("visitors", values, 5) == shown
    assert column("converted_sessions", values, 5) == shown


def test_only_people_are_suppressed_and_only_on_request() -> None:
    """Events are no people, and without a least count everything stays."""
    assert column("events", [1, 9], 5) == [1, 9]
    assert column("sessions", [1, 9], 0) == [1, 9]


def test_ratios_of_few_people_go_too() -> None:
    """In their rows alone; a share of events stays."""
    frame = pd.DataFrame(
        {
            "sessions": [50, 3, 2],
            "conversion_rate": [0.5, 1 / 3, 0.5],
            "median_duration_s": [9.0, 1.0, 2.0],
            "share": 0.2,
        }
    )
    shown, cells = suppress(frame, 5)
    assert cells == 2
    assert shown["conversion_rate"].isna().tolist() == [False, True, True]
    assert shown["median_duration_s"].isna().tolist() == [False, True, True]
    assert shown["share"].tolist() == [0.2] * 3
    assert frame["sessions"].tolist() == [50, 3, 2]


def test_key_numbers_come_from_all_rows() -> None:
    """Totals are whole; those about few people are absent, and so is a rate of few."""
    rows = {"session_summary": [{"sessions": 3, "converted_sessions": 1}, {"sessions": 4, "converted_sessions": 2}]}
    numbers = quotable(ReportRows(rows), 5)
    assert (numbers["sessions"], numbers["conversion_rate"]) == (7, None)
    assert quotable(ReportRows(rows), 8)["sessions"] is None
    assert quotable(ReportRows(rows), 3)["conversion_rate"] == 3 / 7


def test_history_gives_no_small_count_away() -> None:
    """Neither what an earlier run published nor what it restated."""
    assert earlier({"visitors": 4, "sessions": 9, "events": 4}, ReportRows({}), 5) == {"sessions": 9, "events": 4}
    assert earlier({"events": 4}, ReportRows(ROWS), 5) == {}
    assert not is_quotable(Restatement("visitors", 4, 9, NOW, "changed data"), 5)
    assert is_quotable(Restatement("events", 4, 9, NOW, "changed data"), 5)


def test_page_without_counts_of_people_is_whole() -> None:
    """It says what is left out, and every section stands with what is left."""
    rows = {
        name: rows_as_dicts(suppress(pd.DataFrame(table, dtype=object), 10_000).frame) for name, table in ROWS.items()
    }
    numbers = quotable(ReportRows(ROWS), 10_000)
    runs = [{"name": "headline", "title": "In short", "suppressed_cells": 3}]
    text = words(render(facts(rows=rows, numbers=numbers, suppress_below=10_000, runs=runs)))
    assert "Counts of visitors and sessions below 10,000 are left out: 3 counts are n/a" in text
    assert "Visitors n/a" in text.replace("Visitorsn/a", "Visitors n/a")
    assert "There are too few sessions to say more." in text
    assert "Page views by people" in text
