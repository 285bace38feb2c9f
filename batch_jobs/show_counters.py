"""Print the live counters of an interval of received time, summed over lanes, by minute, hour or day.

python -m batch_jobs.show_counters --stack clickstream-local [--by minute] [--since 3h] [--until 2026-11-21T12:00]

Counts are of accepted events, a producer's duplicates included. Visitors and sessions are estimates (standard error
1.6 %); p50, p95 and p99 are the latency from the event's own time to its arrival, right within 3.2 %.
"""

import argparse
import json
import sys
from datetime import datetime

from rich.console import Console
from rich.table import Table as TerminalTable

from aws_stores import DynamoTable
from batch_jobs.command_line import interruptible
from batch_jobs.ledger_tools import retention_days
from batch_jobs.live_tables import (
    add_interval,
    duration_text,
    nothing_text,
    parser,
    ranking,
    table_of,
    utc_now,
    with_interval,
)
from batch_jobs.stack import outputs
from clickstream.errors import ClickstreamError
from clickstream.live.readers import Counts, counts, total
from clickstream.live.sketches import LONGEST_MS

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
MAPS = {"event type": "event_types", "channel": "channels", "device": "devices", "country": "countries"}


def main(argv: list[str] | None = None) -> int:
    """Print the steps and what they come to; 1 if the stack cannot be read, 2 for wrong usage."""
    now = utc_now()
    arguments = with_interval(_parser(now), argv)
    try:
        names = outputs(arguments.stack)
        days, table = retention_days(names), DynamoTable(names["CountersTableName"])
        steps = counts(table, arguments.since, arguments.until, arguments.by, now, days)
    except ClickstreamError as error:
        print(f"show_counters: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps({"steps": list(map(_record, steps)), "total": _record(total(steps))}, indent=2))
    else:
        _print(Console(), steps, arguments)
    return 0


def _print(console: Console, steps: list[Counts], arguments: argparse.Namespace) -> None:
    whole = total(steps)
    if whole is None:
        console.print(nothing_text("events", arguments))
        return
    console.print(_timeline(steps, whole, arguments.by))
    for title, name in MAPS.items():
        console.print(ranking(title, getattr(whole, name).most_common(), whole.events))


def _timeline(steps: list[Counts], whole: Counts, by: str) -> TerminalTable:
    table = table_of(f"{by} (UTC)", ("events", "visitors", "sessions", *SHARES))
    shape = {"minute": "%Y-%m-%d %H:%M", "hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d"}[by]
    for step in steps:
        table.add_row(step.start_time.strftime(shape), *_numbers(step))
    table.add_section()
    table.add_row("total", *_numbers(whole))
    return table


def _numbers(step: Counts) -> list[str]:
    latencies = [_latency_text(step.latency_ms(share)) for share in SHARES.values()]
    return [f"{step.events:,}", f"{step.visitors:,}", f"{step.sessions:,}", *latencies]


def _latency_text(time_ms: int | None) -> str:
    return f"≥ {duration_text(time_ms)}" if time_ms == LONGEST_MS else duration_text(time_ms)


def _record(step: Counts | None) -> dict[str, object] | None:
    if step is None:
        return None
    maps = {name: dict(getattr(step, name).most_common()) for name in MAPS.values()}
    latencies = {name: step.latency_ms(share) for name, share in SHARES.items()}
    numbers = {"events": step.events, "visitors": step.visitors, "sessions": step.sessions, "latency_ms": latencies}
    return {"start_time": step.start_time.isoformat()} | numbers | maps


def _parser(now: datetime) -> argparse.ArgumentParser:
    made = parser("show_counters", __doc__.split("\n")[0])
    made.add_argument("--by", choices=("minute", "hour", "day"), default="hour", help="length of a step (default hour)")
    add_interval(made, now, "24h")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
