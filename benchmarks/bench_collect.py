"""Requests and events per second and core of the collector, beside a plain endpoint of Flask and boto3, in one run.

    python -m benchmarks.bench_collect [--peers .build/bench/bin/python] [--requests 300] [--out out/bench_collect.json]

Both are one process that answers over HTTP on loopback and puts into the same stand-in for Kinesis; the CPU time of
the process counts, so the load of the machine and of the clients does not. The handler alone is called in this process,
with a stream that takes everything at once. Then the stand-in takes one record a second from several processes: what
was answered 200 and is not in the stream is lost.
"""

import argparse
import http.client
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import collect_servers as servers
from benchmarks.collect_alone import handled
from benchmarks.collect_load import Load, run

ROOT = Path(__file__).parents[1]
OURS, USUAL = "clickstream (this project)", "Flask and boto3"
BATCHES = (1, 10, 100)
CLIENTS = 4
OVERLOAD_RECORDS_PER_S, OVERLOAD_WORKERS, OVERLOAD_CLIENTS, OVERLOAD_REQUESTS = 1, 4, 8, 4
WARM_UP = 20
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main(argv: list[str] | None = None) -> int:
    """Print two tables and write the numbers; 1 if the collector lost an event."""
    options = _parser().parse_args(argv)
    alone = {str(events): events / handled(events).cpu_s for events in BATCHES}
    with servers.stream() as stream, servers.usual(options.peers, stream) as usual:
        with servers.ours(stream, workers=1) as ours:
            speed = {name: _speed(one, stream, options.requests) for name, one in ((OURS, ours), (USUAL, usual))}
        with servers.ours(stream, workers=OVERLOAD_WORKERS) as ours:
            overload = {name: _overload(one, stream) for name, one in ((OURS, ours), (USUAL, usual))}
    _print(alone, speed, overload)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(
        json.dumps({"alone": alone, "speed": speed, "overload": overload}, indent=2), encoding="utf-8"
    )
    return 1 if overload[OURS]["lost"] else 0


def _speed(server: servers.Server, stream: int, requests: int) -> dict[str, dict[str, float]]:
    """By size of batch; the first run warms up."""
    found = {}
    for events in BATCHES:
        servers.told(stream, "DELETE", "/?0")
        run(server.port, clients=CLIENTS, requests=WARM_UP, events=events)
        began_s = server.cpu_s()
        load = run(server.port, clients=CLIENTS, requests=requests, events=events)
        cpu_s = server.cpu_s() - began_s
        if load.statuses != {200: CLIENTS * requests}:
            raise SystemExit(f"not all requests were taken: {dict(load.statuses)}")
        found[str(events)] = {
            "requests_per_cpu_s": CLIENTS * requests / cpu_s,
            "events_per_cpu_s": load.sent / cpu_s,
            "records_per_request": len(servers.told(stream, "GET", "/")["records"]) / (CLIENTS * (requests + WARM_UP)),
            "p50_ms": load.quantile_ms(0.5),
            "p99_ms": load.quantile_ms(0.99),
        }
    return found


def _overload(server: servers.Server, stream: int) -> dict[str, int]:
    """Much more than the stream takes; what was answered 200 must be in it."""
    servers.told(stream, "DELETE", f"/?{OVERLOAD_RECORDS_PER_S}")
    load = run(server.port, clients=OVERLOAD_CLIENTS, requests=OVERLOAD_REQUESTS, events=10)
    return _counted(load, set(servers.told(stream, "GET", "/")["events"]))


def _counted(load: Load, there: set[str]) -> dict[str, int]:
    refused = sum(count for status, count in load.statuses.items() if status != http.HTTPStatus.OK)
    lost = len(load.accepted - there)
    return {
        "sent": load.sent,
        "accepted": len(load.accepted),
        "in_stream": len(there),
        "refused_requests": refused,
        "lost": lost,
    }


def _print(
    alone: dict[str, float], speed: dict[str, dict[str, dict[str, float]]], overload: dict[str, dict[str, int]]
) -> None:
    console = Console(width=120)
    table = Table(title="One process over HTTP on loopback; requests and events per second of its CPU time")
    for column in (
        "endpoint",
        "events a request",
        "requests/s",
        "events/s",
        "against Flask",
        "records",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(column, justify="right")
    for name, by_size in speed.items():
        for size, found in by_size.items():
            ratio = found["events_per_cpu_s"] / speed[USUAL][size]["events_per_cpu_s"]
            shown = (f"{found['requests_per_cpu_s']:,.0f}", f"{found['events_per_cpu_s']:,.0f}", f"{ratio:.2f}")
            waits = (f"{found['records_per_request']:.1f}", f"{found['p50_ms']:.1f}", f"{found['p99_ms']:.1f}")
            table.add_row(name, size, *shown, *waits)
    for size, events_per_s in alone.items():
        table.add_row("the handler alone", size, f"{events_per_s / int(size):,.0f}", f"{events_per_s:,.0f}")
    console.print(table)
    table = Table(title=f"A stream that takes {OVERLOAD_RECORDS_PER_S} records a second")
    for column in ("endpoint", "sent", "accepted", "in the stream", "requests refused", "lost"):
        table.add_column(column, justify="right")
    for name, counts in overload.items():
        table.add_row(name, *(f"{count:,}" for count in counts.values()))
    console.print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_collect", description=__doc__.split("\n")[0])
    parser.add_argument("--peers", type=Path, default=ROOT / ".build/bench/bin/python", help="Python of the others")
    parser.add_argument("--requests", type=int, default=300, help="requests of each client (default 300)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench_collect.json", help="where the numbers go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
