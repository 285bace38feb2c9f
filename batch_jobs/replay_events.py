"""Make received hours of `raw_events` anew with the code of today, compare, and then swap them in or discard them.

    python -m batch_jobs.replay_events --stack clickstream-local --from 2026-11-21T00 --to 2026-11-21T23
    python -m batch_jobs.replay_events --stack clickstream-local --swap        # or --discard

From landing, which is kept for 7 days, or with `--source generation` from the rows of a generation. What readers see
does not change before `--swap`; until then the table `raw_events_replay` holds the hours as they would be. Hours that
moved on meanwhile are not swapped, but named. After a swap, `make rollback` brings the rows before it back for a day.
"""

import argparse
import json
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from batch_jobs import replay_table
from batch_jobs.command_line import interruptible
from batch_jobs.ledger_tools import parser, shown
from batch_jobs.stack_lake import hour, stack_lake
from clickstream.errors import ClickstreamError
from clickstream.lake import generations
from clickstream.lake.differences import Differences, compare
from clickstream.lake.replaying import SHADOW, discard, prepared, prepared_hours, replay, swap
from clickstream.lake.restoring import newest_of
from clickstream.lake.work import Lake


def main(argv: Sequence[str] | None = None) -> int:
    """Replay. 0: done; 1: an hour or a service failed, or an hour had moved on; 2: wrong usage."""
    options = _parsed(argv)
    try:
        lake = stack_lake(options.stack)
        if options.swap or options.discard:
            return _decide(lake, is_swap=options.swap)
        return _prepare(lake, options)
    except ClickstreamError as error:
        print(f"replay_events: {error}", file=sys.stderr)
        return 1


def _prepare(lake: Lake, options: argparse.Namespace) -> int:
    """Prepare every compacted hour of the interval, and show what is different. A new replay discards the last one."""
    hours = [one for one in generations.newest_keys(lake.bucket) if options.first <= one <= options.last]
    if not hours:
        print(f"replay_events: no compacted hour from {options.first} to {options.last}", file=sys.stderr)
        return 1
    for one in prepared_hours(lake):
        discard(lake, one)
    replay_table.make(_database(lake), lake.bucket.name)
    found, run_id, failed = Differences(), uuid.uuid4().hex[:12], 0
    for one in shown("hours", sorted(hours), len(hours)):
        try:
            _replayed(lake, one, run_id, options, found)
        except ClickstreamError as error:
            failed += 1
            print(f"replay_events: {error}", file=sys.stderr)
    _print(found, is_whole=not failed)
    # One whose present files are lost cannot be compared, and waits all the same.
    waiting = sum(1 for _ in prepared_hours(lake))
    print(f"{waiting} hours are in {SHADOW} and wait for --swap or --discard.")
    return 1 if failed else 0


def _replayed(lake: Lake, hour: str, run_id: str, options: argparse.Namespace, found: Differences) -> None:
    """Prepare one hour, and take it into the comparison."""
    before = newest_of(lake, hour)
    is_from_landing = options.source == "landing"
    after = replay(lake, hour, run_id, number=options.generation, is_from_landing=is_from_landing)
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        compare(found, lake.bucket, before, after, Path(folder))
    line = {"job": "replay_events", "hour": hour, "generation": after.generation, "from": options.source}
    counts = {name: (getattr(before, name), getattr(after, name)) for name in ("rows", "duplicates", "quarantined")}
    print(json.dumps(line | counts), flush=True)


def _decide(lake: Lake, *, is_swap: bool) -> int:
    """Swap every prepared hour in, oldest first, or discard them; then the shadow table goes."""
    left = 0
    hours = list(prepared_hours(lake))
    if not hours:
        print("replay_events: nothing is prepared; --from and --to prepare an interval", file=sys.stderr)
    for one in shown("hours", hours, len(hours)):
        result = swap(lake, one) if is_swap else "discarded"
        left += result == "overtaken"
        prepared_rows = _rows(lake, one)
        discard(lake, one)
        print(json.dumps({"job": "replay_events", "hour": one, "result": result, "rows": prepared_rows}), flush=True)
    replay_table.drop(_database(lake))
    if left:
        reason = "have moved on since, or what they leave out is not kept any more"
        print(f"replay_events: {left} hours {reason}; replay them again", file=sys.stderr)
    return 1 if left or (is_swap and not hours) else 0


def _rows(lake: Lake, hour: str) -> int:
    found = prepared(lake, hour)
    return found.rows if found else 0


def _print(found: Differences, *, is_whole: bool) -> None:
    """The figures that differ, and the totals in any case."""
    table = Table("figure", "now", "replayed", "difference", title="raw_events and its replay")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in _table_rows(found):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    if found.is_empty and is_whole:
        print("Row by row the same.")


def _table_rows(found: Differences) -> Iterator[tuple[str, str, str, str]]:
    totals = ("rows", "distinct sessions")
    for name, before, after in found.lines():
        if before != after or name in totals or name.startswith("revenue "):
            yield name, f"{before:,}", f"{after:,}", f"{after - before:+,}"
    for name, count in (("events only in raw_events", -found.removed), ("events only in the replay", found.added)):
        if count:
            yield name, "", "", f"{count:+,}"
    for name, count in found.changed.most_common():
        yield f"events with another {name}", "", "", f"{count:,}"


def _database(lake: Lake) -> str:
    catalog = lake.catalog
    database: str = catalog.database  # type: ignore[attr-defined]  # of the Glue catalog, which a stack's lake has
    return database


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    made = parser("replay_events", "Make received hours anew, compare, and swap them in or discard them.")
    made.add_argument("--from", dest="first", type=hour, metavar="HOUR", help="first received hour, as 2026-11-21T00")
    made.add_argument("--to", dest="last", type=hour, metavar="HOUR", help="last received hour; default: the first")
    made.add_argument("--source", choices=["landing", "generation"], default="landing", help="what to make them of")
    made.add_argument("--generation", type=int, metavar="N", help="which generation; default: the newest")
    decision = made.add_mutually_exclusive_group()
    decision.add_argument("--swap", action="store_true", help="make what was prepared the newest generations")
    decision.add_argument("--discard", action="store_true", help="forget what was prepared")
    options = made.parse_args(argv)
    if bool(options.first) == (options.swap or options.discard):
        made.error("give an interval with --from and --to, or one of --swap and --discard")
    if options.generation is not None and options.source == "landing":
        made.error("--generation needs --source generation")
    options.last = options.last or options.first
    if options.first and options.last < options.first:
        made.error(f"--to {options.last} is before --from {options.first}")
    return options


if __name__ == "__main__":
    sys.exit(interruptible(main))
