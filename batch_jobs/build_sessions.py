r"""Build the table `sessions` from `raw_events`: every date whose events changed since, at whatever age.

    python -m batch_jobs.build_sessions --bucket B --database D --ledger-table L \
        [--gap-minutes 30] [--cut-at midnight,campaign] [--rebuild]

Runs under Glue and as a plain script, any number of times. One JSON line per date goes to standard output. At the end
the files that were replaced a day ago are removed, unless a date failed or `--keep-garbage` is given. Other rules than
those a date was built by are a reason to build it again: a change of the options rebuilds the whole table.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date

from batch_jobs import lake_arguments
from batch_jobs.command_line import interruptible
from batch_jobs.job_progress import shown, timed
from clickstream.errors import ClickstreamError
from clickstream.lake.retention import remove_expired_sessions
from clickstream.lake.session_building import Outcome, build_dates, collect_sessions
from clickstream.lake.session_log import unfinished_dates
from clickstream.lake.session_rules import LONGEST_GAP_S, Rules
from clickstream.lake.work import Lake

MIDNIGHT, CAMPAIGN = "midnight", "campaign"
_COUNTS = ("generation", "sessions", "events")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: nothing is left to do; 1: a date or a service failed, said on standard error."""
    options = lake_arguments.parse(_parser(), argv)
    try:
        return _run(lake_arguments.lake(options), options)
    except ClickstreamError as error:
        print(f"build_sessions: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Build the sessions of every date whose events changed.")
    parser.add_argument("--gap-minutes", type=_gap, default=30, help="a pause of so many minutes ends a session")
    cuts = "what else ends one: midnight (UTC), campaign (another one is stated), or midnight,campaign"
    parser.add_argument("--cut-at", type=_cuts, default=frozenset(), metavar="WHAT", help=cuts)
    parser.add_argument("--date", nargs="+", type=_date, metavar="DATE", help="only these dates, as 2026-11-21")
    parser.add_argument("--rebuild", action="store_true", help="also dates that are up to date")
    parser.add_argument("--keep-garbage", action="store_true", help="remove no files")
    return parser


def _run(lake: Lake, options: argparse.Namespace) -> int:
    rules = Rules(
        gap_s=60 * options.gap_minutes,
        is_cut_at_midnight=MIDNIGHT in options.cut_at,
        is_cut_at_campaign=CAMPAIGN in options.cut_at,
    )
    plans = unfinished_dates(lake, rules, is_forced=options.rebuild)
    plans = [plan for plan in plans if not options.date or plan.date in options.date]
    outcomes = build_dates(lake, plans, is_forced=options.rebuild)
    failed = 0
    for outcome, seconds in timed(shown(outcomes, len(plans), "building sessions")):
        print(json.dumps(_line(outcome, seconds)), flush=True)
        if outcome.result == "failed":
            failed += 1
            print(f"build_sessions: {outcome.date} failed: {outcome.problem}", file=sys.stderr)
    if not failed and not options.keep_garbage:
        removed = collect_sessions(lake) + remove_expired_sessions(lake)
        print(json.dumps({"job": "build_sessions", "removed": removed}), flush=True)
    return 1 if failed else 0


def _line(outcome: Outcome, seconds: float) -> dict[str, object]:
    line: dict[str, object] = {"job": "build_sessions", "date": outcome.date, "result": outcome.result}
    if outcome.generation:
        line |= {name: getattr(outcome.generation, name) for name in _COUNTS}
    return line | {"seconds": round(seconds, 3)}


def _gap(text: str) -> int:
    """Minutes of a pause. Raises argparse's own error."""
    most = LONGEST_GAP_S // 60
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of minutes from 1 to {most}")
    return int(text)


def _cuts(text: str) -> frozenset[str]:
    """Words between commas; `none` is none. Raises argparse's own error."""
    words = frozenset(text.split(",")) - {"none"}
    if words - {MIDNIGHT, CAMPAIGN}:
        raise argparse.ArgumentTypeError(f"{text!r} is none of none, {MIDNIGHT}, {CAMPAIGN} and both with a comma")
    return words


def _date(text: str) -> str:
    """A date of a command line. Raises `ValueError` for anything but `2026-11-21`."""
    return date.fromisoformat(text).isoformat()


if __name__ == "__main__":
    sys.exit(interruptible(main))
