"""Small generated lakes: sessions and events around the night on which Berlin's clocks go back."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

Rows = list[dict[str, Any]]
START = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Midnight in Berlin, before the day of 25 hours."""
END = START + timedelta(days=3, hours=1)
FEW = settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
PAGES = ("/", "/a", "/b")
TYPES = ("page_view", "click", "view_item", "purchase")


def local_date(instant: datetime, zone: str) -> date:
    """The date that a clock of the zone shows."""
    return instant.astimezone(ZoneInfo(zone)).date()


def within(rows: Iterable[dict[str, Any]], moment: str, start: datetime = START, end: datetime = END) -> Rows:
    """Rows of people in the interval."""
    return [row for row in rows if start <= row[moment] < end and not row["is_bot"]]


@st.composite
def visits(draw: st.DrawFn) -> Rows:
    """Rows of `sessions`, from four days before the interval to one after it."""
    one: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "visitor_id": st.sampled_from("uuv"),
            "app_id": st.sampled_from(["shop", "shop", None]),
            "start_time": _moments(-96 * 4, (73 + 24) * 4),
            "channel": st.sampled_from(["direct", "email", "referral"]),
            "device_type": st.sampled_from(["desktop", "mobile"]),
            "country": st.sampled_from([None, "DE"]),
            "utm_source": st.sampled_from([None, None, "news"]),
            "utm_campaign": st.sampled_from([None, "spring"]),
            "entry_page": st.sampled_from([None, *PAGES]),
            "exit_page": st.sampled_from(PAGES),
            "page_views": st.integers(0, 3),
            "orders": st.integers(0, 1),
            "is_bot": st.sampled_from([False, False, False, True]),
        }
    )
    found = _many(draw, one)
    for place, row in enumerate(found):
        row |= {"session_id": f"s{place:02}", "is_bounce": row["page_views"] <= 1, "is_converted": row["orders"] > 0}
        row |= {"revenue": Decimal(place + 1), "currency": "EUR"} if row["orders"] else {}
    return found


@st.composite
def events(draw: st.DrawFn, step_minutes: int = 15, first_hour: int = -2, last_hour: int = 75) -> Rows:
    """Rows of `raw_events`, some of them late; hours are those since the start of the interval, which has 73."""
    one: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "event_type": st.sampled_from(TYPES),
            "event_time": _moments(first_hour * 60 // step_minutes, last_hour * 60 // step_minutes, step_minutes),
            "late_s": st.sampled_from([1, 1, 90_000]),
            "app_id": st.sampled_from(["shop", "shop", None]),
            "anonymous_id": st.sampled_from([None, "d", "e"]),
            "session_id": st.sampled_from([None, "s"]),
            "user_id": st.sampled_from([None, "u"]),
            "page_path": st.sampled_from([None, *PAGES]),
            "order_id": st.sampled_from([None, "o1", "o2"]),
            "properties": st.sampled_from([None, "{}", '{"variant":"control"}', '{"variant":"green"}']),
            "is_bot": st.sampled_from([None, False, False, True]),
        }
    )
    found = _many(draw, one)
    for place, row in enumerate(found):
        row["received_time"] = row["event_time"] + timedelta(seconds=row.pop("late_s"))
        row |= {"event_id": f"e{place:02}", "sequence_number": f"{place:04}", "sub_sequence": 0}
    return found


def of_one(rows: Rows) -> Rows:
    """The same events, all of one person."""
    return [row | {"app_id": "shop", "anonymous_id": "d", "is_bot": False} for row in rows]


def person_of(row: dict[str, Any]) -> str | None:
    """Who a reader counts as a visitor."""
    found: str | None = row["anonymous_id"] or row["user_id"] or row["session_id"]
    return found


def _many(draw: st.DrawFn, one: st.SearchStrategy[dict[str, Any]]) -> Rows:
    """Up to 20 rows, many as often as few: what happens between rows needs several of them."""
    count = draw(st.sampled_from(range(21)))
    return draw(st.lists(one, min_size=count, max_size=count))


def _moments(least: int, most: int, step_minutes: int = 15) -> st.SearchStrategy[datetime]:
    return st.sampled_from(range(least, most + 1)).map(lambda place: START + timedelta(minutes=step_minutes * place))
