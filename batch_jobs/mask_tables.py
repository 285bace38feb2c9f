"""Bring the copies without persons, `masked_events` and `masked_sessions`, up to `raw_events` and `sessions`.

    python -m batch_jobs.mask_tables --bucket B --database D --ledger-table L --masked-tables on

Runs under Glue and as a plain script, any number of times. One JSON line per partition goes to standard output. At the
end the files that were replaced a day ago are removed, or at once where somebody was erased, unless a partition failed
or `--keep-garbage` is given. With `--masked-tables off` every masked file is removed: nothing would follow erasures.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from batch_jobs import lake_arguments
from batch_jobs.command_line import interruptible
from batch_jobs.job_progress import timed
from clickstream.errors import ClickstreamError
from clickstream.lake.mask_building import Outcome, collect_masked, mask_tables, remove_masked
from clickstream.lake.work import Lake


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: nothing is left to do; 1: a partition or a service failed, said on standard error."""
    options = lake_arguments.parse(_parser(), argv)
    try:
        return _run(lake_arguments.lake(options), options)
    except ClickstreamError as error:
        print(f"mask_tables: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Bring the copies without persons up to their tables.")
    parser.add_argument("--keep-garbage", action="store_true", help="remove no files")
    return parser


def _run(lake: Lake, options: argparse.Namespace) -> int:
    failed = 0
    for outcome, seconds in timed(mask_tables(lake)) if lake.is_masked else ():
        print(json.dumps(_line(outcome, seconds)), flush=True)
        if outcome.result == "failed":
            failed += 1
            print(f"mask_tables: {outcome.table} {outcome.partition} failed: {outcome.problem}", file=sys.stderr)
    if not failed and not options.keep_garbage:
        removed = collect_masked(lake) if lake.is_masked else remove_masked(lake)
        print(json.dumps({"job": "mask_tables", "removed": removed}), flush=True)
    return 1 if failed else 0


def _line(outcome: Outcome, seconds: float) -> dict[str, object]:
    line: dict[str, object] = {"job": "mask_tables", "table": outcome.table, "partition": outcome.partition}
    line["result"] = outcome.result
    if outcome.generation:
        line |= {name: getattr(outcome.generation, name) for name in ("generation", "source", "rows")}
    return line | {"seconds": round(seconds, 3)}


if __name__ == "__main__":
    sys.exit(interruptible(main))
