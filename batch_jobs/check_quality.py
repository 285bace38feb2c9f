"""Check the received hours of the lake: their account, their volume, and every statement of `sql/checks`.

    python -m batch_jobs.check_quality --bucket B --database D --workgroup W [--ledger-table T]
        [--hours 26 | --start TIME --end TIME]

A statement of `sql/checks` returns a row for each hour that breaks its rule. Without an interval, the newest received
hours with a generation are checked, each with the hour before it. What the ledger knows is checked where its table is
named. A check that fails stops the reports, a warning (`-- severity: warning`) does not; both are published as metrics.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aws_stores import S3Bucket
from batch_jobs import lake_arguments, lake_interval
from batch_jobs.command_line import interruptible
from batch_jobs.job_metrics import publish
from batch_jobs.quality_state import Verdict, compared, judge
from batch_jobs.queries import Answer, Guard
from clickstream import metrics
from clickstream.errors import ClickstreamError, StatementError
from clickstream.lake.generations import Generation, hour_after, lake_commits, newest_keys, read_all
from clickstream.lake.intervals import received_hours
from clickstream.lake.retention import first_hour
from clickstream.lake.statements import read_statement
from clickstream.ports import Bucket

CHECKS = Path(__file__).parents[1] / "sql" / "checks"
NEWEST_HOURS = 26
"""A day, and what a daily run may come late by."""
_ROWS_SHOWN = 5
_COUNTED = (("readers_see_all", "received_rows.sql"), ("masked_readers_see_all", "masked_rows.sql"))
"""Statements that count the rows of each hour: of raw_events, and of their masked copy."""


def main(argv: list[str] | None = None) -> int:
    """Run the checks; returns 0 when all is well but for warnings, 1 if a check failed or could not be made."""
    options = _parser().parse_known_args(argv)[0]
    try:
        bucket = S3Bucket(options.bucket)
        hours = _hours(bucket, options)
        commits = _commits(bucket, hours)
        guard = Guard(options.database, options.workgroup)
        verdicts = [*_asked(guard, options, hours, commits), *_judged(options, commits, hours)]
        _publish(options, verdicts, guard.dollars)
    except ClickstreamError as error:
        print(f"check_quality: {error}", file=sys.stderr)
        return 1
    print(_table(verdicts))
    return _report(verdicts, hours)


def _asked(
    guard: Guard, options: argparse.Namespace, hours: Sequence[str], commits: Mapping[str, Generation]
) -> list[Verdict]:
    """The checks that ask Athena."""
    verdicts = [_check(guard, path, hours) for path in _files(options.sql / "checks")]
    counted = _COUNTED if options.masked_tables == "on" else _COUNTED[:1]
    present = [(name, options.sql / file) for name, file in counted if (options.sql / file).exists()]
    return verdicts + [_volume(guard, name, path, hours, commits) for name, path in present]


def _judged(options: argparse.Namespace, commits: Mapping[str, Generation], hours: Sequence[str]) -> list[Verdict]:
    """The checks that need no query, but the ledger."""
    return judge(lake_arguments.lake(options), commits, hours) if options.ledger_table else []


def _hours(bucket: Bucket, options: argparse.Namespace) -> list[str]:
    """The hours to check, and the hour before each, which the rule on event_id compares with."""
    now = options.now or datetime.now(UTC)
    first = first_hour(now, options.raw_events_days)
    committed = {hour for hour in newest_keys(bucket) if hour >= first}
    if options.start or options.end:
        interval = lake_interval.choose(list(lake_commits(bucket)), options.start, options.end)
        chosen = received_hours(bucket, interval.start, interval.end)
    else:
        chosen = sorted(committed)[-options.hours :]
    return sorted((set(chosen) | {hour_after(hour, -1) for hour in chosen}) & committed)


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise StatementError(f"{folder} holds no checks; name the folder of the statements with --sql")
    return files


def _commits(bucket: Bucket, hours: Sequence[str]) -> dict[str, Generation]:
    """The newest generation of the hours, and of those that their volume is compared with."""
    keys = newest_keys(bucket)
    return {commit.hour: commit for commit in read_all(bucket, [keys[h] for h in sorted(compared(hours)) if h in keys])}


def _check(guard: Guard, path: Path, hours: Sequence[str]) -> Verdict:
    """One statement; its failure is a sentence, so that the others still run."""
    try:
        statement = read_statement(path)
        answer = guard.ask(statement, hours, {})
    except ClickstreamError as error:
        return Verdict(path.stem, path.stem, (str(error),))
    is_warning = statement.clauses.get("severity") == "warning"
    return Verdict(path.stem, statement.meaning, _problems(answer), is_warning)


def _volume(guard: Guard, name: str, path: Path, hours: Sequence[str], commits: Mapping[str, Generation]) -> Verdict:
    """Whether readers see as many rows in each hour as its commit says."""
    meaning = "Readers see as many rows as were committed."
    try:
        answer = guard.ask(read_statement(path), hours, {})
    except ClickstreamError as error:
        return Verdict(name, meaning, (str(error),))
    seen = {f"{row['dt']}T{int(row['hour']):02}": int(row["event_rows"]) for row in answer.rows()}
    pairs = ((hour, commits[hour].rows, seen.get(hour, 0)) for hour in hours if hour in commits)
    wrong = [f"{hour}: {rows:,} rows committed, {found:,} seen" for hour, rows, found in pairs if rows != found]
    return Verdict(name, meaning, tuple(f"{problem} (query {answer.query_id})" for problem in wrong))


def _problems(answer: Answer) -> tuple[str, ...]:
    """Checks return hours and counts, never a person."""
    rows = (", ".join(f"{name} {value}" for name, value in row.items()) for row in answer.rows())
    return tuple(f"{row} (query {answer.query_id})" for row in rows)


def _publish(options: argparse.Namespace, verdicts: Sequence[Verdict], dollars: float) -> None:
    """Publish how many checks failed and warned, and the cost; nothing where no ledger tells environments apart."""
    if not options.ledger_table:
        return
    counts = {
        metrics.QUALITY_FAILURES: sum(bool(v.problems) and not v.is_warning for v in verdicts),
        metrics.QUALITY_WARNINGS: sum(bool(v.problems) and v.is_warning for v in verdicts),
    }
    publish(options.ledger_table, datetime.now(UTC), {**counts, metrics.QUERY_DOLLARS: dollars})
    print(json.dumps({"job": "check_quality", **counts}), flush=True)


def _table(verdicts: Sequence[Verdict]) -> str:
    width = max(len(verdict.name) for verdict in verdicts)
    return "\n".join(f"{verdict.name:<{width}}  {verdict.word:<6}  {verdict.meaning}" for verdict in verdicts)


def _report(verdicts: Sequence[Verdict], hours: Sequence[str]) -> int:
    for verdict in verdicts:
        for problem in verdict.problems[:_ROWS_SHOWN]:
            print(f"check_quality: {verdict.name} {verdict.word}: {problem}", file=sys.stderr)
        if (more := len(verdict.problems) - _ROWS_SHOWN) > 0:
            print(f"check_quality: {verdict.name} {verdict.word}: and {more} more", file=sys.stderr)
    well = sum(not verdict.problems for verdict in verdicts)
    failed = [f"{verdict.name}: {verdict.problems[0]}" for verdict in verdicts if verdict.word == "FAILED"]
    span = f"{hours[0]} to {hours[-1]}" if hours else "no hour has a generation yet"
    print(f"check_quality: {well} of {len(verdicts)} checks well over {len(hours)} hours ({span})")
    if failed:
        # The last line is what the message about the whole run quotes, with the id of the query in it.
        print(f"check_quality: {len(failed)} checks failed: {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("check_quality", "Check the account, the volume and the rules of received hours.")
    parser.add_argument("--sql", type=Path, default=CHECKS.parent, metavar="FOLDER", help="folder of the statements")
    parser.add_argument("--ledger-table", help="name of the DynamoDB table with the commits; without it, fewer checks")
    parser.add_argument("--now", type=lake_interval.instant, metavar="TIME", help="work as if it were this time, UTC")
    parser.add_argument(
        "--hours", type=lake_interval.whole_number, default=NEWEST_HOURS, help="newest received hours to check"
    )
    lake_arguments.add_shape(parser)
    lake_arguments.add_masked(parser)
    lake_arguments.add_retention(parser)
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
