"""Sessions from events: where they begin, what they say, and that three dates are enough to know one."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.lake.session_rules import Rules
from clickstream.lake.sessionizing import sessions
from clickstream.tables import SESSIONS
from tests.unit.session_rows import DAY, Row, at, event, table, walked

HALF_DAY = Rules(gap_s=6 * 3600)
"""So long a gap that few events make a full day."""


def made(rows: list[Row], rules: Rules | None = None, day: date | None = None) -> list[Row]:
    """The sessions of the rows."""
    found: list[Row] = sessions(table(rows), rules or Rules(), day).to_pylist()
    return found


def spans(rows: list[Row], rules: Rules | None = None) -> list[tuple[str, str, int]]:
    """First and last clock time and number of events of each session."""
    return [(f"{one['start_time']:%H:%M}", f"{one['end_time']:%H:%M}", one["events"]) for one in made(rows, rules)]


def test_a_pause_of_exactly_the_gap_begins_a_new_session() -> None:
    """A microsecond less does not."""
    almost = at("09:29:59") + timedelta(microseconds=999_999)
    assert len(made([event(at("09:00")), event(almost)])) == 1
    assert len(made([event(at("09:00")), event(at("09:30"))])) == 2


def test_midnight_does_not_cut_unless_asked_for() -> None:
    """The session belongs to the date on which it began."""
    rows = [event(at("23:50")), event(at("00:10", 1), place=1)]
    assert spans(rows) == [("23:50", "00:10", 2)]
    assert spans(rows, Rules(is_cut_at_midnight=True)) == [("23:50", "23:50", 1), ("00:10", "00:10", 1)]
    assert len(made(rows, day=DAY.date())) == 1
    assert made(rows, day=date(2026, 11, 22)) == []


def test_another_campaign_begins_a_session_if_asked_for() -> None:
    """The same campaign again does not, nor an event that states none; a first campaign after none does."""
    campaigns = [None, "spring", None, "spring", "autumn"]
    rows = [event(at(f"09:0{i}"), place=i, utm_source=name) for i, name in enumerate(campaigns)]
    assert len(made(rows)) == 1
    answer = made(rows, Rules(is_cut_at_campaign=True))
    assert [(one["events"], one["utm_source"]) for one in answer] == [(1, None), (3, "spring"), (1, "autumn")]
    assert len({one["session_id"] for one in answer}) == 3


def test_who_never_pauses_is_cut_once_a_day() -> None:
    """A machine that knocks every 20 minutes for three days has a session a day; one that slept an hour is not cut."""
    knocks = [event(DAY + timedelta(minutes=20 * i), place=i) for i in range(3 * 72)]
    assert [one["events"] for one in made(knocks)] == [72, 72, 72]
    awake = [row for row in knocks if not at("05:00") <= row["event_time"] < at("06:00")]
    assert [one["events"] for one in made(awake)] == [15, 72 - 18 + 72, 72]


@pytest.mark.parametrize(("first", "events"), [("06:00", [5]), ("05:59:59", [4, 1])])
def test_a_date_that_begins_with_a_pause_is_not_full(first: str, events: list[int]) -> None:
    """Exactly the gap after midnight the session began on this date, and goes on over the next midnight."""
    knocks = [event(at(first) + timedelta(hours=5 * i), place=i) for i in range(5)]
    assert [one["events"] for one in made(knocks, HALF_DAY)] == events


def test_a_person_is_a_device_else_a_producers_session_else_a_user() -> None:
    """Signing in does not split a session, a shared app does not join people, and no identifier means no session."""
    rows = [
        event(at("09:00"), "d", user_id=None, session_id="a"),
        event(at("09:01"), "d", user_id="u", session_id="b"),
        event(at("09:00"), None, session_id="d"),
        event(at("09:01"), None, session_id="d", user_id="u"),
        event(at("09:02"), None, user_id="d"),
        event(at("09:03"), None),
        event(at("09:04"), "d", app_id="blog"),
        event(at("09:05"), "d", is_bot=True),
    ]
    answer = made(rows)
    assert [(one["app_id"], one["visitor_id"], one["events"], one["is_bot"]) for one in answer] == [
        *sorted([("shop", "d", 2, False), ("shop", "u", 2, False)], key=lambda one: _id_of(answer, one[1])),
        ("shop", "d", 1, False),
        ("blog", "d", 1, False),
        ("shop", "d", 1, True),
    ]
    device = next(one for one in answer if one["producer_sessions"] == 2)
    assert (device["user_id"], device["producer_session_id"], device["anonymous_id"]) == ("u", "a", "d")


def _id_of(answer: list[Row], visitor: str) -> Any:
    """Sessions that begin together stand in the order of their ids."""
    return next(one["session_id"] for one in answer if one["visitor_id"] == visitor and one["events"] == 2)


def test_what_a_session_says() -> None:
    """Every column of a shopping session, worked out by hand."""
    money: Row = {"order_id": "o1", "revenue": Decimal("10.50"), "currency": "EUR"}
    rows = [
        event(at("09:00"), place=0, channel="email", device_type="mobile", session_id="s", page_path=None),
        event(at("09:01"), place=1, channel="internal", page_path="/a", utm_source="news", utm_medium="mail"),
        event(at("09:02"), place=2, event_type="purchase", page_path="/b", country="DE", **money),
        event(at("09:03"), place=3, event_type="purchase", page_path="/a", **money),
        event(at("09:04:01"), place=4, event_type="click", page_path=None, user_id="u", utm_source="other"),
    ]
    (one,) = made(rows[::-1])
    session_id = one.pop("session_id")
    assert len(session_id) == 32
    assert one == {
        "app_id": "shop",
        "visitor_id": "p",
        "anonymous_id": "p",
        "user_id": "u",
        "producer_session_id": "s",
        "producer_sessions": 1,
        "start_time": at("09:00"),
        "end_time": at("09:04:01"),
        "duration_s": 241,
        "events": 5,
        "page_views": 2,
        "pages": 2,
        "entry_page": "/a",
        "exit_page": "/a",
        "channel": "email",
        "utm_source": "news",
        "utm_medium": "mail",
        "utm_campaign": None,
        "device_type": "mobile",
        "country": "DE",
        "is_bot": False,
        "is_bounce": False,
        "is_converted": True,
        "orders": 1,
        "revenue": Decimal("10.50"),
        "currency": "EUR",
    }


def test_an_empty_session_says_what_is_unknown() -> None:
    """A single click without a page or channel is a bounce without revenue."""
    (one,) = made([event(at("09:00"), event_type="click")])
    assert (one["channel"], one["device_type"], one["entry_page"], one["is_bounce"]) == (
        "unknown",
        "unknown",
        None,
        True,
    )
    assert (one["orders"], one["revenue"], one["currency"], one["is_converted"]) == (0, None, None, False)


@pytest.mark.parametrize(
    ("second", "revenue", "currency"),
    [
        ({"revenue": Decimal(5), "currency": "EUR"}, Decimal(15), "EUR"),
        ({"revenue": Decimal(5), "currency": "USD"}, None, None),
        ({"revenue": Decimal(5), "currency": None}, None, None),
        ({"revenue": None, "currency": None}, Decimal(10), "EUR"),
    ],
)
def test_revenue_needs_one_currency(second: Row, revenue: Decimal | None, currency: str | None) -> None:
    """Two currencies, of which none stated is one, are not added up; an order without a value does no harm."""
    first = event(at("09:00"), event_type="purchase", order_id="a", revenue=Decimal(10), currency="EUR")
    (one,) = made([first, event(at("09:01"), place=1, event_type="purchase", order_id="b", **second)])
    assert (one["orders"], one["revenue"], one["currency"]) == (2, revenue, currency)


def test_revenue_in_no_currency_is_added_up() -> None:
    """None stated throughout is one currency, which has no name."""
    (one,) = made([event(at("09:00"), event_type="purchase", order_id="a", revenue=Decimal(10))])
    assert (one["revenue"], one["currency"]) == (Decimal(10), None)


def test_equal_times_are_ordered_by_position() -> None:
    """Whatever the order of the rows, the entry page is that of the first in the stream."""
    rows = [event(at("09:00"), place=place, page_path=f"/{place}") for place in (9, 10, 2)]
    for turn in range(3):
        (one,) = made(rows[turn:] + rows[:turn])
        assert (one["entry_page"], one["exit_page"]) == ("/2", "/10")


def test_no_events_no_sessions() -> None:
    """The empty answer has the columns of the table."""
    assert sessions(table([]), Rules(), DAY.date()).schema == SESSIONS.schema
    assert made([event(at("09:00"), None)]) == []


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Events of a few people over five days, often a gap apart, near midnight, or at the same moment."""
    steps = st.sampled_from([0, 60, 3 * 3600, 6 * 3600 - 1, 6 * 3600, 6 * 3600 + 1, 11 * 3600])
    rows: list[Row] = []
    for person in "abc"[: draw(st.integers(1, 3))]:
        time = DAY + timedelta(seconds=draw(st.integers(0, 86_400)))
        for step in draw(st.lists(steps, max_size=25)):
            time += timedelta(seconds=step)
            campaign = draw(st.sampled_from([None, None, "x", "y"]))
            rows.append(event(time, person, place=len(rows), utm_source=campaign))
    return draw(st.permutations(rows))


OPTIONS = st.builds(Rules, gap_s=st.just(6 * 3600), is_cut_at_midnight=st.booleans(), is_cut_at_campaign=st.booleans())


@settings(max_examples=100, deadline=None)
@given(histories(), OPTIONS)
def test_sessions_are_those_of_a_walk_through_each_persons_events(rows: list[Row], rules: Rules) -> None:
    """The vectorised way and the plain one agree, for every combination of options."""
    answer = [(one["visitor_id"], one["start_time"], one["end_time"], one["events"]) for one in made(rows, rules)]
    assert sorted(answer) == walked(rows, rules)


@settings(max_examples=60, deadline=None)
@given(histories(), OPTIONS)
def test_three_dates_are_enough_to_know_one(rows: list[Row], rules: Rules) -> None:
    """Each date alone, with its two neighbours only, gives exactly its part of all sessions, and none is left out."""
    days = sorted({row["event_time"].date() for row in rows})
    parts: list[Row] = []
    for day in days:
        around = [row for row in rows if abs((row["event_time"].date() - day).days) <= 1]
        parts += made(around, rules, day)
    assert parts == made(rows, rules)
    assert len({one["session_id"] for one in parts}) == len(parts)


def test_the_rule_of_the_full_day_is_what_makes_three_dates_enough() -> None:
    """Without it, somebody who never pauses has one session for ever, which three dates cannot show."""
    knocks = [event(DAY + timedelta(hours=5 * i), place=i) for i in range(20)]
    endless = Rules(gap_s=HALF_DAY.gap_s, is_cut_after_full_day=False)
    assert len(made(knocks, endless)) == 1
    third = date(2026, 11, 23)
    around = [row for row in knocks if abs((row["event_time"].date() - third).days) <= 1]
    assert made(around, endless, third) == []
    assert made(around, HALF_DAY, third) == made(knocks, HALF_DAY, third) != []


def test_events_without_a_time_of_their_own_count_when_they_arrived() -> None:
    """They are placed as the lake counts them."""
    row = event(at("09:00")) | {"event_time": None}
    assert [one["start_time"] for one in made([row])] == [datetime(2026, 11, 21, 9, tzinfo=UTC)]
