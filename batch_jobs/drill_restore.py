"""Prove that what is stored can be brought back, without touching it.

    python -m batch_jobs.drill_restore --stack clickstream-production [--tables ledger counters]

Every table is restored from point-in-time recovery to a copy beside it, read item by item beside the table, and the
copy deleted. The newest hour whose landing is still kept is made anew from it, compared row by row, and discarded. On
AWS the copies cost $0.15 a GB, the reading some more; it takes as long as DynamoDB takes to restore, minutes to hours.
"""

import argparse
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from batch_jobs import replay_table
from batch_jobs.command_line import interruptible
from batch_jobs.drill.table_copies import Comparison, TableCopies
from batch_jobs.lake_interval import whole_number
from batch_jobs.ledger_tools import parser
from batch_jobs.stack import outputs
from batch_jobs.stack_lake import stack_lake
from clickstream.errors import ClickstreamError
from clickstream.lake import generations
from clickstream.lake.differences import Differences, compare
from clickstream.lake.generations import Generation
from clickstream.lake.replaying import discard, prepared_hours, replay
from clickstream.lake.restoring import gone, newest_of
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from clickstream.stream.processing import CONSUMER

TABLES = {
    "ledger": "LedgerTableName",
    "counters": "CountersTableName",
    "page-metrics": "PageMetricsTableName",
    "session-metrics": "SessionMetricsTableName",
    "traffic-states": "TrafficStatesTableName",
    "anomalies": "AnomaliesTableName",
}
"""The outputs that name them. Limits of the collector's keys are not worth a restore: they are of one minute each."""


def main(argv: Sequence[str] | None = None) -> int:
    """Drill. 0: all came back as it is; 1: something did not, or a service failed, said on standard error."""
    options = _parser().parse_args(argv)
    problems: list[str] = []
    shown = Table("what", "equal", "changed since", "gone since", "verdict")
    try:
        lake = stack_lake(options.stack)
        names = outputs(options.stack)
        for found in _tables(lake.ledger, [names[TABLES[name]] for name in options.tables], options.limit):
            problems += [f"{found.table}: {problem}" for problem in found.problems]
            counts = (f"{found.counts[name]:,}" for name in ("equal", "changed", "gone"))
            shown.add_row(found.table, *counts, "differs" if found.problems else "restored")
        shown.add_row(*_hour(lake, problems))
    except ClickstreamError as error:
        problems.append(str(error))
    Console(width=None if sys.stdout.isatty() else 160).print(shown)
    for problem in problems:
        print(f"drill_restore: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _tables(ledger: Ledger, names: Sequence[str], limit_s: int) -> Iterator[Comparison]:
    """Restore all of them at once, and compare one after the other. Nothing of it is left, whatever happens."""
    copies = TableCopies(uuid.uuid4().hex[:8])
    try:
        for name in names:
            copies.restore(name)
        lanes = [str(lane) for lane in ledger.lanes(CONSUMER)]
        for name in names:
            copies.wait(name, limit_s)
            yield copies.compare(name, commits_of=lanes if name.endswith("-ledger") else ())
    finally:
        for copy in copies.delete():
            advice = f"aws dynamodb delete-table --table-name {copy}"
            print(f"drill_restore: {copy} is still being made; when it is ACTIVE: {advice}", file=sys.stderr)


def _hour(lake: Lake, problems: list[str]) -> tuple[str, str, str, str, str]:
    """Make the newest hour anew whose landing is kept, beside what readers see, and discard it; a row of the table."""
    if busy := list(prepared_hours(lake)):
        return f"raw_events {busy[0]}", "", "", "", "left out: a replay waits for --swap or --discard"
    for hour in sorted(generations.newest_keys(lake.bucket), reverse=True):
        newest = newest_of(lake, hour)
        if newest.rows and not gone(lake, hour, newest.inputs):
            found = _remade(lake, newest)
            if not found.is_empty:
                problems.append(f"raw_events {hour}: other rows from landing; `make replay FROM={hour}` shows them")
            return f"raw_events {hour}", f"{found.after.rows:,}", "", "", "remade" if found.is_empty else "differs"
    return "raw_events", "", "", "", "left out: no hour has its landing any more"


def _remade(lake: Lake, newest: Generation) -> Differences:
    found = Differences()
    database: str = lake.catalog.database  # type: ignore[attr-defined]  # of Glue, which a stack's lake has
    replay_table.make(database, lake.bucket.name)
    try:
        after = replay(lake, newest.hour, uuid.uuid4().hex[:12])
        with tempfile.TemporaryDirectory(prefix="drill-") as folder:
            compare(found, lake.bucket, newest, after, Path(folder))
    finally:
        discard(lake, newest.hour)
        replay_table.drop(database)
    return found


def _parser() -> argparse.ArgumentParser:
    made = parser("drill_restore", __doc__.split("\n")[0])
    made.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="default: all")
    made.add_argument("--limit", type=whole_number, default=4 * 3600, help="seconds for a table; default four hours")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
