"""Make counter pages anew from the archive, while events keep coming.

    python -m batch_jobs.repair_pages --stack clickstream-local --minute 2026-11-21T09:05
    python -m batch_jobs.repair_pages --stack clickstream-local --since 2026-11-21

Without `--minute`, every page that differs from the ledger is made anew: after a restored table, or when the audit
found a difference.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from batch_jobs.ledger_tools import Deployed, deployed, instant, now, parser, shown
from clickstream.errors import ClickstreamError
from clickstream.positions import Lane
from clickstream.stream.processing import CONSUMER
from clickstream.stream.repairing import Repair


def main(argv: Sequence[str] | None = None) -> int:
    """Repair. 0: the pages are as the ledger says; 1: a service failed, the same may be tried again; 2: wrong usage."""
    options = _parser().parse_args(argv)
    try:
        for repair in _repairs(deployed(options.stack), options):
            print(json.dumps(_line(repair)), flush=True)
    except ClickstreamError as error:
        print(f"repair_pages: {error}", file=sys.stderr)
        return 1
    return 0


def _repairs(found: Deployed, options: argparse.Namespace) -> Iterator[Repair]:
    lanes = [Lane(*lane.split("/")) for lane in options.lane] or found.ledger.lanes(CONSUMER)
    since = options.since or now() - timedelta(days=found.pages.retention_days)
    for lane in shown("lanes", lanes):
        minutes = options.minute or sorted({difference.minute for difference in found.pages.differences(lane, since)})
        for minute in minutes:
            yield from found.pages.repair(lane, minute)


def _line(repair: Repair) -> dict[str, object]:
    where = {"table": repair.table, "minute": repair.minute, "lane": str(repair.lane)}
    return {"job": "repair_pages", **where, "before": repair.before, "after": repair.after}


def _minute(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC).isoformat()[:16]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no minute such as 2026-11-21T09:05") from error


def _lane(text: str) -> str:
    if text.count("/") != 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no lane such as process_events/1763000000/shardId-000000000000")
    return text


def _parser() -> argparse.ArgumentParser:
    made = parser("repair_pages", "Make counter pages anew from the archive.")
    made.add_argument("--minute", nargs="+", type=_minute, default=[], metavar="MINUTE", help="as 2026-11-21T09:05")
    made.add_argument("--lane", nargs="+", type=_lane, default=[], metavar="LANE", help="as `make ledger` prints it")
    made.add_argument("--since", type=instant, metavar="TIME", help="compare commits from then on; default: all kept")
    return made


if __name__ == "__main__":
    sys.exit(main())
