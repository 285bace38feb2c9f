"""Print the stored anomalies as NDJSON: oldest first.

python -m batch_jobs.list_anomalies --stack clickstream-local [--rule click_rate] [--severity high] [--since TIME]

One object per session and rule, and one per series of the traffic, rule and minute: that one has a `series` instead of
a session. Alerts name no session; this command does. `alerted` is false while an anomaly waits for the end of its
rule's cool-down.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from aws_stores import DynamoTable
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.stack import outputs
from clickstream.detection.alerting import SEVERITIES, is_anomaly, rule_of, series_of
from clickstream.errors import ClickstreamError
from clickstream.live.readers import is_live
from clickstream.ports import Item


def main(argv: list[str] | None = None) -> int:
    """Print what the options ask for, of the anomalies that have not expired; 1 if they cannot be read."""
    options = _parser().parse_args(argv)
    now = datetime.now(UTC)
    try:
        table = DynamoTable(outputs(options.stack)["AnomaliesTableName"])
        in_force = [item for item in table.scan() if is_anomaly(item) and is_live(item, now)]
    except ClickstreamError as error:
        print(f"list_anomalies: {error}", file=sys.stderr)
        return 1
    for anomaly in listed(in_force, options.rule, options.severity, options.since):
        print(json.dumps(anomaly))
    return 0


def listed(
    items: Iterable[Item], rule: str | None = None, severity: str = "low", since: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """The anomalies among the items of the table, oldest first.

    Args:
        items: of the anomalies table.
        rule: only this one.
        severity: at least this one.
        since: taken by the stream at this instant or later (aware).
    """
    found = [
        item
        for item in items
        if is_anomaly(item)
        and rule in (None, rule_of(item))
        and _rank(item["severity"]) >= _rank(severity)
        and (since is None or datetime.fromisoformat(item["detected_time"]) >= since)
    ]
    for item in sorted(found, key=lambda item: (item["detected_time"], item["pk"], item["sk"])):
        fields = {name: item[name] for name in ("detected_time", "severity", "evidence", "alerted")}
        yield _subject(item) | {"rule": rule_of(item)} | fields


def _subject(item: Item) -> dict[str, str | None]:
    """What the anomaly is one of."""
    series = series_of(item)
    return {"session_id": item["pk"]} if series is None else {"session_id": None, "series": series}


def _rank(severity: str) -> int:
    """Unknown ones count as the worst: they are shown."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m batch_jobs.list_anomalies",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name the table")
    parser.add_argument("--rule", help="only anomalies of this rule")
    parser.add_argument("--severity", choices=SEVERITIES, default="low", help="at least this severity")
    parser.add_argument("--since", type=instant, help="taken by the stream at this time or later, ISO 8601, UTC")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
