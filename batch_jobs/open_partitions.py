"""Create partitions ahead of time, so that events can be queried minutes after they arrive.

Only creates, never changes: a compacted hour keeps its pointer. Covers the coming hours and every received hour that
lacks a partition.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta

from batch_jobs import lake_arguments
from batch_jobs.command_line import interruptible
from clickstream.errors import ClickstreamError
from clickstream.lake.catalog import open_partition
from clickstream.lake.generations import hour_after, newest_keys
from clickstream.lake.work import Lake, kept
from clickstream.tables import ARRIVAL_TABLES, RAW_EVENTS, hour_text

AHEAD = timedelta(hours=26)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: every partition exists; 1: a service failed, said on standard error."""
    options = lake_arguments.parse(_parser(), argv)
    try:
        created = open_partitions(lake_arguments.lake(options), options.hours_ahead)
    except ClickstreamError as error:
        print(f"open_partitions: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"job": "open_partitions", "created": created}))
    return 0


def open_partitions(lake: Lake, ahead: int) -> dict[str, int]:
    """Create what is missing, up to `ahead` hours from now. Returns the number of new partitions per table."""
    now = hour_text(lake.clock())
    wanted = {hour_after(now, number) for number in range(ahead + 1)} | set(lake.ledger.hours())
    return {table.name: _open(lake, table.name, wanted) for table in ARRIVAL_TABLES}


def _open(lake: Lake, table: str, wanted: set[str]) -> int:
    missing = wanted - {found.hour for found in lake.catalog.list(table)}
    if table == RAW_EVENTS.name and missing:
        missing.intersection_update(kept(lake, missing))
        # Landing may be gone already where there is a generation; those hours are the compactor's to point.
        missing -= newest_keys(lake.bucket).keys()
    return sum(open_partition(lake.catalog, lake.bucket, table, hour) for hour in sorted(missing))


def _parser() -> argparse.ArgumentParser:
    parser = lake_arguments.parser("Create partitions ahead of time.")
    # Steps share a line of arguments, and `--hours` means something else to `check_quality`.
    parser.add_argument(
        "--hours-ahead", type=int, default=AHEAD // timedelta(hours=1), help="hours to come (default 26)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
