"""One report: its budget grows with the interval, and a stopped query is a failure that says what it cost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Answer
from batch_jobs.query_watch import BudgetError
from batch_jobs.reports.asking import Question, ask, log_line
from batch_jobs.reports.report_list import Report

SQL = Path(__file__).parents[2] / "sql"
DAY = datetime(2026, 11, 21, tzinfo=UTC)
FUNNEL = Report("funnel", "Purchase funnel", "step bigint", budget_bytes=1_000)


class Reader:
    """A guard whose query reads so many bytes; it is seen beyond its budget, or only when it is over."""

    def __init__(self, scanned: int, *, is_quick: bool = False) -> None:
        self._scanned, self._is_quick = scanned, is_quick

    def ask(self, *question: Any) -> Answer:
        """Stop or answer; the budget comes last."""
        budget_bytes = question[-1]
        if self._scanned > budget_bytes and not self._is_quick:
            raise BudgetError("q-7", self._scanned, budget_bytes)
        return Answer(pd.DataFrame({"step": [1, 2]}), "q-7", self._scanned, 0.5)


def question(length: timedelta) -> Question:
    """About an interval of this length."""
    return Question(Interval(DAY, DAY + length), (), {}, {"time_zone": "UTC"})


def test_stopped_report_states_its_cost() -> None:
    """The sentence is its failure; query, bytes and dollars stand beside it, in the log too."""
    asked = question(timedelta(days=1))
    outcome = ask(Reader(20_000_001), FUNNEL, asked, SQL)  # type: ignore[arg-type]  # a stand-in
    assert outcome.answer is None
    assert outcome.entry == {
        "name": "funnel",
        "title": "Purchase funnel",
        "query_id": "q-7",
        "bytes_scanned": 20_000_001,
        "cost_dollars": 0.000105,
        "is_over_budget": True,
        "failure": outcome.failure,
    }
    assert "was stopped (query q-7)" in outcome.failure
    assert '"cost_dollars": 0.000105' in log_line(outcome, asked.interval)


@pytest.mark.parametrize(("scanned", "is_over"), [(3_000, False), (3_001, True)])
def test_budget_is_one_of_a_day(scanned: int, *, is_over: bool) -> None:
    """Two days and an hour may read three times as much; an answer that came all the same is kept, and marked."""
    reader = Reader(scanned, is_quick=True)
    outcome = ask(reader, FUNNEL, question(timedelta(days=2, hours=1)), SQL)  # type: ignore[arg-type]  # a stand-in
    assert outcome.entry["rows"] == 2
    assert outcome.entry["is_over_budget"] is is_over
