"""Days of 23 and 25 hours: what statements with a time zone say when clocks are changed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.statement_lake import StatementLake, built_sessions

BERLIN = "Europe/Berlin"
HALF_HOUR = timedelta(minutes=30)
LONG, SHORT = date(2026, 10, 25), date(2026, 3, 29)
"""Berlin's clocks show 02:00 to 02:59 twice on the one, and never on the other."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementLake]:
    """The engine."""
    opened = StatementLake(tmp_path_factory.mktemp("lake"))
    yield opened
    opened.close()


def midnight(day: date) -> datetime:
    """When the day begins in Berlin, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def every_half_hour(first: date, last: date) -> list[dict[str, Any]]:
    """A page view of another visitor each half hour from the first date's midnight to the end of the last date."""
    start, end = midnight(first), midnight(last + timedelta(days=1))
    return [
        {"event_id": str(place), "event_type": "page_view", "event_time": time, "received_time": time}
        | {"anonymous_id": f"v{place}", "sequence_number": f"{place:04}", "sub_sequence": 0}
        for place in range((end - start) // HALF_HOUR)
        for time in [start + place * HALF_HOUR]
    ]


@pytest.mark.parametrize(("changed", "views"), [(LONG, 50), (SHORT, 46)])
def test_a_day_has_the_hours_that_it_has(lake: StatementLake, changed: date, views: int) -> None:
    """25 hours of views on the long day, 23 on the short one, 24 before and after, and no view twice."""
    before, after = changed - timedelta(days=1), changed + timedelta(days=1)
    rows = every_half_hour(before, after)
    bounds: dict[str, Any] = {"start": midnight(before), "end": midnight(after + timedelta(days=1))}
    visits = built_sessions(rows)
    days = lake.ask("daily_metrics", events=rows, visits=visits, time_zone=BERLIN, **bounds)
    expected = [(before, 48), (changed, views), (after, 48)]
    assert [(row["local_date"], row["events"]) for row in days] == expected
    assert [(row["local_date"], row["sessions"]) for row in days] == expected
    for name, day, visitors in (
        ("new_returning", "local_date", "visitors"),
        ("lifecycle", "period_date", "new_visitors"),
        ("retention", "cohort_date", "visitors"),
    ):
        answer = lake.ask(name, visits=visits, time_zone=BERLIN, **bounds)
        assert list(dict.fromkeys((row[day], row[visitors]) for row in answer)) == expected


@pytest.mark.parametrize(("changed", "views"), [(LONG, {1: 2, 2: 4, 3: 2}), (SHORT, {1: 2, 3: 2})])
def test_the_hour_of_the_change(lake: StatementLake, changed: date, views: dict[int, int]) -> None:
    """The repeated hour is one row of both, the missing one is none."""
    rows = every_half_hour(changed, changed)
    bounds: dict[str, Any] = {"start": midnight(changed), "end": midnight(changed + timedelta(days=1))}
    hours = lake.ask("hourly_metrics", events=rows, time_zone=BERLIN, **bounds)
    found = {row["local_hour"]: row["events"] for row in hours if row["local_hour"] in (1, 2, 3)}
    assert found == views


def test_hours_are_alike_by_the_clock(lake: StatementLake) -> None:
    """Nine o'clock is compared with nine o'clock over the change, though it is another hour of UTC."""
    days = [LONG + timedelta(days=number) for number in range(-3, 3)]
    mornings = [datetime(day.year, day.month, day.day, 9, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC) for day in days]
    rows = [{"event_time": time, "received_time": time} for time in mornings for _ in range(30)]
    bounds: dict[str, Any] = {
        "start": midnight(days[0]),
        "end": midnight(days[-1] + timedelta(days=1)),
        "least_days": 3,
    }
    assert lake.ask("anomalies", events=rows, time_zone=BERLIN, **bounds) == []
    in_utc = lake.ask("anomalies", events=rows, **bounds)
    assert [(row["hour_time"].hour, row["events"], row["expected"]) for row in in_utc] == [(7, 0, 30), (8, 30, 0)] * 3
