r"""Run every report of the list over an interval of event time, and publish tables and one page.

    python -m batch_jobs.run_reports --bucket B --database D --workgroup W --ledger-table L --anomalies-table A \
        [--start TIME --end TIME] [--out FOLDER]

Each report becomes `reports/<name>/<interval>/<name>.parquet` and `.csv`; the page and its numbers are
`reports/page/<interval>/report.html` and `reports.json`. Without an interval, the densest run of event dates in the
lake is reported (see `lake_interval`). Only received hours with a generation are read; what is still open is named.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aws_stores import DynamoTable, S3Bucket
from batch_jobs import lake_interval, lake_state
from batch_jobs.lake_interval import Interval
from batch_jobs.page_facts import PageFacts
from batch_jobs.publishing import publish
from batch_jobs.queries import Answer, Guard, interval_values
from batch_jobs.report_page import render
from clickstream.errors import ClickstreamError
from clickstream.generations import Generation, lake_commits
from clickstream.intervals import received_hours
from clickstream.ledger import Ledger
from clickstream.ports import Bucket
from clickstream.statements import Value, read_statement

SQL = Path(__file__).parents[1] / "sql"
_MB = 1_000_000


@dataclass(frozen=True)
class Report:
    """One report: file name of its statement, title for people, and the bytes it is expected to stay under."""

    name: str
    title: str
    budget_bytes: int = 2_000 * _MB
    by_arrival: bool = False
    """Its rows have no event time: it reads the hours in which the interval's events arrived."""


REPORTS = (
    Report("headline", "The interval in one row"),
    Report("daily_metrics", "Days"),
    Report("hourly_metrics", "Hours"),
    Report("events_per_minute", "Events per minute"),
    Report("funnel", "Purchase funnel"),
    Report("top_pages", "Top pages"),
    Report("top_clients", "Top clients"),
    Report("http_status", "Answers of the web server"),
    Report("channels", "Channels"),
    Report("revenue", "Revenue"),
    Report("event_types", "Event types"),
    Report("session_summary", "Sessions"),
    Report("bad_events", "Bad events", budget_bytes=500 * _MB, by_arrival=True),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one report: its answer, or the sentence that says why there is none."""

    report: Report
    answer: Answer | None
    failure: str = ""


@dataclass(frozen=True)
class Question:
    """What all reports share: the interval, the received hours that hold it, and the values of parameters."""

    interval: Interval
    hours: Sequence[str]
    arrival_hours: Sequence[str]
    values: Mapping[str, Value]


def main(argv: list[str] | None = None) -> int:
    """Run the reports; returns 0, 1 if any of them failed, or 2 for wrong usage."""
    options = _parser().parse_known_args(argv)[0]
    try:
        return _run(options)
    except ClickstreamError as error:
        print(f"run_reports: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    bucket = S3Bucket(options.bucket)
    commits = list(lake_commits(bucket))
    question = _question(bucket, commits, options)
    state = _state(bucket, commits, question, options)
    guard = Guard(options.database, options.workgroup)
    outcomes = [_outcome(guard, report, question, options.sql) for report in REPORTS]
    facts = _facts(outcomes, question, state, options)
    publish(bucket, facts, {o.report.name: o.answer for o in outcomes if o.answer}, render(facts), options.out)
    return _verdict(outcomes)


def _question(bucket: Bucket, commits: Sequence[Generation], options: argparse.Namespace) -> Question:
    interval = lake_interval.choose(commits, options.start, options.end)
    return Question(
        interval,
        received_hours(bucket, interval.start, interval.end),
        lake_interval.arrival_hours(commits, interval),
        {"start": interval.start, "end": interval.end, "time_zone": options.time_zone},
    )


def _state(
    bucket: Bucket, commits: Sequence[Generation], question: Question, options: argparse.Namespace
) -> lake_state.LakeState:
    ledger = Ledger(DynamoTable(options.ledger_table), bucket)
    missing = lake_state.open_hours(ledger, commits, question.interval.start)
    found = lake_state.anomalies(DynamoTable(options.anomalies_table))
    return lake_state.lake_state(commits, question.hours, missing, found)


def _outcome(guard: Guard, report: Report, question: Question, folder: Path) -> Outcome:
    """One report; its failure is a sentence, so that the others still run."""
    try:
        statement = read_statement(folder / f"{report.name}.sql")
        hours = question.arrival_hours if report.by_arrival else question.hours
        answer = guard.ask(statement, hours, interval_values(statement, question.values))
    except ClickstreamError as error:
        _log(report, failure=str(error))
        return Outcome(report, None, str(error))
    _log(report, rows=len(answer.frame), query_id=answer.query_id, bytes_scanned=answer.bytes_scanned)
    return Outcome(report, answer)


def _log(report: Report, **properties: str | int) -> None:
    print(json.dumps({"job": "run_reports", "report": report.name, **properties}))


def _facts(
    outcomes: Sequence[Outcome], question: Question, state: lake_state.LakeState, options: argparse.Namespace
) -> PageFacts:
    answered = {outcome.report.name: outcome.answer for outcome in outcomes if outcome.answer}
    return PageFacts(
        interval=question.interval,
        time_zone=options.time_zone,
        made_time=options.now or datetime.now(UTC).replace(microsecond=0),
        state=state,
        rows={name: answer.rows() for name, answer in answered.items()},
        runs=[_entry(outcome) for outcome in outcomes],
    )


def _entry(outcome: Outcome) -> dict[str, str | int | float | bool | list[str]]:
    """One report as `reports.json` lists it."""
    name, answer = outcome.report.name, outcome.answer
    if answer is None:
        return {"name": name, "title": outcome.report.title, "failure": outcome.failure}
    return {
        "name": name,
        "title": outcome.report.title,
        "rows": len(answer.frame),
        "query_id": answer.query_id,
        "bytes_scanned": answer.bytes_scanned,
        "is_over_budget": answer.bytes_scanned > outcome.report.budget_bytes,
        "seconds": answer.seconds,
        "files": [f"{name}.parquet", f"{name}.csv"],
    }


def _verdict(outcomes: Sequence[Outcome]) -> int:
    failed = [outcome.report.name for outcome in outcomes if outcome.answer is None]
    for outcome in outcomes:
        if outcome.answer is None:
            print(f"run_reports: {outcome.report.name} failed: {outcome.failure}", file=sys.stderr)
        elif outcome.answer.bytes_scanned > outcome.report.budget_bytes:
            print(f"run_reports: {outcome.report.name} read more than its budget of bytes", file=sys.stderr)
    print(f"run_reports: {len(outcomes) - len(failed)} of {len(outcomes)} reports done", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("run_reports", "Run every report over an interval of event time.")
    parser.add_argument("--ledger-table", required=True, help="ledger: names the hours that are not included yet")
    parser.add_argument("--anomalies-table", required=True, help="anomalies to mark on the page")
    parser.add_argument("--sql", type=Path, default=SQL, metavar="FOLDER", help="folder of the statements")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write everything to this folder as well")
    parser.add_argument("--now", type=lake_interval.instant, metavar="TIME", help="the time the page is dated with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
