"""Following a query of Athena until it is over, and stopping it where it reads more than it may.

Athena states the bytes read so far in the statistics of a query that still runs, and charges a stopped query for what
it has read. Source: Amazon Athena API Reference, GetQueryExecution and StopQueryExecution.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from batch_jobs.number_text import size
from clickstream.errors import StatementError

_OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
Pause = Callable[[float], object]
"""Waits so many seconds."""


class Athena(Protocol):
    """The two calls of boto3's Athena client that are needed."""

    def get_query_execution(self, **request: str) -> Mapping[str, Any]:
        """State and statistics of a query."""

    def stop_query_execution(self, **request: str) -> Mapping[str, Any]:
        """Cancel a query; one that is over stays as it is."""


class BudgetError(StatementError):
    """A query read more than its budget and was stopped."""

    def __init__(self, query_id: str, bytes_scanned: int, budget_bytes: int) -> None:
        super().__init__(
            f"the query had read {size(bytes_scanned)} of at most {size(budget_bytes)} and was stopped"
            f" (query {query_id}): ask about fewer days, or raise the budget of the report"
        )
        self.query_id = query_id
        self.bytes_scanned = bytes_scanned


def follow(athena: Athena, query_id: str, budget_bytes: int | None, pause: Pause) -> None:
    """Wait until the query is over, however it ended.

    A query that ends before it is seen beyond its budget keeps its answer: it is paid for. Whatever else ends the
    waiting, an interrupt too, stops the query, so that nothing goes on reading that nobody waits for.

    Args:
        athena: Client.
        query_id: Of a query that was started.
        budget_bytes: What it may read; None for no limit of its own.
        pause: Waits between two looks.

    Raises:
        BudgetError: It read more and was stopped.
    """
    is_over = False
    try:
        for pause_s in _pauses():
            execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            is_over = execution["Status"]["State"] in _OVER
            if is_over:
                return
            scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
            if budget_bytes is not None and scanned > budget_bytes:
                raise BudgetError(query_id, scanned, budget_bytes)
            pause(pause_s)
    finally:
        if not is_over:
            athena.stop_query_execution(QueryExecutionId=query_id)


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
