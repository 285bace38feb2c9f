"""What a million events cost, from counted calls, bytes and CPU seconds of a run of the real consumers.

    python -m benchmarks.cost [--rates 1000 10000 100000] [--batches 3]

Each rate is split over as many shards as it needs, and one of them is simulated: both consumers process its batches
against stores in memory that count what DynamoDB and S3 would bill. The CPU time of a call through boto3 is measured
against a stub in the same run. Prices: `benchmarks/prices.py`.
"""

import argparse
import sys
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import consumers, cost_collector, prices
from benchmarks.call_time import cpu_s_per_write
from benchmarks.consumers import Consumption
from benchmarks.cost_traffic import PACKED, RAW, Traffic
from cdk.config import LEAST_MEMORY_MB

MILLION = 1_000_000
WAIT_S = 0.005
"""Assumed time of one call to a service, and how many of them the handlers make at once."""
WRITERS = 8
LOG_LINE_BYTES = 1_500
"""An invocation's metric line with what Lambda itself logs."""
METRICS = 15


class Costs(NamedTuple):
    """Dollars per million events."""

    stream: float
    functions: float
    tables: float
    objects: float
    logs: float

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self)


def main(argv: list[str] | None = None) -> int:
    """Print one table."""
    arguments = _parser().parse_args(argv)
    call_s = cpu_s_per_write()
    traffics = [Traffic(rate, record) for rate in arguments.rates for record in (RAW, PACKED)]
    table = Table(title="Dollars per million events, list prices")
    for column in ("events/s", "records", "shards", "counters path", "WRU/1,000", "sessions", "WRU/1,000", "both"):
        table.add_column(column, justify="right")
    table.add_column("usual recipe", justify="right")
    for traffic in track(traffics, "counting", console=Console(stderr=True), transient=True):
        counted = [consumers.counted(make, traffic.shard, arguments.batches) for make in consumers.BOTH]
        table.add_row(*_row(traffic, counted, call_s))
    console = Console(width=120)
    console.print(table)
    console.print(cost_collector.table(call_s, WAIT_S))
    console.print(
        f"CPU of one write through boto3 here: {call_s * 1e6:.0f} us. Functions: {LEAST_MEMORY_MB} MB. The stream "
        "itself is in the counters path. Not in it: storage, Athena, Glue, data transfer."
    )
    return 0


def _row(traffic: Traffic, counted: list[Consumption], call_s: float) -> list[str]:
    counting, detecting = counted
    path = costs(counting, call_s)._replace(stream=stream_cost(traffic), logs=_logs(counting) + _metrics(traffic))
    sessions = costs(detecting, call_s)
    return [
        f"{traffic.events_per_s:,}",
        traffic.record.name,
        f"{traffic.shards}",
        f"${path.total:.4f}",
        f"{_write_units(counting):.1f}",
        f"${sessions.total:.4f}",
        f"{_write_units(detecting):.0f}",
        f"${path.total + sessions.total:.4f}",
        f"${usual_recipe(traffic.events_per_s):.2f}",
    ]


def costs(consumption: Consumption, call_s: float) -> Costs:
    """What one consumer costs, without the stream."""
    usage, per_million = consumption.usage, MILLION / consumption.events
    calls = sum(usage[name] for name in ("PutItem", "GetItem", "BatchGetItem", "Query", "PutObject", "GetObject"))
    cpu_s = consumption.cpu_s + calls * call_s
    seconds = max(cpu_s * prices.VCPU_MB / min(LEAST_MEMORY_MB, prices.VCPU_MB), calls * WAIT_S / WRITERS)
    functions = consumption.invocations * prices.LAMBDA_REQUEST + seconds * LEAST_MEMORY_MB / 1024 * prices.LAMBDA_GB_S
    tables = usage["write_units"] * prices.WRITE_UNIT + usage["read_units"] * prices.READ_UNIT
    objects = usage["PutObject"] * prices.S3_PUT + usage["GetObject"] * prices.S3_GET
    return Costs(0, functions * per_million, tables * per_million, objects * per_million, _logs(consumption))


def stream_cost(traffic: Traffic) -> float:
    """Shard hours, which keep records for more than a day, and PUT units."""
    hour = prices.SHARD_HOUR + prices.EXTENDED_SHARD_HOUR
    shard_hours = traffic.shards * hour / (traffic.events_per_s * 3600) * MILLION
    units = -int(-traffic.record.bytes // prices.PUT_UNIT_BYTES) / traffic.record.events
    return float(shard_hours + MILLION * units * prices.PUT_UNIT)


def usual_recipe(events_per_s: float) -> float:
    """The published recipe of one call per event and purpose, counted in its source.

    mzazon/awesome-cloud-projects @6a5bc62, aws/streaming-clickstream-analytics-kinesis: per event 2.9 conditional-free
    updates, 1.143 eventually consistent reads, 1 S3 object, 1 PutMetricData; batches of 100 and 50 events; 1.1 s of
    256 MB per batch of the first function and 9 ms of 128 MB per read of the second.
    """
    shards = max(1, -int(-events_per_s // 1000))
    stream = shards * prices.SHARD_HOUR / (events_per_s * 3600) + prices.PUT_UNIT
    tables = 2.9 * prices.WRITE_UNIT + 1.143 * 0.5 * prices.READ_UNIT
    first = (prices.LAMBDA_REQUEST + 1.1 * 0.25 * prices.LAMBDA_GB_S) / 100
    second = (prices.LAMBDA_REQUEST + 50 * 1.143 * 0.009 * 0.125 * prices.LAMBDA_GB_S) / 50
    return float(MILLION * (stream + tables + first + second + prices.S3_PUT + prices.PUT_METRIC_DATA))


def _write_units(consumption: Consumption) -> float:
    return consumption.usage["write_units"] / consumption.events * 1000


def _logs(consumption: Consumption) -> float:
    return consumption.invocations / consumption.events * MILLION * LOG_LINE_BYTES / 1e9 * prices.LOGS_GB


def _metrics(traffic: Traffic) -> float:
    events_per_month = traffic.events_per_s * 3600 * prices.HOURS_PER_MONTH
    return METRICS * prices.CUSTOM_METRIC_MONTH / events_per_month * MILLION


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__.split("\n")[0])
    rates = (1_000, 10_000, 100_000)
    parser.add_argument("--rates", type=int, nargs="+", default=rates, help="events per second (default: %(default)s)")
    parser.add_argument("--batches", type=int, default=3, help="counted batches of one shard (default 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
