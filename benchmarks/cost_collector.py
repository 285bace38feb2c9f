"""What a million events cost at the collector: requests, function time, PUT units and the log, by size of batch."""

from rich.table import Table

from benchmarks import prices
from benchmarks.collect_alone import Handled, handled
from cdk.config import LEAST_MEMORY_MB

MILLION = 1_000_000
BATCHES = (1, 10, 100)
LAMBDA_LOG_BYTES = 400
"""What Lambda itself logs of an invocation."""


def table(call_s: float, wait_s: float) -> Table:
    """One row a batch size.

    Args:
        call_s: CPU seconds of a call through boto3.
        wait_s: Seconds that a call of the stream takes.
    """
    made = Table(title="The collector behind an HTTP API, dollars per million events")
    for column in ("events a request", "requests", "function", "PUT units", "log", "all", "ms a request"):
        made.add_column(column, justify="right")
    for events in BATCHES:
        one = handled(events)
        seconds = duration_s(one, call_s, wait_s)
        costs = costs_per_million(one, events, seconds)
        made.add_row(f"{events}", *(f"${cost:.4f}" for cost in (*costs, sum(costs))), f"{seconds * 1000:.1f}")
    return made


def duration_s(one: Handled, call_s: float, wait_s: float) -> float:
    """How long the function runs: its CPU time at its share of a CPU, and the wait for the stream."""
    return (one.cpu_s + call_s) * prices.VCPU_MB / min(LEAST_MEMORY_MB, prices.VCPU_MB) + wait_s


def costs_per_million(one: Handled, events: int, seconds: float) -> tuple[float, float, float, float]:
    """Requests, function, PUT units and log."""
    requests = MILLION / events
    function = prices.LAMBDA_REQUEST + seconds * LEAST_MEMORY_MB / 1024 * prices.LAMBDA_GB_S
    log = (one.log_bytes + LAMBDA_LOG_BYTES) / 1e9 * prices.LOGS_GB
    return (
        requests * prices.HTTP_API_REQUEST,
        requests * function,
        requests * one.units * prices.PUT_UNIT,
        requests * log,
    )
