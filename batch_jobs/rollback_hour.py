"""Bring an older generation of received hours back, with its inputs alone: what came in later is work again.

    python -m batch_jobs.rollback_hour --stack clickstream-local 2026-11-21T09 [--to 3]
    python -m batch_jobs.rollback_hour --stack clickstream-local 2026-11-21T09 --list
    python -m batch_jobs.rollback_hour --stack clickstream-local --replay

`--replay` takes back what the last `replay_events --swap` made, in all its hours that did not move on since.
The files of a replaced generation are kept for a day after the swap. The next run of `compact_events` takes the later
inputs in again, with the code of then: deploy the repaired code first, or stop its schedule until that is done.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from batch_jobs.command_line import interruptible
from batch_jobs.ledger_tools import parser, shown
from batch_jobs.stack_lake import hour, stack_lake
from clickstream.errors import ClickstreamError, LakeError
from clickstream.lake import generations
from clickstream.lake.generations import commit_key
from clickstream.lake.replaying import REPLAY
from clickstream.lake.restoring import is_kept, newest_of, older, roll_back
from clickstream.lake.work import Lake


def main(argv: Sequence[str] | None = None) -> int:
    """Roll back. 0: readers see the older generations; 1: an hour or a service failed; 2: wrong usage."""
    options = _parsed(argv)
    failed = 0
    try:
        lake = stack_lake(options.stack)
        hours = _of_the_last_replay(lake) if options.replay else sorted(set(options.hour))
    except ClickstreamError as error:
        print(f"rollback_hour: {error}", file=sys.stderr)
        return 1
    for one in shown("hours", hours, len(hours)):
        try:
            for line in _listed(lake, one) if options.list else [_rolled_back(lake, one, options.to)]:
                print(json.dumps(line), flush=True)
        except ClickstreamError as error:
            failed += 1
            print(f"rollback_hour: {error}", file=sys.stderr)
    return 1 if failed else 0


def _of_the_last_replay(lake: Lake) -> list[str]:
    """The hours whose newest generation the last replay made. Raises `LakeError` if there is none."""
    replayed = [found for found in generations.lake_commits(lake.bucket) if found.origin.startswith(REPLAY)]
    if not replayed:
        raise LakeError("no hour is as a replay left it: name the hours to roll back")
    last = max(replayed, key=lambda found: found.written_time)
    return [found.hour for found in replayed if found.origin == last.origin]


def _rolled_back(lake: Lake, hour: str, number: int | None) -> dict[str, Any]:
    before = newest_of(lake, hour)
    base = older(lake, hour, number)
    found = roll_back(lake, hour, base)
    again = sorted(set(before.inputs) - set(found.inputs))
    line = {"job": "rollback_hour", "hour": hour, "from": before.generation, "generation": found.generation}
    rows = {"origin": found.origin, "rows": found.rows, "rows_before": before.rows, "erased": found.erased}
    return line | rows | {"inputs_to_do_again": len(again)}


def _listed(lake: Lake, hour: str) -> Iterator[dict[str, Any]]:
    """One line a generation, newest first: what it holds, and whether its files are still there."""
    for number in range(newest_of(lake, hour).generation, 0, -1):
        found = generations.read(lake.bucket, commit_key(hour, number))
        line: dict[str, Any] = {"hour": hour, "generation": number, "written_time": found.written_time.isoformat()}
        line |= {name: getattr(found, name) for name in ("rows", "landed", "duplicates", "erased", "code_version")}
        yield line | {"inputs": len(found.inputs), "origin": found.origin, "is_kept": is_kept(lake, found)}


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    made = parser("rollback_hour", "Bring an older generation of received hours back.")
    made.add_argument("hour", nargs="*", type=hour, help="received hour, as 2026-11-21T09")
    made.add_argument("--to", type=int, metavar="GENERATION", help="which one; default: the one before the newest")
    made.add_argument("--list", action="store_true", help="only list the generations")
    made.add_argument("--replay", action="store_true", help="every hour that the last replay swapped in")
    options = made.parse_args(argv)
    if bool(options.hour) == options.replay:
        made.error("name hours, or --replay for those of the last replay")
    if options.replay and options.to:
        made.error("--to is for hours that are named: --replay goes back to what each hour held before")
    return options


if __name__ == "__main__":
    sys.exit(interruptible(main))
