"""Compact landed events into `raw_events`: every received hour that is unfinished, at whatever age.

Runs under Glue and as a plain script, any number of times. One JSON line per hour goes to standard output. At the end
the files that nothing refers to any more are removed, unless an hour failed or `--keep-garbage` is given.

With `--workers spark` the workers of a Spark cluster take the hours, several at once. What is left of them, and what
can only be decided in order, is done here.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence

from batch_jobs import lake_arguments
from batch_jobs.command_line import interruptible
from batch_jobs.job_progress import shown, timed
from clickstream.errors import ClickstreamError, InfrastructureError
from clickstream.lake.compaction import Outcome, compact_hours
from clickstream.lake.garbage import collect
from clickstream.lake.retention import remove_expired
from clickstream.lake.work import Lake, closed, unfinished

_COUNTS = ("landed", "rows", "duplicates", "quarantined", "redelivered", "erased")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: nothing is left to do; 1: an hour or a service failed, said on standard error."""
    words = sys.argv[1:] if argv is None else argv
    options = lake_arguments.parse(_parser(), words)
    try:
        return _run(lake_arguments.lake(options), options, words)
    except ClickstreamError as error:
        print(f"compact_events: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Compact landed events into raw_events.")
    parser.add_argument("--include-open", action="store_true", help="also hours that are not over yet")
    parser.add_argument(
        "--hour",
        nargs="+",
        type=lake_arguments.hour,
        metavar="HOUR",
        help="only these received hours, as 2026-11-21T09",
    )
    parser.add_argument("--keep-garbage", action="store_true", help="remove no files")
    parser.add_argument("--workers", choices=("plain", "spark"), default="plain", help="who compacts; default plain")
    parser.add_argument(
        "--worker-archives", default="", help="local zip archives that Spark workers unpack, separated by commas"
    )
    return parser


def _run(lake: Lake, options: argparse.Namespace, words: Sequence[str]) -> int:
    hours = options.hour or lake.ledger.hours()
    hours = hours if options.include_open else closed(lake, hours)
    failed = 0
    for outcome, seconds in _outcomes(lake, options, words, hours):
        print(json.dumps(_line(outcome, seconds)), flush=True)
        if outcome.result == "failed":
            failed += 1
            print(f"compact_events: {outcome.hour} failed: {outcome.problem}", file=sys.stderr)
        for copy in outcome.generation.set_aside if outcome.generation and outcome.result == "compacted" else ():
            print(f"compact_events: {outcome.hour}: an unreadable object is kept as {copy}", file=sys.stderr)
    if not failed and not options.keep_garbage:
        _collect(lake)
    return 1 if failed else 0


def _outcomes(
    lake: Lake, options: argparse.Namespace, words: Sequence[str], hours: list[str]
) -> Iterator[tuple[Outcome, float]]:
    """Compact the hours: in any order by other workers, if there are any, then what is left of them in order."""
    waiting = unfinished(lake, hours)
    if options.workers == "spark" and len(waiting) > 1:
        spread = _spread(options, words, waiting)
        yield from spread
        failed = {outcome.hour for outcome, _ in spread if outcome.result == "failed"}
        hours = [hour for hour in hours if hour not in failed]
        waiting = unfinished(lake, hours)
    yield from timed(shown(compact_hours(lake, hours, waiting), len(waiting), "compacting hours"))


def _spread(options: argparse.Namespace, words: Sequence[str], hours: list[str]) -> list[tuple[Outcome, float]]:
    """What workers of Spark made of the hours; nothing if the cluster fails, for all of it can be done here."""
    from batch_jobs import spark_workers  # pyspark is on Glue, not on every machine

    archives = [archive for archive in options.worker_archives.split(",") if archive]
    version = os.environ.get("CLICKSTREAM_CODE_VERSION", "dev")
    try:
        return spark_workers.compacted_hours(hours, words, version, archives)
    except InfrastructureError as error:
        print(f"compact_events: one process goes on alone: {error}", file=sys.stderr)
        return []


def _line(outcome: Outcome, seconds: float) -> dict[str, object]:
    line: dict[str, object] = {"job": "compact_events", "hour": outcome.hour, "result": outcome.result}
    if outcome.generation:
        line |= {"generation": outcome.generation.generation, "inputs": outcome.new_inputs}
        line |= {name: getattr(outcome.generation, name) for name in _COUNTS}
    return line | {"seconds": round(seconds, 3)}


def _collect(lake: Lake) -> None:
    collected = collect(lake)
    garbage = dataclasses.asdict(collected) | {"expired": remove_expired(lake)}
    print(json.dumps({"job": "compact_events", "garbage": garbage}), flush=True)
    for key in collected.unexplained:
        print(f"compact_events: {key} is named by no commit; see the operations guide, orphans", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(interruptible(main))
