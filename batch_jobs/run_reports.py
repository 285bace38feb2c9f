r"""Run every report of the list for each unfinished day, and publish tables and one page.

    python -m batch_jobs.run_reports --bucket B --database D --workgroup W --ledger-table L --anomalies-table A \
        [--most-days 14 | --whole | --start TIME --end TIME] [--out FOLDER] [--show]

A day is unfinished if it has ended (UTC) and what is published of it was not made from what the lake holds now (see
`unfinished_days`). `--whole` reports the densest run of event dates in one page instead, today included.
Each report becomes `reports/<name>/<day>/<name>.csv`, `parquet/<name>.parquet` beside it, and the day's partition of
the Glue table `report_<name>`; the page and its numbers are `reports/page/<day>/report.html` and `reports.json`. Longer
intervals are named `<first date>_<end>`, and are in no table. Only received hours with a generation are read; what is
still open is named.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import lake_arguments, lake_interval, lake_state
from batch_jobs.command_line import interruptible
from batch_jobs.job_metrics import publish as publish_metrics
from batch_jobs.lake_interval import Interval, whole_number
from batch_jobs.lake_state import Anomaly
from batch_jobs.queries import Guard, rows_as_dicts
from batch_jobs.reports.asking import Outcome, Question, ask, log_line
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.previous import Previous, dates_of, from_outcomes, interval_before, rows_of
from batch_jobs.reports.published import read_published
from batch_jobs.reports.publishing import publish
from batch_jobs.reports.report_list import REPORTS, Report
from batch_jobs.reports.report_rows import KEY_REPORTS
from batch_jobs.reports.restating import restatements
from batch_jobs.reports.session_dates import session_generations
from batch_jobs.reports.small_cells import earlier, is_quotable, quotable, without_few
from batch_jobs.reports.terminal import page_places, summary
from batch_jobs.reports.unfinished_days import event_days, report_lag_hours, unfinished_days
from clickstream import metrics
from clickstream.errors import ClickstreamError
from clickstream.lake.catalog import Catalog
from clickstream.lake.generations import Generation, lake_commits
from clickstream.lake.retention import first_date
from clickstream.ledger import Ledger
from clickstream.ports import Bucket

SQL = Path(__file__).parents[1] / "sql"
MOST_DAYS = 14
"""Days of one run: two missed weeks are made up for in one night, years of history in several."""


@dataclass(frozen=True)
class Source:
    """What all intervals of a run share: the lake as it was found, who is asked, and the time of the run."""

    bucket: Bucket
    catalog: Catalog
    commits: Sequence[Generation]
    ledger: Ledger
    anomalies: Sequence[Anomaly]
    guard: Guard
    now: datetime


def main(argv: list[str] | None = None) -> int:
    """Run the reports; returns 0, 1 if any of them failed, or 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_known_args(argv)[0]
    if options.whole and (options.start or options.end):
        parser.error("--whole chooses the interval itself; leave --start and --end out")
    try:
        return _run(options)
    except ClickstreamError as error:
        print(f"run_reports: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    bucket = S3Bucket(options.bucket)
    commits = list(lake_commits(bucket))
    now = options.now or datetime.now(UTC).replace(microsecond=0)
    intervals = _intervals(bucket, commits, now, options)
    if not intervals:
        publish_metrics(options.ledger_table, now, {metrics.REPORT_LAG_HOURS: 0})
        return 0
    source = Source(
        bucket,
        GlueCatalog(options.database),
        commits,
        Ledger(DynamoTable(options.ledger_table), bucket),
        lake_state.anomalies(DynamoTable(options.anomalies_table)),
        Guard(options.database, options.workgroup),
        now,
    )
    is_single = len(intervals) == 1
    folders = [options.out if is_single or not options.out else options.out / found.label for found in intervals]
    pairs = zip(intervals, folders, strict=True)
    failures = [failure for found, folder in pairs for failure in _report(source, found, folder, options)]
    lag_hours = report_lag_hours(bucket, commits, now)
    values = {metrics.QUERY_DOLLARS: source.guard.dollars, metrics.REPORT_LAG_HOURS: lag_hours}
    publish_metrics(options.ledger_table, now, values)
    if failures:
        # The last line is what the message about the whole run quotes, with the id of the query in it.
        print(f"run_reports: {len(failures)} reports failed: {'; '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0


def _intervals(
    bucket: Bucket, commits: Sequence[Generation], now: datetime, options: argparse.Namespace
) -> list[Interval]:
    """The interval asked for, or the unfinished days that this run takes."""
    if options.whole or options.start or options.end:
        return [lake_interval.choose(commits, options.start, options.end)]
    # A day without all of its events would be another day, and a report past its retention would come back for ever.
    zones = (options.raw_events_days, options.sessions_days, options.report_days)
    first = max(first_date(now, kept_days) for kept_days in zones)
    days = [day for day in unfinished_days(bucket, commits, now) if day.label >= first]
    taken = days[: options.most_days]
    if not days:
        print("run_reports: nothing to do, every day of the lake that has ended is reported", file=sys.stderr)
    else:
        waiting = len(days) - len(taken)
        print(f"run_reports: {len(taken)} unfinished days now, {waiting} wait for the next run", file=sys.stderr)
    return taken


def _report(source: Source, interval: Interval, folder: Path | None, options: argparse.Namespace) -> list[str]:
    """Everything about one interval; a sentence for each report that failed."""
    question = _question(source, interval, options)
    state = _state(source, question)
    outcomes = _ask_all(source, question, REPORTS, options)
    previous = _previous(source, interval, options)
    facts = _facts(outcomes, question, state, source, previous)
    publish(source.bucket, source.catalog, facts, outcomes, question.generations, question.sessions, folder)
    if options.show:
        print(f"{summary(facts)}\nThe page is {page_places(facts, source.bucket, folder)}")
    return _verdict(interval, outcomes)


def _ask_all(
    source: Source, question: Question, reports: Sequence[Report], options: argparse.Namespace
) -> list[Outcome]:
    """One after the other; each leaves a line in the log as soon as it is known, unless a person watches."""
    outcomes = []
    for report in reports:
        outcomes.append(ask(source.guard, report, question, options.sql))
        if not options.show:
            print(log_line(outcomes[-1], question.interval))
    return outcomes


def _question(source: Source, interval: Interval, options: argparse.Namespace) -> Question:
    sessions = session_generations(source.bucket)
    return Question(interval, source.commits, sessions, {"time_zone": options.time_zone}, options.suppress_below)


def _state(source: Source, question: Question) -> lake_state.LakeState:
    start, end = question.interval.start, question.interval.end
    missing = lake_state.open_hours(source.ledger, source.commits, start)
    inside = [a for a in source.anomalies if a.detected_time and start <= a.detected_time < end]
    return lake_state.lake_state(source.commits, question.generations, missing, inside)


def _previous(source: Source, interval: Interval, options: argparse.Namespace) -> Previous | None:
    """The period before, from its page if that is up to date, else asked for; None if the two cannot be compared."""
    before = interval_before(interval)
    days = {day.isoformat() for day in event_days(source.commits)}
    is_whole = days.issuperset(dates_of(before)) and not _is_hardly_any(source.commits, before, interval)
    if source.now < interval.end or not is_whole:
        return None
    question = _question(source, before, options)
    published = read_published(source.bucket, before)
    if published and published.numbers and published.is_final(before, question.generations, question.sessions):
        return Previous(before, without_few(published.numbers, question.suppress_below))
    needed = [report for report in REPORTS if report.name in KEY_REPORTS]
    return from_outcomes(before, tuple(_ask_all(source, question, needed, options)), question.suppress_below)


def _is_hardly_any(commits: Sequence[Generation], before: Interval, interval: Interval) -> bool:
    """Whether all that there is of the period before are the few events that wrong clocks put there."""
    return lake_interval.rows(commits, before) < lake_interval.OUTLIER_SHARE * lake_interval.rows(commits, interval)


def _facts(
    outcomes: Sequence[Outcome],
    question: Question,
    state: lake_state.LakeState,
    source: Source,
    previous: Previous | None,
) -> PageFacts:
    rows, least = rows_of(outcomes), question.suppress_below
    numbers = quotable(rows, least)
    published = read_published(source.bucket, question.interval)
    known = published.known_numbers if published else {}
    return PageFacts(
        interval=question.interval,
        time_zone=str(question.values["time_zone"]),
        made_time=source.now,
        state=state,
        rows={one.report.name: rows_as_dicts(one.shown.frame) for one in outcomes if one.shown},
        numbers=numbers,
        runs=[outcome.entry for outcome in outcomes],
        previous=previous,
        restatements=[one for one in restatements(published, numbers, question, source.now) if is_quotable(one, least)],
        earlier_numbers=earlier(known, rows, least),
        suppress_below=least,
    )


def _verdict(interval: Interval, outcomes: Sequence[Outcome]) -> list[str]:
    failed = [f"{interval.label} {one.report.name}: {one.failure}" for one in outcomes if one.answer is None]
    for outcome in outcomes:
        if outcome.answer and outcome.is_over_budget:
            print(f"run_reports: {outcome.report.name} read more than its budget before it ended", file=sys.stderr)
    done = len(outcomes) - len(failed)
    print(f"run_reports: {interval.label}: {done} of {len(outcomes)} reports done", file=sys.stderr)
    return failed


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("run_reports", "Run every report for each unfinished day, or over one interval.")
    parser.add_argument("--whole", action="store_true", help="one report of the densest run of dates, today included")
    parser.add_argument("--most-days", type=whole_number, default=MOST_DAYS, help="unfinished days of one run")
    parser.add_argument("--ledger-table", required=True, help="ledger: names the hours that are not included yet")
    parser.add_argument("--anomalies-table", required=True, help="anomalies to mark on the page")
    parser.add_argument("--sql", type=Path, default=SQL, metavar="FOLDER", help="folder of the statements")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write here as well; of several days each in its folder"
    )
    parser.add_argument("--now", type=lake_interval.instant, metavar="TIME", help="work as if it were this time")
    parser.add_argument("--report-days", type=int, default=0, help="report no day that is older; 0: all")
    few = "leave out counts of visitors and sessions below N, and their ratios; 0: none"
    parser.add_argument("--suppress-below", type=_number, default=0, metavar="N", help=few)
    parser.add_argument("--show", action="store_true", help="print a table for people instead of lines for the log")
    lake_arguments.add_retention(parser)
    return parser


def _number(text: str) -> int:
    return 0 if text == "0" else whole_number(text)


if __name__ == "__main__":
    sys.exit(interruptible(main))
