"""Run the checks of `sql/checks` over received hours; a check that returns a row names an hour that breaks its rule.

    python -m batch_jobs.check_quality --bucket B --database D --workgroup W [--hours 26 | --start TIME --end TIME]

Without an interval, the newest received hours with a generation are checked, each with the hour before it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_stores import S3Bucket
from batch_jobs import lake_interval
from batch_jobs.command_line import interruptible
from batch_jobs.queries import Answer, Guard
from clickstream.errors import ClickstreamError, StatementError
from clickstream.lake.generations import hour_after, lake_commits, newest_keys
from clickstream.lake.intervals import received_hours
from clickstream.lake.statements import read_statement
from clickstream.ports import Bucket

CHECKS = Path(__file__).parents[1] / "sql" / "checks"
NEWEST_HOURS = 26
"""A day, and what a daily run may come late by."""
_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Verdict:
    """One check: what it says is so, and the answer, or why there is none."""

    name: str
    meaning: str
    answer: Answer | None
    failure: str = ""

    @property
    def is_well(self) -> bool:
        """It was asked, and no row came back."""
        return self.answer is not None and self.answer.frame.empty


def main(argv: list[str] | None = None) -> int:
    """Run the checks; returns 0 when all is well, 1 if a check returned rows or could not be asked."""
    options = _parser().parse_known_args(argv)[0]
    try:
        bucket = S3Bucket(options.bucket)
        hours = _hours(bucket, options)
        guard = Guard(options.database, options.workgroup)
        verdicts = [_check(guard, path, hours) for path in _files(options.sql / "checks")]
    except ClickstreamError as error:
        print(f"check_quality: {error}", file=sys.stderr)
        return 1
    print(_table(verdicts))
    return _report(verdicts, hours)


def _hours(bucket: Bucket, options: argparse.Namespace) -> list[str]:
    """The hours to check, and the hour before each, which the rule on event_id compares with."""
    committed = set(newest_keys(bucket))
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


def _check(guard: Guard, path: Path, hours: Sequence[str]) -> Verdict:
    """One check; its failure is a sentence, so that the others still run."""
    try:
        statement = read_statement(path)
        return Verdict(path.stem, statement.meaning, guard.ask(statement, hours, {}))
    except ClickstreamError as error:
        return Verdict(path.stem, path.stem, None, str(error))


def _table(verdicts: Sequence[Verdict]) -> str:
    width = max(len(verdict.name) for verdict in verdicts)
    return "\n".join(
        f"{verdict.name:<{width}}  {'well' if verdict.is_well else 'FAILED':<6}  {verdict.meaning}"
        for verdict in verdicts
    )


def _report(verdicts: Sequence[Verdict], hours: Sequence[str]) -> int:
    for verdict in verdicts:
        if verdict.failure:
            print(f"check_quality: {verdict.failure}", file=sys.stderr)
        elif verdict.answer and not verdict.is_well:
            rows = "\n".join(f"  {_row(row)}" for row in verdict.answer.rows()[:_ROWS_SHOWN])
            print(f"check_quality: {verdict.name} returned {len(verdict.answer.frame)} rows:\n{rows}", file=sys.stderr)
    failed = sum(not verdict.is_well for verdict in verdicts)
    span = f"{hours[0]} to {hours[-1]}" if hours else "no hour has a generation yet"
    print(f"check_quality: {len(verdicts) - failed} of {len(verdicts)} checks well over {len(hours)} hours ({span})")
    return 1 if failed else 0


def _row(row: dict[str, object]) -> str:
    """Checks return hours and counts, never a person."""
    return ", ".join(f"{name} {value}" for name, value in row.items())


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("check_quality", "Run the checks of sql/checks over received hours.")
    parser.add_argument("--sql", type=Path, default=CHECKS.parent, metavar="FOLDER", help="folder of the statements")
    parser.add_argument(
        "--hours", type=lake_interval.whole_number, default=NEWEST_HOURS, help="newest received hours to check"
    )
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
