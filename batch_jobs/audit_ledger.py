"""Audit the ledger every hour: roll the heads of all lanes forward, and compare the counters with what has landed.

A lane that gets no more records leaves its newest commit to nobody but this job. Differences are published as a metric
with an alarm, and named on standard error; they are repaired only with `--repair`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from aws_stores import DynamoTable, S3Bucket
from batch_jobs.command_line import interruptible
from batch_jobs.job_metrics import publish
from batch_jobs.lake_interval import instant
from batch_jobs.stream_reading import StreamReader
from clickstream import metrics
from clickstream.errors import ClickstreamError, LakeError
from clickstream.lake import purges
from clickstream.lake.accounting import contradictions
from clickstream.lake.generations import hour_after, hour_start
from clickstream.ledger import Commit, Ledger
from clickstream.positions import Lane
from clickstream.stream.applying import Applier
from clickstream.stream.comparing import Difference
from clickstream.stream.failures import failed_keys
from clickstream.stream.processing import CONSUMER
from clickstream.stream.repairing import Pages, miscounted

LOOK_BACK = timedelta(hours=26)
"""Longer than a day, so that no run of a day is missed if one fails."""
SAMPLED = 20
"""So many newest commits of each lane are compared with the objects that they name."""


LANDING_KEPT = timedelta(days=7)
"""Objects of landing may be gone after this."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: it has looked and published what it found; 1: a service failed, said on standard error."""
    options, _ = _parser().parse_known_args(argv)
    clock = (lambda: options.now) if options.now else (lambda: datetime.now(UTC))
    bucket = S3Bucket(options.bucket)
    ledger = Ledger(DynamoTable(options.ledger_table), bucket)
    counters, page_metrics = DynamoTable(options.counters_table), DynamoTable(options.page_metrics_table)
    pages = Pages(ledger, bucket, counters, page_metrics, options.retention_days, clock)
    applier = Applier(ledger, counters, page_metrics, options.retention_days, clock)
    try:
        lanes = _lanes(ledger, StreamReader(options.stream))
        applier.audit(CONSUMER, lanes)
        _audit(pages, lanes, options, clock())
    except ClickstreamError as error:
        print(f"audit_ledger: {error}", file=sys.stderr)
        return 1
    return 0


def _lanes(ledger: Ledger, stream: StreamReader) -> list[Lane]:
    """Every lane: those that the ledger knows, and those of the stream's shards, should the ledger have forgotten."""
    epoch = stream.epoch()
    listed = [Lane(CONSUMER, epoch, shard_id) for shard_id in stream.shards()]
    beside = [lane for main in listed for lane in (main.fill, main.reparse)]
    return sorted({*ledger.lanes(CONSUMER), *listed, *beside})


def _audit(pages: Pages, lanes: Sequence[Lane], options: argparse.Namespace, now: datetime) -> None:
    """Compare, repair if asked to, publish, and say it in one line."""
    since = options.since or now - LOOK_BACK
    broken = [problem for lane in lanes for problem in _contradictions(pages, lane, since)]
    differences = [difference for lane in lanes for difference in pages.differences(lane, since)]
    if options.repair:
        _repair(pages, differences)
    for problem in (*broken, *differences):
        print(f"audit_ledger: {problem}", file=sys.stderr)
    total = sum(difference.size for difference in differences)
    values = {
        metrics.COUNTER_DIFFERENCE: total,
        metrics.LEDGER_CONTRADICTIONS: len(broken),
        metrics.COMPACTION_LAG_MINUTES: _compaction_lag_minutes(pages.ledger, now),
    }
    if options.failure_bucket:
        values[metrics.GIVEN_UP_BATCHES] = len(failed_keys(S3Bucket(options.failure_bucket)))
    publish(options.ledger_table, now, values)
    line = {"job": "audit_ledger", "lanes": len(lanes), "pages": len(differences), **values}
    print(json.dumps(line | {"repaired": bool(options.repair)}), flush=True)


def _contradictions(pages: Pages, lane: Lane, since: datetime) -> Iterator[str]:
    """What does not add up in the newest commits of the lane, by themselves and against their objects."""
    kept = max(since, pages.now() - LANDING_KEPT)
    for commit in islice(pages.ledger.commits_since(lane, kept), SAMPLED):
        for problem in (*contradictions(commit), *_against_objects(pages, commit)):
            yield f"{lane} {commit.last.lstrip('0')}: {problem}"


def _against_objects(pages: Pages, commit: Commit) -> list[str]:
    """An object that is gone or damaged is what the audit is there to tell; it must not end it.

    Where somebody was erased, objects go before their time.
    """
    try:
        return list(miscounted(pages.bucket, commit))
    except LakeError as error:
        is_purged = any(purges.is_noted(pages.bucket, landed.hour) for landed in commit.objects)
        return [] if is_purged else [str(error)]


def _repair(pages: Pages, differences: Iterable[Difference]) -> None:
    for lane, minute in sorted({(difference.lane, difference.minute) for difference in differences}):
        pages.repair(lane, minute)


def _compaction_lag_minutes(ledger: Ledger, now: datetime) -> int:
    """Since the end of the oldest hour of the last day that compaction has not settled; the open one aside."""
    ends = [hour_start(hour_after(hour)) for hour, mark in ledger.marks().items() if mark is None]
    return max((int((now - end).total_seconds()) // 60 for end in ends if now - LOOK_BACK <= end <= now), default=0)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m batch_jobs.audit_ledger", description=__doc__, allow_abbrev=False)
    made.add_argument("--bucket", required=True, help="name of the lake's bucket")
    made.add_argument("--stream", required=True, help="name of the stream")
    for table in ("ledger", "counters", "page-metrics"):
        made.add_argument(f"--{table}-table", required=True, help=f"name of the DynamoDB table {table}")
    made.add_argument("--failure-bucket", help="where batches lie that were given up; their number is published")
    made.add_argument("--retention-days", type=int, default=30, help="days that counters are kept; default 30")
    made.add_argument("--since", type=instant, metavar="TIME", help="commits written from then on; default 26 hours")
    made.add_argument("--now", type=instant, metavar="TIME", help="work as if it were this time, ISO 8601, UTC")
    made.add_argument("--repair", action="store_true", help="make the pages that differ anew")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
