"""Run the detector of traffic anomalies over history: what would it have told, and how often?

    python -m batch_jobs.backtest --stack clickstream-local [--lake] [--start 2026-11-01] [--out anomalies.csv]
    python -m batch_jobs.backtest --csv minutes.csv.gz

It is the code that runs every minute, from an empty state: the first day of a series is only learnt.
"""

import argparse
import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from batch_jobs.backtest_sources import History, from_counters, from_csv, from_lake
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.ledger_tools import shown
from batch_jobs.live_tables import plain, utc_now
from clickstream.detection.traffic_rules import TrafficAnomaly, Watch
from clickstream.detection.watching import SETTLED
from clickstream.errors import ClickstreamError
from clickstream.live.minutes import TOTAL

FAILED = 1
WIDE = 120
MINUTES_PER_DAY = 1440
COLUMNS = ("minute", "series", "rule", "severity", "expected", "seen", "score")


def main(argv: list[str] | None = None) -> int:
    """Print what was found; 1 if the history or the output fails, 2 for wrong usage. Anomalies are no failure."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.csv and (options.start or options.end):
        parser.error("--start and --end are for the counters and the lake; a file is read whole")
    try:
        history = _history(options)
        found = [anomaly for series in history.series for anomaly in replay(history, series)]
        found.sort(key=lambda anomaly: (anomaly.minute, anomaly.series))
        if options.out:
            _write(options.out, found)
    except (ClickstreamError, OSError) as error:
        print(f"backtest: {error}", file=sys.stderr)
        return FAILED
    # Without a terminal to fit, nothing needs to be cut.
    _print(Console(width=None if sys.stdout.isatty() else WIDE), history, found)
    return 0


def replay(history: History, series: str) -> list[TrafficAnomaly]:
    """The anomalies of one series in order of time. It begins with its first event."""
    watch, nothing = Watch(), Counter[str]()
    found = []
    started = (minute for minute in history.known if minute in history.minutes and history.minutes[minute][series])
    first = next(started, None)
    todo = [minute for minute in history.known if first and minute >= first]
    for minute in shown(series, todo):
        counts = history.minutes.get(minute, nothing)
        anomaly = watch.observe(series, minute, counts[series], counts[TOTAL])
        if anomaly:
            found.append(anomaly)
    return found


def _history(options: argparse.Namespace) -> History:
    if options.csv:
        return from_csv(options.csv)
    if options.lake:
        return from_lake(options.stack, options.start, options.end)
    now = utc_now()
    return from_counters(options.stack, options.start, options.end or now - SETTLED, now)


def _write(path: Path, found: Sequence[TrafficAnomaly]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, found))


def _cells(anomaly: TrafficAnomaly) -> tuple[str, ...]:
    numbers = (f"{anomaly.expected:.1f}", str(anomaly.seen), f"{anomaly.score:.2f}")
    return (f"{anomaly.minute:%Y-%m-%dT%H:%MZ}", anomaly.series, anomaly.rule, anomaly.severity, *numbers)


def _print(console: Console, history: History, found: Sequence[TrafficAnomaly]) -> None:
    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in COLUMNS[4:] else "left", no_wrap=True)
    for anomaly in found:
        table.add_row(*map(plain, _cells(anomaly)))
    if found:
        console.print(table)
    for line in _summary(history, found):
        console.print(line)


def _summary(history: History, found: Sequence[TrafficAnomaly]) -> Iterable[str]:
    days = len(history.known) / MINUTES_PER_DAY
    if not history.known:
        yield "no events in this interval"
        return
    yield (
        f"{len(history.known):,} minutes from {history.known[0]:%Y-%m-%d %H:%M} to {history.known[-1]:%Y-%m-%d %H:%M} "
        f"UTC, {len(history.series)} series"
    )
    yield (
        f"{len(found)} anomalies, {len(found) / max(days, 1):.2f} a day, on "
        f"{len({anomaly.minute.date() for anomaly in found})} of {math.ceil(days)} days"
    )
    if days <= 1:
        yield "the first day of a series is only learnt: a longer history says more"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m batch_jobs.backtest", description=__doc__.split("\n")[0], allow_abbrev=False
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--csv", type=Path, metavar="FILE", help="rows of minute,count[,series] with a header, or .gz")
    source.add_argument("--lake", action="store_true", help="event time in the lake; default: the live counters")
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name tables and lake")
    parser.add_argument(
        "--start", type=instant, metavar="TIME", help="first minute, ISO 8601, UTC by default; counters: two weeks ago"
    )
    parser.add_argument("--end", type=instant, metavar="TIME", help="end of the history, excluded")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the anomalies to this CSV file")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
