"""The named queries of the console, run as they are: what they answer is what the statement answers for those days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.queries import Guard, interval_values
from cdk.named_queries import DAYS, query_string, statements
from clickstream.lake.partitions import hours_between
from clickstream.lake.statements import Statement, Value
from tests.aws.small_lake import DATABASE, WORKGROUP, account, event, fill, mask

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
SQL = Path(__file__).parents[2] / "sql"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=DAYS)
STATEMENTS = dict(statements())


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """A lake with a visit each day for weeks, today too, and what came late."""
    types = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
    rows = [
        event(
            kind,
            TODAY + timedelta(days=day, hours=1, minutes=number),
            f"s{day % 3}",
            anonymous_id=f"a{day % 3}",
            page_path=f"/{number % 2}",
            utm_source="mail",
            properties='{"variant": "control", "status": 200}',
        )
        for day in range(-13, 1)
        for number, kind in enumerate(types)
    ]
    late = event("page_view", FIRST + timedelta(hours=2), "late", page_path="/late", received_time=TODAY)
    with account(tmp_path_factory.mktemp("cache")):
        fill([*rows, late], [{"reason": "not_json", "received_time": FIRST + timedelta(hours=3)}])
        mask()
        yield Guard(DATABASE, WORKGROUP)


def as_kept(statement: Statement) -> Statement:
    """The named query as a statement without parameters."""
    return Statement("kept", "", {}, (), query_string(statement))


def rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, whatever the order in which a sum was made."""
    return [{name: round(one, 9) if isinstance(one, float) else one for name, one in row.items()} for row in rows]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_named_query_answers_for_the_last_days(guard: Guard, name: str) -> None:
    """Without a change it gives the rows of the statement, asked with its defaults about the last seven whole days."""
    statement = STATEMENTS[name]
    values: dict[str, Value] = {"start": FIRST, "end": TODAY}
    is_by_arrival = all(parameter.name != "start" for parameter in statement.parameters)
    first, end = (FIRST, TODAY) if is_by_arrival else (FIRST - timedelta(days=40), TODAY + timedelta(days=1))
    hours = hours_between(first, end)
    expected = guard.ask(statement, hours, interval_values(statement, values)).rows()
    assert rounded(guard.ask(as_kept(statement), (), {}).rows()) == rounded(expected)
    assert expected or name in {"anomalies", "http_status"} or name.startswith("check_")


def test_only_what_needs_a_value_is_left_out() -> None:
    """The search for an erased person has no default, and is no question of an analyst."""
    files = {path.stem for path in SQL.glob("*.sql")} | {f"check_{path.stem}" for path in SQL.glob("checks/*.sql")}
    assert files - STATEMENTS.keys() == {"erased_events"}
