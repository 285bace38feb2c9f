"""A report beside others: the period before it, and what it said of the same interval earlier."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from batch_jobs import number_text
from batch_jobs.lake_interval import Interval, whole_day
from batch_jobs.reports.asking import Question
from batch_jobs.reports.page import render
from batch_jobs.reports.previous import Previous, changes, dates_of, interval_before
from batch_jobs.reports.published import Entry, Published, Restatement
from batch_jobs.reports.report_rows import ReportRows
from batch_jobs.reports.restating import restatements
from tests.simulation.fake_lake import generation
from tests.unit.report_facts import DAY, ROWS, facts, words

QUESTION = Question(
    whole_day(DAY.date()),
    [generation("2026-11-21T09", 2, d2026_11_21=7)],
    {"2026-11-21": 1, "2026-11-20": 4},
    {},
)
NIGHT = DAY + timedelta(days=1, hours=3)
LATER = NIGHT + timedelta(days=1)


def page(**changes: Any) -> Published:
    """What was published of the day in the night after it, from an older generation."""
    made: dict[str, Any] = {
        "made_time": NIGHT,
        "generations": {"2026-11-21T09": 1},
        "reports": [Entry("headline")],
        "sessions": {"2026-11-21": 1},
        "numbers": {"events": 100, "visitors": 9, "conversion_rate": 0.5},
    }
    return Published(**(made | changes))


def told(published: Published | None, cause: Literal["changed data", "changed rules"] = "changed data") -> list[Any]:
    """Number, old and new value of every restatement; all with this cause and time."""
    found = restatements(published, {"events": 103, "visitors": 9, "conversion_rate": None}, QUESTION, LATER)
    assert all((one.cause, one.restated_time) == (cause, LATER) for one in found)
    return [(one.number, one.old, one.new) for one in found]


def test_number_that_late_events_change_is_restated() -> None:
    """Numbers that stay, and those that are absent now, are not."""
    assert told(page()) == [("events", 100, 103)]
    assert told(None) == []


def test_same_data_by_other_rules_is_told_apart() -> None:
    """A changed statement is no late data."""
    assert told(page(generations=dict(QUESTION.generations)), "changed rules") == [("events", 100, 103)]


def test_provisional_numbers_are_not_restated() -> None:
    """A page made while the day went on promised nothing."""
    assert told(page(made_time=NIGHT - timedelta(hours=4))) == []


def test_number_that_was_absent_once_is_compared_with_its_last_value() -> None:
    """A failed report in between hides no change."""
    between = page(numbers={"events": None, "visitors": 9}, earlier_numbers={"events": 90, "visitors": 8})
    assert told(between) == [("events", 90, 103)]


def test_history_is_kept() -> None:
    """New restatements come after those of earlier runs."""
    first = Restatement("visitors", 8, 9, NIGHT, "changed data")
    found = restatements(page(restatements=[first]), {"events": 101}, QUESTION, LATER)
    assert found == [first, Restatement("events", 100, 101, LATER, "changed data")]


@pytest.mark.parametrize(
    ("hours", "first", "days"), [(24, "2026-11-20", 1), (72, "2026-11-18", 3), (1, "2026-11-20", 1)]
)
def test_period_before_is_as_long(hours: int, first: str, days: int) -> None:
    """It ends where the interval begins, and its dates are those it meets."""
    interval = Interval(DAY, DAY + timedelta(hours=hours))
    before = interval_before(interval)
    assert (before.end, before.end - before.start) == (interval.start, interval.end - interval.start)
    assert (dates_of(before)[0], len(dates_of(before))) == (first, days)


def test_growth_needs_two_numbers_and_something_to_grow_from() -> None:
    """Neither from nothing nor from zero can growth be told."""
    now = {"events": 150, "visitors": 5, "sessions": None, "purchases": 3}
    assert changes(now, {"events": 100, "sessions": 5, "purchases": 0}) == {
        "events": 0.5,
        "visitors": None,
        "sessions": None,
        "purchases": None,
    }


def test_page_shows_changes_and_restatements() -> None:
    """Every tile says what was before; the top of the page names what was restated, the end old and new value."""
    numbers = ReportRows(ROWS).key_numbers
    before = {**numbers, "events": 800, "visitors": 100, "purchases": 0, "revenue_EUR": 1000.0}
    previous = Previous(Interval(DAY - timedelta(days=1), DAY), before)
    shown = replace(
        facts(), previous=previous, restatements=[Restatement("revenue_EUR", 1.5, 2.0, NIGHT, "changed data")]
    )
    text = words(render(shown)).replace(number_text.SPACE, " ")
    for sentence in (
        "Events 1,000and 100 by bots+25.0 %, was 800",
        "\N{MINUS SIGN}10.0 %, was 100",
        "orders, each counted oncewas 0",
        "+23.4 %, was 1,000.00",
        "±0.0 %, was 5.0 %",
        "against the period of the same length before, 20 Nov 2026, 00:00 to 21 Nov 2026, 00:00.",
        "1 number of this page was restated after publication: Revenue EUR.",
        "Revenue EUR1.502.00changed data22 Nov 2026, 03:00",
    ):
        assert sentence.replace(" ", "") in text.replace(" ", "")
