"""Every statement of `sql/` through awswrangler and Athena's API, against numbers worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.queries import Guard, interval_values
from clickstream.errors import StatementError
from clickstream.lake.partitions import hours_between
from clickstream.lake.statements import Value, load_statement, read_statement
from tests.aws.shop_days import BAD, BROKEN, OTHERS, PEOPLE, UNPRICED, UNPRICED_DAY
from tests.aws.small_lake import DATABASE, DAY, WORKGROUP, account, at, fill

SQL = Path(__file__).parents[2] / "sql"
END = DAY + timedelta(days=2)
HOURS = list(hours_between(DAY, END))
FIRST, SECOND = date(2026, 11, 21), date(2026, 11, 22)
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """The only way to ask; the lake behind it holds all rows above."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS, *(row for rows in BROKEN.values() for row in rows), *UNPRICED], BAD)
        yield Guard(DATABASE, WORKGROUP)


def rows(guard: Guard, name: str, **values: Value) -> list[dict[str, Any]]:
    """Answer of a statement over both days."""
    statement = read_statement(SQL / f"{name}.sql")
    interval = interval_values(statement, {"start": DAY, "end": END})
    return guard.ask(statement, HOURS, interval | values).rows()


def column(answer: list[dict[str, Any]], *names: str) -> list[Any]:
    """The values of some columns, row by row."""
    return [row[names[0]] if len(names) == 1 else tuple(row[name] for name in names) for row in answer]


def test_headline(guard: Guard) -> None:
    """People and bots apart; the phone of 1970 is outside the interval."""
    assert rows(guard, "headline") == [
        {
            "all_events": 17,
            "bot_events": 2,
            "events": 15,
            "visitors": 3,
            "page_views": 4,
            "late_events": 1,
            "events_without_own_time": 1,
            "first_event_time": at("09:00").replace(tzinfo=None),
            "last_event_time": at("08:00", 1).replace(tzinfo=None),
        }
    ]


def test_daily_metrics(guard: Guard) -> None:
    """A session counts on the day it begins, an order once."""
    numbers = ("local_date", "events", "bot_events", "page_views", "visitors", "sessions", "orders")
    assert column(rows(guard, "daily_metrics"), *numbers) == [(FIRST, 11, 2, 4, 3, 4, 2), (SECOND, 4, 0, 0, 2, 1, 1)]


def test_days_are_cut_in_the_time_zone(guard: Guard) -> None:
    """At 23:50 UTC it is tomorrow in Berlin."""
    berlin = rows(guard, "daily_metrics", time_zone="Europe/Berlin")
    assert column(berlin, "local_date", "events") == [(FIRST, 10), (SECOND, 5)]


def test_hourly_metrics(guard: Guard) -> None:
    """Hours are those of the zone's clock: 09:00 UTC is 04:00 in New York in November."""
    answer = rows(guard, "hourly_metrics", time_zone="America/New_York")
    numbers = ("local_date", "local_hour", "events", "bot_events", "page_views", "visitors", "orders")
    assert column(answer, *numbers)[0] == (FIRST, 4, 8, 0, 3, 2, 1)
    assert sum(column(answer, "events")) + sum(column(answer, "bot_events")) == 17


def test_sessions(guard: Guard) -> None:
    """A pause of 30 minutes ends a session, signing in and midnight do not."""
    answer = rows(guard, "sessions")
    assert column(answer, "visitor_id", "events", "duration_s") == [
        ("d1", 6, 510),
        ("D", 1, 0),
        ("d1", 1, 0),
        ("B", 4, 1260),
        ("D", 1, 0),
    ]
    assert column(answer, "visitor_id", "entry_page", "exit_page", "pages", "channel", "device_type")[0] == (
        "d1", "/", "/cart", 3, "organic_search", "desktop",
    )  # fmt: skip
    assert column(answer, "is_converted", "orders", "revenue", "currency") == [
        (True, 1, Decimal("10.50"), "EUR"),
        (False, 0, None, None),
        (False, 0, None, None),
        (True, 1, Decimal("20.00"), "USD"),
        (False, 0, None, None),
    ]


def test_sessions_belong_to_the_day_they_begin_on(guard: Guard) -> None:
    """The one over midnight is whole on the first day and absent on the second; each day reads its own date."""
    first, second = ({"start": at("00:00", day), "end": at("00:00", day + 1)} for day in (0, 1))
    assert column(rows(guard, "sessions", **first), "visitor_id", "events")[-1] == ("B", 4)
    assert column(rows(guard, "sessions", **second), "visitor_id") == ["D"]


def test_session_summary(guard: Guard) -> None:
    """Averages over the sessions of a device."""
    numbers = ("device_type", "sessions", "events_per_session", "median_duration_s", "bounce_rate", "conversion_rate")
    assert column(rows(guard, "session_summary"), *numbers) == [
        ("desktop", 4, 2.25, 0.0, 1.0, 0.25),
        ("mobile", 1, 4.0, 1260.0, 1.0, 1.0),
    ]


def test_channels(guard: Guard) -> None:
    """A session belongs to the channel of its first event, whatever comes later."""
    numbers = ("channel", "sessions", "visitors", "page_views", "orders", "conversion_rate")
    assert column(rows(guard, "channels"), *numbers) == [
        ("direct", 4, 3, 2, 1, 0.25),
        ("organic_search", 1, 1, 1, 1, 1.0),
    ]


def test_funnel(guard: Guard) -> None:
    """Only steps in order count: a purchase before the cart is none."""
    numbers = ("step", "event_type", "sessions", "step_conversion", "total_conversion")
    assert column(rows(guard, "funnel"), *numbers) == [
        (1, "view_item", 2, 1.0, 1.0),
        (2, "add_to_cart", 2, 1.0, 1.0),
        (3, "begin_checkout", 1, 0.5, 0.5),
        (4, "purchase", 1, 1.0, 0.5),
    ]


def test_revenue(guard: Guard) -> None:
    """Each order once, by the channel its session came from; currencies stay apart."""
    assert column(rows(guard, "revenue"), "local_date", "channel", "currency", "orders", "revenue") == [
        (FIRST, "organic_search", "EUR", 1, Decimal("10.50")),
        (FIRST, "unknown", "EUR", 1, Decimal("5.00")),
        (SECOND, "direct", "USD", 1, Decimal("20.00")),
    ]


def test_revenue_without_currency_stands_alone(guard: Guard) -> None:
    """It has its own row, with currency null; it is added to no other and breaks no check."""
    start, end = at("00:00", UNPRICED_DAY), at("00:00", UNPRICED_DAY + 1)
    hours = list(hours_between(start, end))
    revenue, sessions, *checks = (
        read_statement(path) for path in (SQL / "revenue.sql", SQL / "sessions.sql", *(SQL / "checks").glob("*.sql"))
    )
    answer = guard.ask(revenue, hours, {"start": start, "end": end}).rows()
    assert column(answer, "currency", "orders", "revenue") == [("EUR", 1, Decimal(10)), (None, 1, Decimal(7))]
    answer = guard.ask(sessions, hours, {"start": start, "end": end}).rows()
    assert column(answer, "orders", "revenue", "currency") == [(2, None, None)]
    assert [check.name for check in checks if guard.ask(check, hours, {}).rows()] == []


def test_lake_totals(guard: Guard) -> None:
    """Every row of the hours counts, whatever its event time; bots and rows without a session too."""
    statement = read_statement(SQL / "lake_totals.sql")
    assert guard.ask(statement, HOURS, {}).rows() == [{"event_rows": 18, "sessions": 7}]
    assert guard.ask(statement, [], {}).rows() == [{"event_rows": 0, "sessions": 0}]


def test_top_pages(guard: Guard) -> None:
    """The share is of all views by people, also of those below the limit; bots are counted beside them."""
    numbers = ("page_path", "page_title", "page_views", "visitors", "sessions", "view_share")
    answer = rows(guard, "top_pages", limit=1)
    assert column(answer, *numbers) == [("/", "Home", 3, 1, 1, 0.75)]
    assert sum(column(rows(guard, "top_pages"), "bot_views")) == 2


def test_top_clients(guard: Guard) -> None:
    """A client is its device where one is known, else its session; bots are marked, not left out."""
    numbers = ("client_id", "events", "sessions", "is_bot")
    assert column(rows(guard, "top_clients", limit=3), *numbers) == [
        ("d1", 7, 1, False),
        ("B", 4, 1, False),
        ("C", 2, 1, True),
    ]


def test_http_status(guard: Guard) -> None:
    """Only events of an access log have a status, and it is counted by its class."""
    answer = rows(guard, "http_status")
    assert column(answer, "status_class", "requests") == [("2xx", 2), ("4xx", 1)]
    assert column(answer, "share") == pytest.approx([2 / 3, 1 / 3])


def test_events_per_minute(guard: Guard) -> None:
    """Every event of the interval is in one minute, bots too."""
    answer = rows(guard, "events_per_minute")
    per_minute = dict(zip(column(answer, "minute_time"), column(answer, "events", "bot_events"), strict=True))
    assert len(answer) == 16
    assert per_minute[at("09:08").replace(tzinfo=None)] == (2, 0)
    assert per_minute[at("10:00").replace(tzinfo=None)] == (1, 1)


def test_event_types(guard: Guard) -> None:
    """Types with their share of all events."""
    answer = rows(guard, "event_types")
    assert column(answer, "event_type", "events", "bot_events", "visitors")[:3] == [
        ("page_view", 6, 2, 2),
        ("purchase", 4, 0, 2),
        ("view_item", 3, 0, 2),
    ]
    assert column(answer, "event_share")[0] == pytest.approx(6 / 17)


def test_bad_events(guard: Guard) -> None:
    """By arrival and reason."""
    assert column(rows(guard, "bad_events"), "dt", "hour", "reason", "events") == [
        (FIRST, 9, "not_json", 2),
        (FIRST, 10, "too_deep", 1),
    ]


def test_every_statement_answers_over_nothing(guard: Guard) -> None:
    """Without received hours, in years without sessions, nothing is read and nothing fails."""
    start, end = datetime(1999, 1, 1, tzinfo=UTC), datetime(1999, 1, 2, tzinfo=UTC)
    for path in SQL.rglob("*.sql"):
        statement = read_statement(path)
        answer = guard.ask(statement, [], interval_values(statement, {"start": start, "end": end, "digest": "0"}))
        assert answer.bytes_scanned == 0


def test_only_the_named_hours_are_read(guard: Guard) -> None:
    """One hour costs less than two days."""
    statement = read_statement(SQL / "event_types.sql")
    values: dict[str, Value] = {"start": DAY, "end": END}
    one, all_ = (guard.ask(statement, hours, values).bytes_scanned for hours in (["2026-11-21T10"], HOURS))
    assert 0 < one < all_


def test_refused_statement_says_why(guard: Guard) -> None:
    """Athena's own message reaches the reader."""
    text = "-- X.\n-- grain: x\n-- partitions: x\nSELECT colour FROM raw_events"
    with pytest.raises(
        StatementError, match=r"(?s)Athena refused wrong \(query [0-9a-f-]{36}\).*COLUMN_NOT_FOUND.*colour"
    ):
        guard.ask(load_statement("wrong", text), [], {})
