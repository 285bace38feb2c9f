"""Walk the ledger and say, hour by hour, what became of every record and event, and whether all of it adds up.

    python -m batch_jobs.show_ledger --stack clickstream-local [--since 2026-11-21] [--json]

Every number is counted where it happens, none is a remainder: records in commits, in the failure bucket and still in
the stream; events landed and bad; rows of the lake; counters. Whatever does not agree is named with lane and range.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.ledger_account import Books, Question, Sources, draw_up
from batch_jobs.ledger_tools import deployed, now, parser, shown
from batch_jobs.stream_reading import StreamReader
from clickstream.errors import ClickstreamError
from clickstream.lake.accounting import COUNTS

SHOWN = 20
"""Disagreements that are printed; `--json` holds them all."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the account. 0: every identity holds; 1: one does not, or a service failed; 2: wrong usage."""
    options = _parser().parse_args(argv)
    try:
        books = draw_up(_sources(options.stack), _question(options), shown)
    except ClickstreamError as error:
        print(f"show_ledger: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(_plain(books), indent=2))
    else:
        _print(books)
    return 1 if books.account.disagreements else 0


def _sources(stack: str) -> Sources:
    found = deployed(stack)
    stream = StreamReader(found.names["StreamName"])
    parts = (found.ledger, found.bucket, found.failures, stream, found.pages, found.function)
    return Sources(*parts, now(), found.first_hour)


def _question(options: argparse.Namespace) -> Question:
    return Question(options.since, options.sent_records, is_whole_stream=options.whole_stream)


def _print(books: Books) -> None:
    # Without a terminal there is no width to fit into, and a cut number would be a wrong one.
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(_table(books))
    if books.received is None:
        console.print("Nobody outside counted what came in: give --sent-records, the sender's own count.")
    else:
        console.print(f"{books.received:,} records came in by the count of {books.received_from}.")
    if books.waiting_objects:
        console.print(f"{books.waiting_objects:,} objects wait in the failure bucket: `make recover`.")
    found = books.account.disagreements
    console.print("Every identity holds." if not found else f"{len(found):,} identities do not hold:")
    for disagreement in found[:SHOWN]:
        console.print(f"  {disagreement}", soft_wrap=True, markup=False, highlight=False)


def _table(books: Books) -> Table:
    account = books.account
    used = [name for name in COUNTS if account.total(name) or name in ("records", "events", "landed", "bad", "rows")]
    table = Table("received hour", *used, title="The ledger")
    for column in table.columns[1:]:
        column.justify = "right"
    for hour in sorted(account.hours):
        table.add_row(hour, *(f"{account.hours[hour][name]:,}" for name in used))
    table.add_section()
    table.add_row("total", *(f"{account.total(name):,}" for name in used))
    return table


def _plain(books: Books) -> dict[str, Any]:
    account = books.account
    return {
        "hours": {hour: {name: account.hours[hour][name] for name in COUNTS} for hour in sorted(account.hours)},
        "total": {name: account.total(name) for name in COUNTS},
        "received": books.received,
        "received_from": books.received_from,
        "accounted": books.accounted,
        "failure_objects": books.waiting_objects,
        "disagreements": [str(disagreement) for disagreement in account.disagreements],
    }


def _parser() -> argparse.ArgumentParser:
    made = parser("show_ledger", "Say what became of every record and event, and whether it adds up.")
    made.add_argument("--since", type=instant, metavar="TIME", help="only commits written from then on; default: all")
    made.add_argument("--sent-records", type=int, metavar="N", help="Kinesis records that the sender says it has sent")
    made.add_argument("--whole-stream", action="store_true", help="read all that the stream holds, whatever it takes")
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
