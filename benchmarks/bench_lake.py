"""Rows per CPU second of compaction beside other engines, what queries scan, and what a billion events cost.

    python -m benchmarks.bench_lake [--files 500] [--peers .build/bench/bin/python] [--only ours duckdb] [--out FILE]

Every engine reads the same landing objects of one hour on one core, keeps each event once, sorts by type and time and
writes zstd Parquet. CPU time is that of the whole process, start included. Outputs are checked equal first. The others
may keep any copy of an event; ours keeps the first and would put a copy with other content into quarantine.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from batch_jobs.glue_entry import KEEP_PAGES
from benchmarks import lake_reports, lake_workload, prices
from benchmarks.lake_engine import ROOT, Engine, Measured, json_bytes_per_row, measured

ENGINES = (
    Engine("ours", "clickstream (this project)", "first copy wins, quarantine, counts, page index"),
    Engine("polars", "Polars unique", "any copy"),
    Engine("wrangler", "awswrangler + pandas", "any copy; reads and writes S3"),
    Engine("spark", "Spark DataFrame", "any copy; includes the JVM's start", needs="java"),
    Engine("duckdb", "DuckDB DISTINCT ON", "any copy"),
)
_LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
SMALL_FILE_BYTES = 3_000_000
"""Trino reads a Parquet file below 3 MB as a whole (`parquet.small-file-threshold`)."""
Results = dict[Engine, Measured]


def main(argv: list[str] | None = None) -> int:
    """Print the tables. 1: an engine failed, was given up, or wrote something else."""
    options = _parser().parse_args(argv)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-lake-") as name:
        folder = Path(name)
        landing = folder / "landing"
        with console.status("writing landing objects"):
            workload = lake_workload.write(landing, options.files)
        try:
            results, is_whole = _compared(options, landing, folder, console)
            scans = {place: _scanned(options.peers, path) for place, path in _places(landing, folder).items()}
        except (subprocess.CalledProcessError, ValueError) as error:
            print(f"bench_lake: {error}", file=sys.stderr)
            return 1
        console.print(_speed(workload, results))
        console.print(_scans(scans, workload, json_bytes_per_row(landing / "00000.parquet")))
        console.print(_cost(workload, results))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        figures = {engine.name: vars(found) for engine, found in results.items()}
        options.out.write_text(json.dumps({"engines": figures, "scanned": scans}, indent=2) + "\n", encoding="utf-8")
    return 0 if is_whole else 1


def _compared(options: argparse.Namespace, landing: Path, folder: Path, console: Console) -> tuple[Results, bool]:
    """Every engine, and whether all of them came to an end. Raises ValueError if ours does not."""
    results: Results = {}
    is_whole = True
    for engine in track([e for e in ENGINES if e.name in options.only], "engines", console=console, transient=True):
        if engine.needs and not shutil.which(engine.needs):
            console.print(f"{engine.title}: skipped, there is no {engine.needs} on this machine")
            continue
        try:
            results[engine] = _run(options.peers, engine, landing, folder)
        except ValueError as error:
            if engine.name == "ours":
                raise
            console.print(str(error), style="red")
            is_whole = False
            continue
        if results[engine].answer != results[ENGINES[0]].answer:
            raise ValueError(f"{engine.title} writes other rows than {ENGINES[0].title}: no time counts")
        console.print(
            f"{engine.title}: {results[engine].cpu_s:.1f} CPU s, {results[engine].rss_mb:,.0f} MB, equal rows"
        )
    return results, is_whole


def _run(peers: Path, engine: Engine, landing: Path, folder: Path) -> Measured:
    python = sys.executable if engine.name == "ours" else str(peers)
    if engine.name != "wrangler":
        # Ours as under Glue.
        return measured(python, engine, landing, folder, dict([KEEP_PAGES]) if engine.name == "ours" else {})
    with _s3(python, landing) as environment:
        return measured(python, engine, landing, folder, environment)


@contextmanager
def _s3(python: str, landing: Path) -> Iterator[dict[str, str]]:
    """An S3 in memory with the landing objects; gives the environment that leads there."""
    command = [python, "-m", "benchmarks.lake_s3", str(landing)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield {**_LOCAL, "AWS_ENDPOINT_URL": server.stdout.readline().strip()}


def _places(landing: Path, folder: Path) -> dict[str, Path]:
    return {"landing": landing, "compacted": folder / "ours" / "out"}


def _scanned(python: Path, folder: Path) -> dict[str, int]:
    command = [str(python), "-m", "benchmarks.lake_scan", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"the queries failed: {done.stderr.strip()[-500:]}")
    found: dict[str, int] = json.loads(done.stdout)
    return found | lake_reports.scanned(folder, ROOT / "sql")


def _speed(workload: lake_workload.Workload, results: Results) -> Table:
    best = min((found.cpu_s for engine, found in results.items() if engine.name != "ours"), default=None)
    table = Table(title=f"{workload.rows:,} rows in {workload.files} files, {workload.bytes / 1e6:,.0f} MB")
    for column in ("engine", "what it does"):
        table.add_column(column)
    for column in ("CPU s", "rows/CPU s", "x best other", "peak MB", "out MB"):
        table.add_column(column, justify="right")
    for engine, found in sorted(results.items(), key=lambda entry: entry[1].cpu_s):
        ratio = f"{best / found.cpu_s:.2f}" if best else "-"
        figures = (f"{found.cpu_s:.1f}", f"{workload.rows / found.cpu_s:,.0f}", ratio, f"{found.rss_mb:,.0f}")
        style = "bold" if engine.name == "ours" else None
        table.add_row(engine.title, engine.scope, *figures, f"{found.bytes / 1e6:,.0f}", style=style)
    return table


def _scans(scans: dict[str, dict[str, int]], workload: lake_workload.Workload, json_row: float) -> Table:
    """Landing twice: what its pages hold, and what a reader fetches that reads small files as a whole."""
    lines, whole = json_row * workload.rows, workload.bytes
    is_small = workload.bytes / workload.files < SMALL_FILE_BYTES
    table = Table(title="MB scanned by a query of the hour; x: times the compacted hour")
    table.add_column("query")
    for column in ("compacted", "landing, pages", "x", "landing, small files whole", "x", "JSON lines", "x"):
        table.add_column(column, justify="right")
    for query, size in scans["compacted"].items():
        if not size:  # the footers alone answer it
            continue
        others = (scans["landing"][query], whole if is_small else scans["landing"][query], lines)
        figures = [text for other in others for text in (f"{other / 1e6:,.2f}", f"{other / size:,.1f}")]
        table.add_row(query, f"{size / 1e6:,.2f}", *figures)
    return table


def _cost(workload: lake_workload.Workload, results: Results) -> Table:
    rates = f"Glue {prices.GLUE_DPU_HOUR} a DPU hour of {prices.GLUE_DPU_VCPUS} vCPU, S3 {prices.S3_GET} a read"
    table = Table(title=f"$ per billion events compacted, from counted CPU seconds and reads; list prices: {rates}")
    table.add_column("engine")
    table.add_column("$", justify="right")
    reads = workload.files * prices.S3_GET
    for engine, found in sorted(results.items(), key=lambda entry: entry[1].cpu_s):
        compute = found.cpu_s / 3600 * prices.GLUE_DPU_HOUR / prices.GLUE_DPU_VCPUS
        table.add_row(engine.title, f"{(compute + reads) / workload.events * 1e9:.2f}")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_lake", description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=500, help="landing objects of 10,000 events (default 500)")
    parser.add_argument("--peers", type=Path, default=ROOT / ".build/bench/bin/python", help="Python of the others")
    names = [engine.name for engine in ENGINES]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="engines; ours must be among them")
    parser.add_argument("--out", type=Path, help="file for the figures as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
