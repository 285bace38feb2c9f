"""Statements about people over several days, through Athena's API, against numbers worked out by hand."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.queries import Guard, interval_values
from clickstream.lake.partitions import hours_between
from clickstream.lake.statements import Value, read_statement
from tests.aws.small_lake import DATABASE, DAY, WORKGROUP, Row, account, at, event, fill

SQL = Path(__file__).parents[2] / "sql"
END = DAY + timedelta(days=3)
FIRST, SECOND, THIRD = date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)
ANN = {"anonymous_id": "ann", "properties": '{"variant":"control"}'}
BOB = {"anonymous_id": "bob", "device_type": "mobile", "country": "DE", "properties": '{"variant":"green"}'}
CAT = {"anonymous_id": "cat", "properties": '{"variant":"green"}'}
EVENTS: list[Row] = [
    # Ann comes by a newsletter, and buys on the next day.
    event("page_view", at("09:00"), page_path="/", channel="email", utm_source="news", **ANN),
    event("page_view", at("09:01"), page_path="/a", channel="internal", **ANN),
    event("page_view", at("09:00", 1), page_path="/a", **ANN),
    event("page_view", at("09:05", 1), page_path="/", channel="internal", **ANN),
    event("purchase", at("09:06", 1), order_id="o1", revenue=Decimal(20), currency="EUR", **ANN),
    # Bob comes by a link, stays away for a day, and buys on the third.
    event("page_view", at("12:00"), page_path="/", channel="referral", **BOB),
    event("page_view", at("12:00", 2), page_path="/", **BOB),
    event("purchase", at("12:01", 2), order_id="o2", revenue=Decimal(10), currency="EUR", **BOB),
    # Cat comes once, when it is the third day in Berlin already.
    event("page_view", at("23:30", 1), page_path="/a", channel="email", **CAT),
    event("page_view", at("12:30", 1), "x", page_path="/", is_bot=True, bot_reason="crawler"),
]
Ask = Callable[..., list[tuple[Any, ...]]]
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks a statement over the three days and returns the columns that are named, row by row."""
    with account(tmp_path_factory.mktemp("cache")):
        fill(EVENTS)
        guard = Guard(DATABASE, WORKGROUP)
        hours = list(hours_between(DAY, END))

        def asked(name: str, names: str, **values: Value) -> list[tuple[Any, ...]]:
            statement = read_statement(SQL / f"{name}.sql")
            interval = interval_values(statement, {"start": DAY, "end": END})
            answer = guard.ask(statement, hours, interval | values).rows()
            return [tuple(row[column] for column in names.split()) for row in answer]

        yield asked


def test_entry_and_exit_pages(ask: Ask) -> None:
    """Three sessions begin on the home page, of which two see nothing else and one buys."""
    names = "page_path entries exits bounces bounce_rate entry_conversion_rate"
    assert ask("entry_exit_pages", names) == [
        ("/", 3, 3, 2, pytest.approx(2 / 3), pytest.approx(1 / 3)),
        ("/a", 2, 2, 1, 0.5, 0.5),
    ]


def test_campaigns_and_devices(ask: Ask) -> None:
    """One session states a campaign; two of five are of a phone in Germany, and half of those bought."""
    assert ask("campaigns", "utm_source utm_medium sessions page_views orders") == [("news", None, 1, 2, 0)]
    names = "device_type country sessions visitors session_share conversion_rate"
    assert ask("device_geo", names) == [
        ("desktop", None, 3, 2, 0.6, pytest.approx(1 / 3)),
        ("mobile", "DE", 2, 1, 0.4, 0.5),
    ]


def test_new_and_returning_visitors(ask: Ask) -> None:
    """Cat is new on the second day, or on the third by the clock of Berlin."""
    names = "local_date visitor_type visitors sessions converted_sessions"
    assert ask("new_returning", names) == [
        (FIRST, "new", 2, 2, 0),
        (SECOND, "new", 1, 1, 0),
        (SECOND, "returning", 1, 1, 1),
        (THIRD, "returning", 1, 1, 1),
    ]
    berlin = ask("new_returning", "local_date visitor_type visitors", time_zone="Europe/Berlin")
    assert berlin[1:] == [(SECOND, "returning", 1), (THIRD, "new", 1), (THIRD, "returning", 1)]


def test_known_visitors_are_not_new(ask: Ask) -> None:
    """Asked about the second day, the look-back knows Ann; without it she would be new."""
    day = {"start": at("00:00", 1), "end": at("00:00", 2)}
    assert ask("new_returning", "visitor_type visitors", **day) == [("new", 1), ("returning", 1)]
    assert ask("new_returning", "visitor_type visitors", lookback_days=0, **day) == [("new", 2)]
    assert ask("retention", "cohort_date visitors", **day) == [(SECOND, 1)]


def test_retention(ask: Ask) -> None:
    """Of the two of the first day one is back on each of the next; by weeks Saturday and Sunday are one."""
    names = "cohort_date period visitors returned retention_rate is_complete"
    assert ask("retention", names) == [
        (FIRST, 0, 2, 2, 1.0, True),
        (FIRST, 1, 2, 1, 0.5, True),
        (FIRST, 2, 2, 1, 0.5, True),
        (SECOND, 0, 1, 1, 1.0, True),
        (SECOND, 1, 1, 0, 0.0, True),
    ]
    monday = date(2026, 11, 16)
    weeks = ask("retention", names, period="week")
    assert weeks == [(monday, 0, 3, 3, 1.0, True), (monday, 1, 3, 1, pytest.approx(1 / 3), False)]


def test_lifecycle(ask: Ask) -> None:
    """Ann stays, Bob sleeps a day and is back, and at the end Ann and Cat sleep."""
    names = "period_date new_visitors retained_visitors resurrected_visitors dormant_visitors"
    assert ask("lifecycle", names) == [(FIRST, 2, 0, 0, 0), (SECOND, 1, 1, 0, 1), (THIRD, 0, 0, 1, 2)]


def test_attribution(ask: Ask) -> None:
    """Two touches each, a day and two days apart; with a half-life of a day the first ones weigh 1/2 and 1/4."""
    third = pytest.approx(1 / 3), pytest.approx(20 / 3)
    rest = pytest.approx(2 / 3 + 4 / 5), pytest.approx(40 / 3 + 8)
    assert ask("attribution", "model channel currency conversions revenue", half_life_days=1) == [
        ("first", "email", "EUR", 1, 20),
        ("first", "referral", "EUR", 1, 10),
        ("last", "direct", "EUR", 2, 30),
        ("linear", "direct", "EUR", 1, 15),
        ("linear", "email", "EUR", 0.5, 10),
        ("linear", "referral", "EUR", 0.5, 5),
        ("position", "direct", "EUR", 1, 15),
        ("position", "email", "EUR", 0.5, 10),
        ("position", "referral", "EUR", 0.5, 5),
        ("time_decay", "direct", "EUR", *rest),
        ("time_decay", "email", "EUR", *third),
        ("time_decay", "referral", "EUR", pytest.approx(1 / 5), pytest.approx(2)),
    ]


def test_paths(ask: Ask) -> None:
    """Four views of the home page: three are the last, one leads on."""
    assert ask("paths", "page_path next_page moves sessions move_share") == [
        ("/", "(exit)", 3, 3, 0.75),
        ("/a", "(exit)", 2, 2, pytest.approx(2 / 3)),
        ("/", "/a", 1, 1, 0.25),
        ("/a", "/", 1, 1, pytest.approx(1 / 3)),
    ]
    assert ask("paths", "next_page", from_page="/a", limit=1) == [("(exit)",)]


def test_conversion(ask: Ask) -> None:
    """One of two: anything from 9 to 91 % is possible."""
    names = "local_date visitors converted_visitors conversion_rate rate_low rate_high"
    _, second, third = ask("conversion", names)
    assert second == (SECOND, 2, 1, 0.5, pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))
    assert third[:4] == (THIRD, 1, 1, 1.0)


def test_experiment(ask: Ask) -> None:
    """Green has one of two, control one of one: half less, which says nothing yet."""
    names = "variant visitors converted_visitors difference z_score"
    control, green = ask("ab_test", names)
    assert control == ("control", 1, 1, None, None)
    assert green == ("green", 2, 1, -0.5, pytest.approx(-(0.75**0.5)))


def test_funnel_of_any_steps(ask: Ask) -> None:
    """Two of five sessions buy, both a minute after a view, which is still within a window of a minute."""
    bought = "page_view,purchase"
    assert ask("funnel", "step event_type sessions total_conversion", steps=bought) == [
        (1, "page_view", 5, 1.0),
        (2, "purchase", 2, 0.4),
    ]
    assert ask("funnel", "sessions", steps=bought, window_minutes=1) == [(5,), (2,)]
    assert ask("funnel", "sessions", steps="page_view,page_view,purchase", window_minutes=3) == [(5,), (1,), (0,)]
    people = ask("funnel", "sessions", steps=bought, window_minutes=5000, gap_minutes=5_000_000)
    assert people == [(3,), (2,)]


def test_unusual_hours(ask: Ask) -> None:
    """At noon there was one event, then none; two are two more than the lower of both."""
    found = ask("anomalies", "hour_time events expected score", least_days=2, threshold=2)
    assert found == [(datetime(2026, 11, 23, 12), 2, 0, 2.0)]  # noqa: DTZ001 - Athena's timestamps have no zone


def test_live_counters_beside_the_lake(ask: Ask) -> None:
    """What `show_counters --json` prints is taken as it is; a resend counts live only, an old hour in the lake only."""
    live = {"steps": [{"start_time": at("09:00", 1).isoformat(), "events": 4, "channels": {}}], "total": None}
    found = ask("realtime_vs_lake", "live_events lake_events difference", live=json.dumps(live))
    assert found == [(None, 2, -2), (None, 1, -1), (4, 3, 1), (None, 1, -1), (None, 1, -1), (None, 2, -2)]
