"""Make counter pages anew from the archive, while events keep coming.

    python -m batch_jobs.repair_pages --stack clickstream-local --minute 2026-11-21T09:05
    python -m batch_jobs.repair_pages --stack clickstream-local --since 2026-11-21

    python -m batch_jobs.repair_pages --stack clickstream-local --all

Without `--minute`, every page that differs from the ledger is made anew, as when the audit found a difference. `--all`
is for restored tables: every page is removed and made anew, also one that no commit knows, while nothing else writes.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from aws_processor import mappings_of
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.ledger_tools import Deployed, deployed, now, parser, shown
from clickstream.errors import ClickstreamError, ConfigError
from clickstream.positions import Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER
from clickstream.stream.repairing import Repair


def main(argv: Sequence[str] | None = None) -> int:
    """Repair. 0: the pages are as the ledger says; 1: a service failed, the same may be tried again; 2: wrong usage."""
    options = _parser().parse_args(argv)
    try:
        found = deployed(options.stack)
        known = list(map(str, found.ledger.lanes(CONSUMER)))
        if unknown := sorted(set(options.lane) - set(known)):
            lanes = ", ".join(known) or "none"
            print(f"repair_pages: no lane {', '.join(unknown)}; there are: {lanes}", file=sys.stderr)
            return 2
        for line in [_rebuilt(found)] if options.all else _repaired(found, options):
            print(json.dumps({"job": "repair_pages", **line}), flush=True)
    except ClickstreamError as error:
        print(f"repair_pages: {error}", file=sys.stderr)
        return 1
    return 0


def _repaired(found: Deployed, options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """A line for each page that was made anew, and one that says how many they are."""
    count = 0
    for count, repair in enumerate(_repairs(found, options), 1):  # noqa: B007  the last one is the count
        yield _line(repair)
    yield {"repaired": count}


def _rebuilt(found: Deployed) -> dict[str, object]:
    """Make all pages anew. Raises `ConfigError` if the function still gets records."""
    reading = [mapping["UUID"] for mapping in mappings_of(found.function) if mapping["State"] != "Disabled"]
    if reading:
        raise ConfigError(
            f"{found.function} still gets records by mapping {', '.join(reading)}, and its pages would lose counts: "
            f"disable it, wait 15 minutes, and enable it when the pages are made"
        )
    pages = found.pages
    applier = Applier(found.ledger, pages.counters, pages.page_metrics, pages.retention_days, now)
    return {"rebuilt_lanes": applier.rebuild(CONSUMER, partial(shown, "lanes"))}


def _repairs(found: Deployed, options: argparse.Namespace) -> Iterator[Repair]:
    lanes = [Lane(*lane.split("/")) for lane in options.lane] or found.ledger.lanes(CONSUMER)
    since = options.since or now() - timedelta(days=found.pages.retention_days)
    for lane in shown("lanes", lanes):
        minutes = options.minute or sorted({difference.minute for difference in found.pages.differences(lane, since)})
        for minute in minutes:
            yield from found.pages.repair(lane, minute)


def _line(repair: Repair) -> dict[str, object]:
    where = {"table": repair.table, "minute": repair.minute, "lane": str(repair.lane)}
    return {**where, "before": repair.before, "after": repair.after}


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
    which = made.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="remove every page and make it anew; not while events come")
    which.add_argument("--minute", nargs="+", type=_minute, default=[], metavar="MINUTE", help="as 2026-11-21T09:05")
    made.add_argument("--lane", nargs="+", type=_lane, default=[], metavar="LANE", help="as `make ledger` prints it")
    made.add_argument("--since", type=instant, metavar="TIME", help="compare commits from then on; default: all kept")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
