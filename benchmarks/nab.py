"""Score the traffic model on the Numenta Anomaly Benchmark, beside the published detectors.

python -m benchmarks.nab [--archive nab.tar.xz]
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.nab_data import ARCHIVE, Nab, read
from benchmarks.nab_detectors import ewma, ours, windowed_gaussian
from benchmarks.nab_score import PROFILES, Result, Series, at_threshold, best
from clickstream.detection.traffic import ALARM

OURS = "detect_traffic_anomalies"
PUBLISHED = {
    "ARTime": (74.9, 65.2, 80.4),
    "Numenta HTM": (70.1, 63.1, 74.3),
    "CAD-OSE": (69.9, 67.0, 73.2),
}
"""Scoreboard of numenta/NAB; not run here."""
Scores = Sequence[Sequence[float]]


def main(argv: list[str] | None = None) -> int:
    """Print two tables; 1 if the archive is not there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nab", description=__doc__.split("\n")[0])
    parser.add_argument("--archive", type=Path, default=ARCHIVE, help="the benchmark's data (default: %(default)s)")
    archive = parser.parse_args(argv).archive
    try:
        nab = read(archive)
    except OSError as error:
        print(f"{archive} cannot be read ({error}); name the benchmark's archive with --archive", file=sys.stderr)
        return 1
    console = Console()
    started = time.process_time()
    scores = _run(OURS, ours, nab)
    seconds = time.process_time() - started
    others: dict[str, Scores] = {
        "Random Cut Forest (AWS), its results": nab.results["randomCutForest"],
        "Windowed Gaussian, run here": _run("Windowed Gaussian", windowed_gaussian, nab),
        "EWMA z-score, run here": _run("EWMA z-score", ewma, nab),
    }
    console.print(_detectors(nab.series, scores, others))
    console.print(_groups(nab.series, scores))
    points = sum(len(one.values) for one in nab.series)
    console.print(f"{points:,} points in {seconds:.1f} CPU-s: {seconds / points * 1e6:.0f} µs a point")
    console.print(f"threshold from the other half of the series: {held_out(nab.series, scores):.1f}")
    return 0


def held_out(series: Sequence[Series], scores: Scores) -> float:
    """Standard score when each half of the series is judged by the threshold that is best on the other half."""
    total, windows = 0.0, 0
    for half in (0, 1):
        mine, other = slice(half, None, 2), slice(1 - half, None, 2)
        threshold = best(series[other], scores[other], PROFILES[0]).threshold
        result = at_threshold(series[mine], scores[mine], PROFILES[0], threshold)
        total, windows = total + result.score * result.windows, windows + result.windows
    return total / windows


def _run(name: str, detector: Callable[[Series], list[float]], nab: Nab) -> list[list[float]]:
    return [detector(one) for one in track(nab.series, name, transient=True, console=Console(stderr=True))]


def _detectors(series: Sequence[Series], scores: Scores, others: dict[str, Scores]) -> Table:
    table = _table("detector", *(profile.name for profile in PROFILES))
    results = [best(series, scores, profile) for profile in PROFILES]
    table.add_row(f"[bold]{OURS}[/bold]", *(f"[bold]{result.score:.2f}[/bold]" for result in results))
    at_alarm = [at_threshold(series, scores, profile, ALARM) for profile in PROFILES]
    table.add_row(f"  at its own threshold {ALARM}", *(f"{result.score:.2f}" for result in at_alarm))
    for name, given in others.items():
        table.add_row(name, *(f"{best(series, given, profile).score:.2f}" for profile in PROFILES))
    for name, published in PUBLISHED.items():
        table.add_row(f"{name}, published", *(f"{score:.1f}" for score in published))
    return table


def _groups(series: Sequence[Series], scores: Scores) -> Table:
    table = _table("group", *(profile.name for profile in PROFILES), "windows found", "false alarms")
    thresholds = [best(series, scores, profile).threshold for profile in PROFILES]
    for group in sorted({one.group for one in series}):
        places = [place for place, one in enumerate(series) if one.group == group]
        mine, given = [series[place] for place in places], [scores[place] for place in places]
        results = [
            at_threshold(mine, given, profile, threshold)
            for profile, threshold in zip(PROFILES, thresholds, strict=True)
        ]
        table.add_row(group, *map(_score, results), f"{results[0].hits} of {results[0].windows}", _alarms(results[0]))
    return table


def _score(result: Result) -> str:
    return f"{result.score:.2f}" if result.windows else "-"


def _alarms(result: Result) -> str:
    return f"{result.false_alarms:,}"


def _table(first: str, *names: str) -> Table:
    table = Table(first)
    for name in names:
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    sys.exit(main())
