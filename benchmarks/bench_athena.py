"""The local Athena: latency of small queries, scans beside DuckDB on the same files, memory, clients at once.

    python -m benchmarks.bench_athena [--megabytes 1000] [--queries 100] [--out out/bench_athena.json]

S3 and the catalog are those of the local platform's emulator; the endpoint is a process of its own and is asked through
boto3. Scans are compared in one run, in turns, by wall time and by CPU time; the best of the rounds counts. Answers are
checked equal.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.athena_data import BUCKET, DATABASE, SMALL, TABLE, Data, make, publish
from local_aws.emulator import Emulator
from local_aws.ports import free_port
from local_aws.state import StateFolder

ROOT = Path(__file__).parents[1]
ROUNDS = 3
CLIENTS, QUERIES_EACH = 8, 10
SMALL_QUERY = f"SELECT event_type, count(*) AS n FROM {SMALL} GROUP BY 1 ORDER BY 1"
SCANS = {
    "all columns": "SELECT event_type, count(*) AS n, round(sum(amount), 2) AS s, max(event_id) AS e,"
    " min(page_path) AS p, max(event_time) AS t, max(user_id) AS u FROM {source} GROUP BY 1 ORDER BY 1",
    "two columns": "SELECT event_type, round(sum(amount), 2) AS s FROM {source} GROUP BY 1 ORDER BY 1",
}


@dataclass(frozen=True)
class Endpoint:
    """The process that is measured, and a client of it."""

    process: subprocess.Popen[str]
    athena: Any

    def ask(self, query: str) -> list[list[str]]:
        """Run a query and return the first page of its rows."""
        place = {"OutputLocation": f"s3://{BUCKET}/results/"}
        started = self.athena.start_query_execution(
            QueryString=query, QueryExecutionContext={"Database": DATABASE}, ResultConfiguration=place
        )
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            if found["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                break
            time.sleep(0.01)
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        rows = self.athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows[1:]]

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """Peak of its memory since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def forget_peak(self) -> float:
        """Let the peak begin with what the process holds now, which is returned, in MB."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return self.peak_mb()


@contextmanager
def serving(folder: Path, data: Data) -> Iterator[Endpoint]:
    """Start the emulator and the endpoint, with the tables; stop both at the end."""
    with ExitStack() as parts:
        state = StateFolder.at(folder / "state")
        emulator = Emulator(state, free_port(), is_persistent=False)
        emulator.start()
        parts.callback(emulator.stop)
        emulator.await_healthy()
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        session = boto3.Session("test", "test", region_name="us-east-1")
        publish(data, session, emulator.url)
        command = [
            sys.executable,
            "-m",
            "local_aws.athena",
            "--upstream",
            emulator.url,
            "--cache",
            str(folder / "cache"),
        ]
        with (folder / "athena.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | keys, stdout=subprocess.PIPE, stderr=log, text=True
            )
        parts.callback(process.wait)
        parts.callback(process.terminate)
        assert process.stdout is not None
        url = process.stdout.readline().strip().partition("=")[2]
        yield Endpoint(process, session.client("athena", endpoint_url=url))


def latency(endpoint: Endpoint, count: int) -> dict[str, float]:
    """Wall milliseconds of small queries, and the CPU milliseconds that each costs the endpoint."""
    endpoint.ask(SMALL_QUERY)
    walls, cpu = [], endpoint.cpu_s
    for _ in range(count):
        start = time.perf_counter()
        endpoint.ask(SMALL_QUERY)
        walls.append((time.perf_counter() - start) * 1000)
    centiles = statistics.quantiles(walls, n=100)
    return {"p50_ms": centiles[49], "p95_ms": centiles[94], "cpu_ms": (endpoint.cpu_s - cpu) / count * 1000}


def scan(endpoint: Endpoint, data: Data, query: str) -> dict[str, float]:
    """Best wall and CPU seconds of a query through the endpoint, warm, and of DuckDB on the same local files."""
    here = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    files = ", ".join(f"'{path}'" for path in data.files)
    theirs, ours = query.format(source=f"read_parquet([{files}])"), query.format(source=TABLE)
    for got, wanted in zip(endpoint.ask(ours), here.execute(theirs).fetchall(), strict=True):
        assert got[0] == wanted[0], "answers differ"
        assert math.isclose(float(got[1]), wanted[1], rel_tol=1e-9), "answers differ"
    best = dict.fromkeys(("wall_s", "cpu_s", "duckdb_wall_s", "duckdb_cpu_s"), float("inf"))
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), endpoint.cpu_s
        endpoint.ask(ours)
        best["wall_s"] = min(best["wall_s"], time.perf_counter() - wall)
        best["cpu_s"] = min(best["cpu_s"], endpoint.cpu_s - cpu)
        wall, cpu = time.perf_counter(), time.process_time()
        here.execute(theirs).fetchall()
        best["duckdb_wall_s"] = min(best["duckdb_wall_s"], time.perf_counter() - wall)
        best["duckdb_cpu_s"] = min(best["duckdb_cpu_s"], time.process_time() - cpu)
    return best


def large_result(endpoint: Endpoint) -> dict[str, float]:
    """Peak memory of the endpoint while it stores the result of a query with a million rows and of a tenth of them."""
    peaks = {"before_mb": endpoint.forget_peak()}
    for name, count in (("tenth_mb", 100_000), ("whole_mb", 1_000_000)):
        endpoint.forget_peak()
        endpoint.ask(f"SELECT * FROM {TABLE} WHERE part < 2 LIMIT {count}")
        peaks[name] = endpoint.peak_mb()
    return peaks


def clients(endpoint: Endpoint, data: Data) -> dict[str, float]:
    """Many clients at once, each with questions of its own; every answer is compared with DuckDB's."""

    def one(client: int) -> int:
        wrong = 0
        for number in range(QUERIES_EACH):
            place, least = (client + number) % len(data.files), client * 10
            condition = f"amount >= {least}e0"
            ours = endpoint.ask(f"SELECT count(*) AS n FROM {TABLE} WHERE part = {place} AND {condition}")
            source = f"SELECT count(*) FROM read_parquet('{data.files[place]}') WHERE {condition}"
            found = duckdb.connect().execute(source).fetchone()
            wrong += found is None or ours != [[str(found[0])]]
        return wrong

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        wrong = sum(pool.map(one, range(CLIENTS)))
    return {"queries": CLIENTS * QUERIES_EACH, "wrong": wrong, "seconds": time.perf_counter() - start}


def show(found: dict[str, Any], console: Console) -> None:
    """Print what was measured."""
    table = Table(title=f"the local Athena, {found['table_mb']:,.0f} MB of Parquet")
    for name in ("what", "measured"):
        table.add_column(name)
    small, memory, many = found["latency"], found["memory"], found["clients"]
    table.add_row(
        "small query", f"p50 {small['p50_ms']:.0f} ms, p95 {small['p95_ms']:.0f} ms, CPU {small['cpu_ms']:.0f} ms"
    )
    for name, one in found["scans"].items():
        wall, cpu = one["wall_s"] / one["duckdb_wall_s"], one["cpu_s"] / one["duckdb_cpu_s"]
        table.add_row(
            f"warm scan of {name}",
            f"{one['wall_s']:.2f} s, DuckDB {one['duckdb_wall_s']:.2f} s: {wall:.2f} times; CPU {cpu:.2f} times",
        )
    table.add_row(
        "peak memory",
        f"{memory['before_mb']:.0f} MB before, {memory['tenth_mb']:.0f} with 100,000 rows,"
        f" {memory['whole_mb']:.0f} with a million",
    )
    table.add_row(f"{CLIENTS} clients", f"{many['queries']} queries, {many['wrong']} wrong, {many['seconds']:.1f} s")
    console.print(table)


def main() -> int:
    """Run it. 0: measured; 1: a client had a wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the large table")
    parser.add_argument("--queries", type=int, default=100, help="small queries")
    parser.add_argument("--out", type=Path, help="JSON file of all figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-athena-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        data = make(folder / "files", options.megabytes)
        with serving(folder, data) as endpoint:
            found: dict[str, Any] = {"table_mb": data.size_bytes / 1e6, "latency": latency(endpoint, options.queries)}
            found["memory"] = large_result(endpoint)
            found["scans"] = {title: scan(endpoint, data, query) for title, query in SCANS.items()}
            found["clients"] = clients(endpoint, data)
    show(found, Console())
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 1 if found["clients"]["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
