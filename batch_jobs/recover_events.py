"""Bring back what was given up or refused: batches in the failure bucket, and bad events that the code accepts now.

    python -m batch_jobs.recover_events --stack clickstream-local [--dry-run]
    python -m batch_jobs.recover_events --stack clickstream-local --bad [--reason wrong_type] [--since 2026-11-21]

Safe at any time and any number of times, beside the running functions: what a commit covers is never taken twice.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_processor import build
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.ledger_tools import Deployed, deployed, now, parser, shown
from clickstream.errors import ClickstreamError
from clickstream.intake.reasons import Reason
from clickstream.stream.failures import failed_keys
from clickstream.stream.processing import CONSUMER, EventProcessor
from clickstream.stream.recovering import Recoverer
from clickstream.stream.reparsing import Reparser, bad_objects

KEPT = timedelta(days=90)
"""How long the lake keeps the payloads of bad events."""
UNFINISHED = {"failed", "waiting"}


def main(argv: Sequence[str] | None = None) -> int:
    """Recover. 0: nothing is left to do; 1: something failed or waits, said on standard error; 2: wrong usage."""
    options = _parser().parse_args(argv)
    unfinished = 0
    try:
        found = deployed(options.stack)
        work = _bad_events if options.bad else _given_up
        for line in work(found, build(found.settings), options):
            unfinished += line.get("result") in UNFINISHED and not options.dry_run
            print(json.dumps({"job": "recover_events", **line}), flush=True)
    except ClickstreamError as error:
        print(f"recover_events: {error}", file=sys.stderr)
        return 1
    if unfinished:
        print(f"recover_events: {unfinished} objects are left; run it again, or look at their problem", file=sys.stderr)
    return 1 if unfinished else 0


def _given_up(found: Deployed, processor: EventProcessor, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One line an object of the failure bucket, and one with the sums."""
    recoverer = Recoverer(processor, found.failures, found.function)
    keys = failed_keys(found.failures)
    outcomes = map(recoverer.look, keys) if options.dry_run else recoverer.recover_all(keys, uuid.uuid4().hex)
    records = left = 0
    for outcome in shown("objects", outcomes, len(keys)):
        records, left = records + outcome.records, left + outcome.open
        yield {name: value for name, value in asdict(outcome).items() if value != ""}
    yield {"objects": len(keys), "records": records, "open": left}


def _bad_events(found: Deployed, processor: EventProcessor, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One line an object with bad events that came back, one for each that failed, and one with the sums."""
    reparser = Reparser(
        ledger=processor.ledger,
        bucket=processor.bucket,
        applier=processor.applier,
        now=processor.now,
        read=processor.read,
        code_version=processor.code_version,
    )
    run_id, sums = uuid.uuid4().hex, {"looked_at": 0, "recovered": 0, "landed": 0}
    since = options.since or now() - KEPT
    for lane, landed in shown("objects", bad_objects(found.ledger, found.ledger.lanes(CONSUMER), since)):
        try:
            if options.dry_run:
                outcome = reparser.look(lane, landed, options.reason)
            else:
                outcome = reparser.reparse(lane, landed, run_id, options.reason)
        except ClickstreamError as error:
            yield {"key": landed.key, "result": "failed", "problem": str(error)}
            continue
        sums = {name: count + getattr(outcome, name) for name, count in sums.items()}
        if outcome.recovered:
            yield asdict(outcome)
    yield sums


def _parser() -> argparse.ArgumentParser:
    made = parser("recover_events", "Bring back given-up batches, or bad events that the code accepts now.")
    made.add_argument("--bad", action="store_true", help="bad events instead of the failure bucket")
    made.add_argument("--reason", choices=[reason.value for reason in Reason], help="only bad events of this reason")
    made.add_argument("--since", type=instant, metavar="TIME", help="bad events committed from then on; default: kept")
    made.add_argument("--dry-run", action="store_true", help="only say what would happen")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
