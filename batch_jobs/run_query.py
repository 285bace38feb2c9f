"""Run one SQL file and show its rows, what it read and how long it took.

    python -m batch_jobs.run_query sql/top_pages.sql --stack clickstream-local --param limit=10

Bucket, database and workgroup come from the outputs of the stack, or are given. Without an interval, the densest run of
event dates in the lake is asked about.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from batch_jobs import lake_interval, number_text
from batch_jobs.command_line import interruptible
from batch_jobs.csv_text import csv_text
from batch_jobs.queries import Answer, interval_values
from batch_jobs.statement_run import StatementRun, add_stack
from clickstream.errors import ClickstreamError, ConfigError
from clickstream.lake.statements import Statement, Value, parse_value, read_statement

FAILED, WRONG_USAGE = 1, 2
WIDE = 200


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 with rows or none, 1 if Athena or the lake refused, 2 for a bad file or parameter."""
    options = _parser().parse_args(argv)
    try:
        statement = read_statement(options.file)
        given = _given(statement, options.param)
        statement.bind((), _placeholders(statement) | given)
    except ClickstreamError as error:
        return _fail(error, WRONG_USAGE)
    try:
        answer = StatementRun.of_options(options).ask(statement, given)
    except ClickstreamError as error:
        return _fail(error, FAILED)
    show(answer, options)
    return 0


def show(answer: Answer, options: argparse.Namespace) -> None:
    """Rows on standard output, as CSV or as a table cut to the terminal; cost on standard error."""
    if options.csv:
        sys.stdout.write(csv_text(answer.frame))
    elif answer.frame.empty:
        print("The statement returned no rows.")
    else:
        # Without a terminal to fit, nothing needs to be cut.
        Console(width=None if sys.stdout.isatty() else WIDE).print(_table(answer, options.limit))
    cost = f"{number_text.size(answer.bytes_scanned)} read, {answer.seconds:.1f} s, query {answer.query_id}"
    print(f"{number_text.plural(len(answer.frame), 'row')}, {cost}", file=sys.stderr)


def _given(statement: Statement, pairs: Sequence[str]) -> dict[str, Value]:
    """`--param name=value` as typed values. Raises `ConfigError` or `StatementError` for what fits no parameter."""
    parameters = {parameter.name: parameter for parameter in statement.parameters}
    values: dict[str, Value] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or name not in parameters:
            raise ConfigError(f"--param {pair}: write name=value; {statement.name} has {', '.join(parameters)}")
        if name in {"received", "start", "end", "time_zone"}:
            raise ConfigError(f"--param {name}: use --start, --end and --time-zone; the hours follow from them")
        values[name] = parse_value(statement.name, parameters[name], text)
    return values


def _placeholders(statement: Statement) -> dict[str, Value]:
    """Stand-ins for what the interval will give, to see before any request whether a parameter is missing."""
    interval = lake_interval.Interval(lake_interval.instant("2026-01-01"), lake_interval.instant("2026-01-02"))
    return interval_values(statement, {"start": interval.start, "end": interval.end, "time_zone": "UTC"})


def _table(answer: Answer, limit: int) -> Table:
    rows = answer.rows()
    table = Table(caption=f"{limit} of {len(rows)} rows; --limit shows more" if len(rows) > limit else None)
    for name in answer.frame.columns:
        is_number = all(isinstance(row[name], (int, float)) or row[name] is None for row in rows)
        # A number that is cut says something false; a text that is cut only says less.
        least = max(len(str(name)), *(len(_cell(row[name])) for row in rows[:limit])) if is_number else None
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(str(name), justify=justify, overflow="ellipsis", no_wrap=True, min_width=least)
    for row in rows[:limit]:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _fail(error: ClickstreamError, code: int) -> int:
    print(f"run_query: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("run_query", "Run one SQL file of Athena's dialect.", is_optional=True)
    parser.add_argument("file", type=Path, help="for example sql/top_pages.sql")
    add_stack(parser)
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="value of a parameter")
    parser.add_argument("--limit", type=int, default=40, help="rows to show; the query is not changed")
    parser.add_argument("--csv", action="store_true", help="all rows as CSV")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
