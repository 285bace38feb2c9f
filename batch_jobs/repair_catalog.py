"""Rebuild the partitions of every table from the commits and the ledger: after a lost or damaged catalog.

Partitions that are right stay untouched, unless `--rewrite` asks for the table's present columns in every one. What is
past its retention gets none.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from batch_jobs import lake_arguments
from batch_jobs.command_line import interruptible
from clickstream.errors import ClickstreamError
from clickstream.lake import generations, score_log, session_log
from clickstream.lake.catalog import arrivals, open_partition, point, uri
from clickstream.lake.generations import lake_commits
from clickstream.lake.masked_log import first_of, log_of
from clickstream.lake.masking import MASKINGS
from clickstream.lake.work import Lake, kept
from clickstream.tables import BAD_EVENTS, RAW_EVENTS


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: every partition is right; 1: a service failed, said on standard error."""
    options = lake_arguments.parse(_parser(), argv)
    try:
        repaired = repair(lake_arguments.lake(options), rewrite=options.rewrite)
    except ClickstreamError as error:
        print(f"repair_catalog: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"job": "repair_catalog", "written": repaired}))
    return 0


def repair(lake: Lake, *, rewrite: bool = False) -> int:
    """Make every partition of every table right. Returns how many were written."""
    pointers = {found.hour: found for found in lake.catalog.list(RAW_EVENTS.name)}
    written, compacted = 0, set()
    for newest in lake_commits(lake.bucket):
        compacted.add(newest.hour)
        if newest.hour < lake.first_hour:
            continue
        pointer = pointers.get(newest.hour)
        if rewrite or pointer is None or pointer.location != uri(lake.bucket, newest.folder):
            point(lake.catalog, lake.bucket, newest.hour, lake.clock())
            written += 1
    hours = lake.ledger.hours()
    landed = [hour for hour in kept(lake, hours) if hour not in compacted]
    written += _arrivals(lake, RAW_EVENTS.name, landed, rewrite=rewrite)
    written += _arrivals(lake, BAD_EVENTS.name, hours, rewrite=rewrite)
    written += session_log.LOG.mend(lake, lake.first_date, is_forced=rewrite)
    written += score_log.LOG.mend(lake, lake.first_date, is_forced=rewrite)
    masked = ((log_of(one.target.name), first_of(lake, one)) for one in MASKINGS)
    return written + sum(log.mend(lake, first, is_forced=rewrite) for log, first in masked)


def _arrivals(lake: Lake, table: str, hours: list[str], *, rewrite: bool) -> int:
    """Point hours without a generation to where their files arrive. Returns how many were written."""
    pointers = {found.hour: found.location for found in lake.catalog.list(table)}
    written = 0
    for hour in hours:
        wanted = arrivals(lake.bucket, table, hour)
        if rewrite or pointers.get(hour) != wanted.location:
            if not open_partition(lake.catalog, lake.bucket, table, hour):
                lake.catalog.update(table, wanted)
                if table == RAW_EVENTS.name and generations.newest(lake.bucket, hour):
                    # A compaction was faster: its readers must not be sent back to landing.
                    point(lake.catalog, lake.bucket, hour, lake.clock())
            written += 1
    return written


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Rebuild the partitions of the lake.")
    parser.add_argument("--rewrite", action="store_true", help="write every partition, with the table's columns of now")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
