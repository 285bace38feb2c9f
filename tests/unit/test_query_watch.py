"""Following a query: it ends by itself, is stopped beyond its budget, or is stopped with the one who waits."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from batch_jobs.queries import dollars
from batch_jobs.query_watch import BudgetError, follow


class ScriptedAthena:
    """A query that was seen in these states with these bytes, one by one."""

    def __init__(self, *looks: tuple[str, int]) -> None:
        self._looks: Iterator[tuple[str, int]] = iter(looks)
        self.stopped: list[str] = []

    def get_query_execution(self, **request: str) -> Mapping[str, Any]:
        """The next look; a queued query has no statistics yet."""
        state, scanned = next(self._looks)
        statistics = {"DataScannedInBytes": scanned} if scanned else {}
        found = {"QueryExecutionId": request["QueryExecutionId"], "Status": {"State": state}, "Statistics": statistics}
        return {"QueryExecution": found}

    def stop_query_execution(self, **request: str) -> Mapping[str, Any]:
        """Remember which query was stopped."""
        self.stopped.append(request["QueryExecutionId"])
        return {}


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
def test_query_within_budget_is_waited_for(state: str) -> None:
    """Exactly the budget is within it, and a query that is over is left alone however it ended."""
    athena = ScriptedAthena(("QUEUED", 0), ("RUNNING", 90), ("RUNNING", 100), (state, 100))
    pauses: list[float] = []
    follow(athena, "q", 100, pauses.append)
    assert athena.stopped == []
    assert pauses == [0.05, 0.1, 0.2]


def test_query_beyond_budget_is_stopped() -> None:
    """The sentence names query, bytes and budget; nobody looks again."""
    athena = ScriptedAthena(("RUNNING", 90), ("RUNNING", 2_100_000_000))
    with pytest.raises(
        BudgetError, match=r"had read 2\.1\sGB of at most 2\.0\sGB and was stopped \(query q\)"
    ) as caught:
        follow(athena, "q", 2_000_000_000, lambda _: None)
    assert athena.stopped == ["q"]
    assert caught.value.bytes_scanned == 2_100_000_000


def test_answer_that_is_paid_for_is_kept() -> None:
    """A query that was over before it was seen beyond its budget, and one without a budget, are not stopped."""
    for budget, looks in ((100, [("SUCCEEDED", 900)]), (None, [("RUNNING", 900), ("SUCCEEDED", 900)])):
        athena = ScriptedAthena(*looks)
        follow(athena, "q", budget, lambda _: None)
        assert athena.stopped == []


def test_interrupt_stops_the_query() -> None:
    """Nothing goes on reading that nobody waits for."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    athena = ScriptedAthena(("RUNNING", 1))
    with pytest.raises(KeyboardInterrupt):
        follow(athena, "q", 100, interrupt)
    assert athena.stopped == ["q"]


@pytest.mark.parametrize(
    ("scanned", "cost"),
    [(0, 0.00005), (10_000_000, 0.00005), (10_000_001, 0.000055), (10**12, 5.0), (2 * 10**9, 0.01)],
)
def test_cost_has_a_minimum_and_whole_megabytes(scanned: int, cost: float) -> None:
    """Five dollars a terabyte, ten megabytes at least, every megabyte begun."""
    assert dollars(scanned) == cost
