r"""Score the sessions of every date whose events changed since, newest date first, by the newest registered model.

    python -m batch_jobs.score_sessions --bucket B --database D --workgroup W --ledger-table L \
        [--most-dates 14] [--date 2026-11-21 …] [--rescore]

Athena makes the features (`sql/session_features.sql`) of a date and its neighbours, so that a session over midnight is
whole; it belongs to the date on which it begins. One JSON line per date goes to standard output. Without a registered
model (`make train`) nothing is done. A new model scores what comes and what changes; `--rescore` takes every date.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from batch_jobs import lake_arguments, session_features
from batch_jobs.command_line import interruptible
from batch_jobs.job_progress import timed
from batch_jobs.lake_interval import whole_number
from batch_jobs.queries import Guard
from clickstream.errors import ClickstreamError
from clickstream.lake.score_log import ScorePlan, unscored_dates
from clickstream.lake.scoring import Outcome, Scorer, collect_scores, score_dates
from clickstream.lake.session_forest import read_forest
from clickstream.lake.session_models import newest_model
from clickstream.lake.work import Lake

MOST_DATES = 14
"""Of one run: with a first model, history is scored over several nights, the newest dates first."""
_DAY = timedelta(days=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: done, or no model is registered; 1: a service failed, said on standard error."""
    options = lake_arguments.parse(_parser(), argv)
    lake = lake_arguments.lake(options)
    try:
        model = newest_model(lake.bucket)
        if model is None:
            print("score_sessions: no model is registered, so nothing is scored; train one with `make train`")
            return 0
        scorer = Scorer(read_forest(lake.bucket.get(model.forest_key)), model.version)
        _run(lake, scorer, options)
    except ClickstreamError as error:
        print(f"score_sessions: {error}", file=sys.stderr)
        return 1
    return 0


def _run(lake: Lake, scorer: Scorer, options: argparse.Namespace) -> None:
    guard = Guard(options.database, options.workgroup)
    plans = unscored_dates(lake, is_forced=options.rescore)
    plans = [plan for plan in plans if not options.date or plan.date in options.date]
    chosen = plans[: options.most_dates]
    for outcome, seconds in timed(score_dates(lake, chosen, scorer, lambda plan: _features(guard, lake, plan))):
        print(json.dumps(_line(outcome, seconds)), flush=True)
    if waiting := len(plans[options.most_dates :]):
        print(f"score_sessions: {waiting} dates wait for the next run", file=sys.stderr)
    print(json.dumps({"job": "score_sessions", "removed": collect_scores(lake)}), flush=True)


def _line(outcome: Outcome, seconds: float) -> dict[str, object]:
    line: dict[str, object] = {"job": "score_sessions", "date": outcome.date}
    if outcome.generation is None:
        line["waits"] = "its hours are being made anew"
    else:
        line |= {name: getattr(outcome.generation, name) for name in ("sessions", "odd", "model")}
    return line | {"seconds": round(seconds, 3)}


def _features(guard: Guard, lake: Lake, plan: ScorePlan) -> Iterator[pa.Table]:
    """The features of the date's sessions and of its neighbours', asked for at once and read as they are needed."""
    day = datetime.combine(date.fromisoformat(plan.date), datetime.min.time(), UTC)
    values = {"start": day - _DAY, "end": day + 2 * _DAY}
    files = session_features.unload(guard, lake.bucket, session_features.statement(), sorted(plan.inputs), values)
    return session_features.tables(lake.bucket, files)


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Score the sessions of every date whose events changed.")
    parser.add_argument("--workgroup", required=True, help="Athena workgroup that enforces its configuration")
    parser.add_argument("--date", nargs="+", metavar="DATE", help="only these dates, as 2026-11-21")
    parser.add_argument("--most-dates", type=whole_number, default=MOST_DATES, help="dates of one run; default 14")
    parser.add_argument("--rescore", action="store_true", help="also dates that are up to date")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
