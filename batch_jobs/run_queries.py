"""Run every statement of `sql/` once, and show what each read, how long it took and what Athena charges for it.

    python -m batch_jobs.run_queries --stack clickstream-local [--start TIME --end TIME]

Parameters have their defaults; a statement with one that has none is left out, and named. Without an interval, the
densest run of event dates in the lake is asked about.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from batch_jobs import lake_interval, number_text
from batch_jobs.command_line import interruptible
from batch_jobs.queries import Answer
from batch_jobs.statement_run import StatementRun, add_stack
from clickstream.errors import ClickstreamError, InfrastructureError
from clickstream.lake.statements import PREDICATE, Statement, read_statement

SQL = Path(__file__).parents[1] / "sql"
GIVEN = frozenset({"start", "end", "time_zone"})
"""Parameters that the interval gives."""


class Asked(NamedTuple):
    """One statement and its answer, or why there is none."""

    name: str
    answer: Answer | None = None
    failure: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run them all; 0 if each of them answered, 1 if one did not or the lake could not be asked."""
    options = _parser().parse_args(argv)
    try:
        statements = [read_statement(path) for path in sorted(options.sql.glob("*.sql"))]
        run = StatementRun.of_options(options)
        needy = {statement.name: _needs(statement) for statement in statements}
        asked = [_ask(run, statement) for statement in statements if not needy[statement.name]]
    except ClickstreamError as error:
        print(f"run_queries: {error}", file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 100).print(_table(asked, run.interval))
    for name, missing in needy.items():
        if missing:
            print(f"run_queries: {name} is left out, it has no default for {missing}", file=sys.stderr)
    for one in asked:
        if one.failure:
            print(f"run_queries: {one.failure}", file=sys.stderr)
    return int(any(one.failure for one in asked))


def _needs(statement: Statement) -> str:
    """The parameters that somebody has to give."""
    known = {p.name for p in statement.parameters if p.default is not None or p.type == PREDICATE}
    return ", ".join(p.name for p in statement.parameters if p.name not in known | GIVEN)


def _ask(run: StatementRun, statement: Statement) -> Asked:
    """Its answer, or what Athena has against it. Raises `InfrastructureError`: then the others would fail as well."""
    try:
        return Asked(statement.name, run.ask(statement, {}))
    except InfrastructureError:
        raise
    except ClickstreamError as error:
        return Asked(statement.name, failure=str(error))


def _table(asked: Sequence[Asked], interval: lake_interval.Interval) -> Table:
    table = Table(title=f"{interval.start:%Y-%m-%d %H:%M} to {interval.end:%Y-%m-%d %H:%M} UTC")
    table.add_column("statement")
    for heading in ("rows", "MB read", "ms", "$"):
        table.add_column(heading, justify="right")
    for one in asked:
        table.add_row(one.name, *(_cells(one.answer) if one.answer else ("failed", "", "", "")))
    found = [one.answer for one in asked if one.answer]
    table.add_section()
    table.add_row("all", "", *_cost(found))
    return table


def _cells(answer: Answer) -> tuple[str, str, str, str]:
    return (number_text.count(len(answer.frame)), *_cost([answer]))


def _cost(answers: Sequence[Answer]) -> tuple[str, str, str]:
    """Megabytes, milliseconds of the engine and dollars."""
    return (
        f"{sum(answer.bytes_scanned for answer in answers) / 1e6:,.2f}",
        number_text.count(1000 * sum(answer.seconds for answer in answers)),
        number_text.dollars(sum(answer.cost_dollars for answer in answers)).removeprefix("$"),
    )


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("run_queries", "Run every statement of sql/ once.", is_optional=True)
    add_stack(parser)
    parser.add_argument("--sql", type=Path, default=SQL, metavar="FOLDER", help="folder of the statements")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
