"""How well and how fast `detect_anomalies` judges sessions, on simulated days that its rules were not tuned on.

    python -m benchmarks.bench_detection [--seeds 101-110] [--events 50000]

The limits of the rules were chosen on days with seeds below 100; days with other seeds hold other people, programs and
times, drawn from the same distributions. So the figures say how the rules do on the simulator's world, noise included;
they are no promise about another shop. Exit code 1 if a rule's precision or recall is below --least.
"""

import argparse
import sys

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.detection_days import Day, judged
from benchmarks.detection_speed import Speed, measured
from test_client import labels
from test_client.labels import RuleScore, Score

TUNED_BELOW = 100


def main(argv: list[str] | None = None) -> int:
    """Judge every day, print the tables; 1 if a rule is not good enough."""
    options = _parser().parse_args(argv)
    console = Console(width=120)
    days = [
        judged(options.events, seed)
        for seed in track(options.seeds, "judging days", console=Console(stderr=True), transient=True)
    ]
    score = _score(days)
    sessions = sum(day.sessions for day in days)
    console.print(_rules(score, f"{len(days)} unseen days of {options.events:,} events, {sessions:,} sessions"))
    console.print(_confusion(score))
    if not options.no_speed:
        console.print(_speed(measured()))
    weak = [rule for rule, row in score.rules.items() if not _is_good(row, options.least)]
    if weak:
        console.print(f"below {options.least}: {', '.join(weak)}")
    return 1 if weak else 0


def _score(days: list[Day]) -> Score:
    return labels.score(set().union(*(day.labels for day in days)), [pair for day in days for pair in day.found])


def _is_good(row: RuleScore, least: float) -> bool:
    return (row.precision or 0) >= least and (row.recall or 0) >= least


def _rules(score: Score, title: str) -> Table:
    table = _table(title, "rule", "TP", "FP", "FN", "precision", "recall")
    total = [0, 0, 0]
    for rule, row in score.rules.items():
        table.add_row(rule, *map(str, row.cells()))
        total = [a + b for a, b in zip(total, (row.right, row.wrong, row.missed), strict=True)]
    right, wrong, missed = total
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    table.add_section()
    table.add_row("all", *map(str, total), f"{precision:.3f}", f"{recall:.3f}")
    return table


def _confusion(score: Score) -> Table:
    """What was taken for what: a session may have two labels and break several rules."""
    table = Table(title="sessions by label and detected rule")
    table.add_column("label")
    table.add_column("rules")
    for label, row in score.confusion.items():
        table.add_row(label, ", ".join(f"{rule} {count}" for rule, count in row.most_common()) or "-")
    return table


def _speed(speed: Speed) -> Table:
    size = f"{speed.records} packed records, {speed.events:,} events of {speed.sessions:,} sessions"
    title = f"one batch: {size}; calls to stores cost nothing here"
    table = _table(title, "what", "value")
    table.add_row("CPU to read the rows, µs per event", f"{speed.read_us:.1f}")
    table.add_row("CPU for sessions and rules, µs per event", f"{speed.detect_us:.1f}")
    table.add_section()
    table.add_row("bytes of a session's item, median", f"{speed.item_bytes:,}")
    table.add_row("bytes of a session's item, 99 %", f"{speed.item_bytes_p99:,}")
    table.add_row("write units per session", f"{speed.write_units:.2f}")
    return table


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, min_width=len(title))
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    if not seeds or seeds[0] < TUNED_BELOW:
        raise argparse.ArgumentTypeError(f"{text}: give seeds from {TUNED_BELOW} on, the rules were tuned on others")
    return seeds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_detection",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=_seeds, default="101-110", help="days to judge (default 101-110)")
    parser.add_argument("--events", type=int, default=50_000, help="events a day (default 50,000)")
    parser.add_argument("--least", type=float, default=0.95, help="precision and recall that every rule must reach")
    parser.add_argument("--no-speed", action="store_true", help="judge only, measure no CPU time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
