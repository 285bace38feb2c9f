"""Asking for one report: its statement over the interval, within its budget, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from batch_jobs import lake_interval
from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Answer, Guard, dollars, interval_values
from batch_jobs.query_watch import BudgetError
from batch_jobs.reports.keys import PARQUET
from batch_jobs.reports.reach import Reach, reach
from batch_jobs.reports.report_list import Report
from batch_jobs.reports.session_dates import of_interval
from batch_jobs.reports.small_cells import Suppressed, suppress
from batch_jobs.reports.typed_rows import typed
from clickstream.errors import ClickstreamError
from clickstream.lake.generations import Generation
from clickstream.lake.statements import Statement, Value, read_statement

Fact = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Question:
    """What all reports of an interval share: what the lake holds, and the values of parameters."""

    interval: Interval
    commits: Sequence[Generation]
    """Newest generation of every received hour of the lake."""
    lake_sessions: Mapping[str, int]
    """Generation of the sessions of every date of the lake."""
    values: Mapping[str, Value]
    """Of parameters, but for `start` and `end`."""
    suppress_below: int = 0
    """Counts of visitors and sessions below it are left out; 0 for none."""

    @cached_property
    def generations(self) -> dict[str, int]:
        """By received hour, of those that hold the interval's events."""
        return lake_interval.generations(self.commits, self.interval)

    @cached_property
    def sessions(self) -> dict[str, int]:
        """By date, of those that the interval meets."""
        return of_interval(self.lake_sessions, self.interval)

    def hours(self, report: Report, read: Interval) -> Sequence[str]:
        """The received hours that the report reads: all that hold events of what it reads, and no others."""
        if report.by_arrival:
            return lake_interval.arrival_hours(self.commits, read)
        return list(lake_interval.generations(self.commits, read))


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
    looked_back: Mapping[str, Fact] = field(default_factory=dict)
    """How far before the interval it looked; nothing where it did not."""

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
        known: dict[str, Fact] = {"name": name, "title": self.report.title, **self.cost, **self.looked_back}
        if answer is None:
            return {**known, "failure": self.failure}
        files = [f"{PARQUET}/{name}.parquet", f"{name}.csv"]
        hidden: dict[str, Fact] = {"suppressed_cells": self.shown.cells} if self.shown and self.shown.cells else {}
        return {**known, "rows": len(answer.frame), "seconds": answer.seconds, "files": files, **hidden}


def ask(guard: Guard, report: Report, question: Question, folder: Path) -> Outcome:
    """One report, by the statement of its name in the folder; its failure is a sentence, so that the others still run.

    A query that is seen beyond its budget is stopped, and its report has failed.
    """
    try:
        statement = read_statement(folder / f"{report.name}.sql")
        back = reach(report, statement, question.interval)
        return _asked(guard, report, statement, question, back)
    except BudgetError as error:
        return Outcome(report, None, str(error), error.query_id, error.bytes_scanned, is_over_budget=True)
    except ClickstreamError as error:
        return Outcome(report, None, str(error))


def _asked(guard: Guard, report: Report, statement: Statement, question: Question, back: Reach) -> Outcome:
    values = interval_values(statement, {"start": back.about.start, "end": back.about.end, **question.values})
    budget = back.budget_bytes(report)
    answer = guard.ask(statement, question.hours(report, back.read), values, budget)
    shown = suppress(answer.frame, question.suppress_below)
    scanned = answer.bytes_scanned
    return Outcome(
        report,
        answer,
        "",
        answer.query_id,
        scanned,
        is_over_budget=scanned > budget,
        shown=shown,
        rows=typed(shown.frame, report.table),
        looked_back=back.entry(question.interval, question.lake_sessions),
    )


def log_line(outcome: Outcome, interval: Interval) -> str:
    """What became of it as one line of JSON, for the log of a run that nobody watches."""
    line = {"job": "run_reports", "interval": interval.label, "report": outcome.report.name, **outcome.cost}
    found = {"rows": len(outcome.answer.frame)} if outcome.answer else {"failure": outcome.failure}
    return json.dumps({**line, **found})
