"""Asking for one report: its statement over the interval, within its budget, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path

import pyarrow as pa

from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Answer, Guard, dollars, interval_values
from batch_jobs.query_watch import BudgetError
from batch_jobs.reports.keys import PARQUET
from batch_jobs.reports.report_list import Report
from batch_jobs.reports.small_cells import Suppressed, suppress
from batch_jobs.reports.typed_rows import typed
from clickstream.errors import ClickstreamError
from clickstream.lake.statements import Value, read_statement

Fact = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Question:
    """What all reports of an interval share: the received hours that hold it, and the values of parameters."""

    interval: Interval
    generations: Mapping[str, int]
    """By received hour; these hours are read."""
    sessions: Mapping[str, int]
    """Generation of the sessions of each date."""
    arrival_hours: Sequence[str]
    values: Mapping[str, Value]
    suppress_below: int = 0
    """Counts of visitors and sessions below it are left out; 0 for none."""

    def budget_bytes(self, report: Report) -> int:
        """What the report may read: its budget of a day, for every day begun."""
        return report.budget_bytes * ceil((self.interval.end - self.interval.start) / timedelta(days=1))


@dataclass(frozen=True)
class Outcome:
    """What became of one report: its answer, or the sentence that says why there is none.

    `query_id` is empty where no query is known. `bytes_scanned` is what it read, be it in vain.
    """

    report: Report
    answer: Answer | None
    failure: str = ""
    query_id: str = ""
    bytes_scanned: int = 0
    is_over_budget: bool = False
    shown: Suppressed | None = None
    """The answer as it is published: without small counts, where that is asked for."""
    rows: pa.Table | None = None
    """That, with the columns of the report's table."""

    @property
    def cost(self) -> dict[str, Fact]:
        """Which query it was, what it read and what Athena charges; nothing where no query is known."""
        if not self.query_id:
            return {}
        return {
            "query_id": self.query_id,
            "bytes_scanned": self.bytes_scanned,
            "cost_dollars": dollars(self.bytes_scanned),
            "is_over_budget": self.is_over_budget,
        }

    @property
    def entry(self) -> dict[str, Fact]:
        """The report as `reports.json` lists it."""
        name, answer = self.report.name, self.answer
        known: dict[str, Fact] = {"name": name, "title": self.report.title, **self.cost}
        if answer is None:
            return {**known, "failure": self.failure}
        files = [f"{PARQUET}/{name}.parquet", f"{name}.csv"]
        hidden: dict[str, Fact] = {"suppressed_cells": self.shown.cells} if self.shown and self.shown.cells else {}
        return {**known, "rows": len(answer.frame), "seconds": answer.seconds, "files": files, **hidden}


def ask(guard: Guard, report: Report, question: Question, folder: Path) -> Outcome:
    """One report, by the statement of its name in the folder; its failure is a sentence, so that the others still run.

    A query that is seen beyond its budget is stopped, and its report has failed.
    """
    budget = question.budget_bytes(report)
    try:
        statement = read_statement(folder / f"{report.name}.sql")
        hours = question.arrival_hours if report.by_arrival else question.generations
        answer = guard.ask(statement, hours, interval_values(statement, question.values), budget)
        shown = suppress(answer.frame, question.suppress_below)
        rows = typed(shown.frame, report.table)
    except BudgetError as error:
        outcome = Outcome(report, None, str(error), error.query_id, error.bytes_scanned, is_over_budget=True)
    except ClickstreamError as error:
        outcome = Outcome(report, None, str(error))
    else:
        scanned = answer.bytes_scanned
        outcome = Outcome(
            report, answer, "", answer.query_id, scanned, is_over_budget=scanned > budget, shown=shown, rows=rows
        )
    _log(outcome, question.interval)
    return outcome


def _log(outcome: Outcome, interval: Interval) -> None:
    line = {"job": "run_reports", "interval": interval.label, "report": outcome.report.name, **outcome.cost}
    found = {"rows": len(outcome.answer.frame)} if outcome.answer else {"failure": outcome.failure}
    print(json.dumps({**line, **found}))
