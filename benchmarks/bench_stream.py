"""Events per second and core of the whole handler, beside other ways to do the job, in one run.

    python -m benchmarks.bench_stream [--rounds 5] [--peers .build/bench/bin/python] [--out out/bench_stream.json]

Every engine turns one batch into a Parquet archive, counters by minute, page and type, and sessions. One process and
one core each; the CPU time of the best round counts; the first round warms up. Answers are checked equal before any
time is printed. Calls to services are left out everywhere: `make cost` counts those.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import stream_workload

ROOT = Path(__file__).parents[1]
KINDS = {"raw": "one event a record", "packed": "190 events a record"}
USUAL = "usual"


@dataclass(frozen=True)
class Engine:
    """One way to do the job. `needs` is a program without which it is skipped."""

    name: str
    title: str
    scope: str
    needs: str = ""


ENGINES = (
    Engine("ours", "clickstream (this project)", "envelope, checks, enrichment, 42 columns, exact archive"),
    Engine(USUAL, "usual handler: Powertools, dict rows", "envelope; 18 columns, no enrichment, two checks"),
    Engine("usual_enriched", "usual handler that enriches", "the same, agent, campaign and pseudonym per event"),
    Engine("duckdb", "DuckDB read_json", "reads a file: no envelope, no checks, no enrichment"),
    Engine("spark", "PySpark Structured Streaming", "reads files: as DuckDB", needs="java"),
    Engine("chdb", "chDB (ClickHouse)", "reads a file: as DuckDB; the upper mark"),
)


@dataclass(frozen=True)
class Result:
    """CPU time of an engine's best round."""

    engine: Engine
    kind: str
    events: int
    us_per_event: float

    @property
    def events_per_s(self) -> float:
        """Events per second of one core."""
        return 1e6 / self.us_per_event


def main(argv: list[str] | None = None) -> int:
    """Print one table for each kind of input. 1: an engine failed, or gave another answer."""
    arguments = _parser().parse_args(argv)
    console = Console()
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            stream_workload.write(Path(folder) / kind, kind)
        try:
            for kind in KINDS:
                results += _compared(kind, Path(folder) / kind, arguments, console)
        except (subprocess.CalledProcessError, ValueError) as error:
            print(f"bench_stream: {error}", file=sys.stderr)
            return 1
    for kind in KINDS:
        console.print(_table(kind, [result for result in results if result.kind == kind]))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        figures = {f"{result.kind} {result.engine.name}": round(result.us_per_event, 2) for result in results}
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _compared(kind: str, folder: Path, arguments: argparse.Namespace, console: Console) -> list[Result]:
    """Every engine on one workload. Raises ValueError if an answer differs from ours."""
    results = []
    wanted: dict[str, Any] | None = None
    for engine in track(ENGINES, f"{kind} input", console=console, transient=True):
        if engine.needs and not shutil.which(engine.needs):
            console.print(f"{engine.title}: skipped, there is no {engine.needs} on this machine")
            continue
        measured = _measured(engine, folder, arguments)
        wanted = wanted or measured["answer"]
        if measured["answer"] != wanted:
            raise ValueError(f"{engine.title} gives another answer than {ENGINES[0].title}: no time counts")
        rows = measured["answer"]["rows"]
        results.append(Result(engine, kind, rows, min(measured["cpu_s"]) / rows * 1e6))
    return results


def _measured(engine: Engine, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    python = sys.executable if engine.name == "ours" else str(arguments.peers)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'streaming_lambdas'}"}
    command = [python, "-m", f"benchmarks.stream_{engine.name}", str(folder), str(arguments.rounds)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{engine.title} failed: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _table(kind: str, results: list[Result]) -> Table:
    usual = next(result for result in results if result.engine.name == USUAL)
    table = Table(title=f"{KINDS[kind]}: {results[0].events:,} events in one batch")
    for column in ("engine", "what it does"):
        table.add_column(column)
    for column in ("CPU us/event", "events/s/core", "x usual"):
        table.add_column(column, justify="right")
    for result in sorted(results, key=lambda one: one.us_per_event):
        ratio = usual.us_per_event / result.us_per_event
        figures = (f"{result.us_per_event:.1f}", f"{result.events_per_s:,.0f}", f"{ratio:.2f}")
        style = "bold" if result.engine.name == "ours" else None
        table.add_row(result.engine.title, result.engine.scope, *figures, style=style)
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_stream", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each engine (default 5)")
    parser.add_argument("--peers", type=Path, default=ROOT / ".build/bench/bin/python", help="Python of the others")
    parser.add_argument("--out", type=Path, help="file for the microseconds as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
