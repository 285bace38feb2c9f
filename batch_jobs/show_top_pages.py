"""Print the pages with the most views in an interval of received time, by path template, from the live tables.

python -m batch_jobs.show_top_pages --stack clickstream-local [--top 20] [--since 3h]

`(other)` holds the views of pages beyond the 200 most frequent ones of a minute; a page that is not always among them
has at least the views that are shown. The total is exact.
"""

import argparse
import json
import sys
from datetime import datetime

from rich.console import Console

from aws_stores import DynamoTable
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import whole_number
from batch_jobs.ledger_tools import retention_days
from batch_jobs.live_tables import add_interval, nothing_text, parser, ranking, utc_now, with_interval
from batch_jobs.stack import outputs
from clickstream.errors import ClickstreamError
from clickstream.live.counters import OTHER
from clickstream.live.readers import PageViews, page_views


def main(argv: list[str] | None = None) -> int:
    """Print one table; 1 if the stack cannot be read, 2 for wrong usage."""
    now = utc_now()
    arguments = with_interval(_parser(now), argv)
    try:
        names = outputs(arguments.stack)
        days, table = retention_days(names), DynamoTable(names["PageMetricsTableName"])
        found = page_views(table, arguments.since, arguments.until, now, days)
    except ClickstreamError as error:
        print(f"show_top_pages: {error}", file=sys.stderr)
        return 1
    rows = top(found, arguments.top)
    if arguments.json:
        print(json.dumps({"page_views": found.views, "pages": dict(rows)}, indent=2))
    elif not found.views:
        Console().print(nothing_text("page views", arguments))
    else:
        Console().print(f"{found.views:,} page views")
        Console().print(ranking("page", rows, found.views))
    return 0


def top(found: PageViews, number: int) -> list[tuple[str, int]]:
    """The most viewed pages, and all others as OTHER."""
    pages = [(name, count) for name, count in found.pages.most_common(number + 1) if name != OTHER][:number]
    rest = found.views - sum(count for _, count in pages)
    return [*pages, (OTHER, rest)] if rest else pages


def _parser(now: datetime) -> argparse.ArgumentParser:
    made = parser("show_top_pages", __doc__.split("\n")[0])
    made.add_argument("--top", type=whole_number, default=20, metavar="N", help="how many pages (default 20)")
    add_interval(made, now, "24h")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
