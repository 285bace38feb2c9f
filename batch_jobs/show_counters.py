"""Print the live counters, summed over lanes and minutes of an interval of received time.

python -m batch_jobs.show_counters --stack clickstream-local [--date 2026-11-21 …]
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table as TerminalTable

from aws_stores import DynamoTable
from batch_jobs.stack import outputs
from clickstream.errors import ClickstreamError
from clickstream.ports import Item, Table

TOP_PAGES = 15


def main(argv: list[str] | None = None) -> int:
    """Print one table a kind of counter; 1 if the stack cannot be read."""
    arguments = _parser().parse_args(argv)
    try:
        names = outputs(arguments.stack)
        pages = list(_pages(DynamoTable(names["CountersTableName"]), arguments.date))
        metrics = list(_pages(DynamoTable(names["PageMetricsTableName"]), arguments.date))
    except ClickstreamError as error:
        print(error, file=sys.stderr)
        return 1
    console = Console()
    minutes = {(page["pk"], page["sk"].partition("#")[0]) for page in pages}
    total = sum(page["events"] for page in pages)
    console.print(f"{total:,} events in {len(minutes):,} received minutes")
    for title, name in (("event type", "event_types"), ("channel", "channels"), ("device", "devices")):
        console.print(_table(title, _sum(pages, name)))
    console.print(_table("page", _sum(metrics, "pages"), limit=TOP_PAGES))
    return 0


def _pages(table: Table, dates: list[str]) -> Iterator[Item]:
    if not dates:
        yield from table.scan()
    for date in dates:
        yield from table.query(date)


def _sum(pages: list[Item], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for page in pages:
        total.update(page[name])
    return total


def _table(title: str, counts: Counter[str], limit: int | None = None) -> TerminalTable:
    table = TerminalTable(title, "events")
    table.columns[1].justify = "right"
    for name, count in counts.most_common(limit):
        table.add_row(name, f"{count:,}")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m batch_jobs.show_counters", description=__doc__.split("\n")[0])
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name the tables")
    parser.add_argument("--date", action="append", default=[], help="received date (UTC); repeat; default: all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
