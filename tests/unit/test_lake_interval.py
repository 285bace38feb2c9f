"""Which interval a report is about when nobody says, and which hours belong to it."""

import argparse
from datetime import UTC, datetime

import pytest

from batch_jobs.lake_interval import Interval, arrival_hours, choose, densest_span, generations, instant, rows
from clickstream.errors import ConfigError
from clickstream.lake.generations import Generation


def commit(hour: str, **dates: int) -> Generation:
    """The generation of an hour with rows per event date, written as d21=5."""
    rows = {f"2026-11-{name[1:]}" if len(name) == 3 else name: count for name, count in dates.items()}
    return Generation(
        generation=1, run_id="r", hour=hour, inputs=(), outputs=(), landed=sum(rows.values()), rows=sum(rows.values()),
        redelivered=0, duplicates=0, quarantined=0, erased=0, rows_per_event_date=rows, previous_generation=None,
        written_time=at(21), code_version="t",
    )  # fmt: skip


def at(day: int, hour: int = 0) -> datetime:
    """An hour of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_outliers_do_not_stretch_the_interval() -> None:
    """A phone of 1970 and a few late events of the evening before are outside; a quiet day in between is not."""
    stray = commit("2026-11-21T01", d20=5, d21=1000)
    old = commit("2026-11-21T02", d21=1000, d22=400, d23=1500).rows_per_event_date | {"1970-01-01": 1}
    assert densest_span([stray, commit("2026-11-23T09", **old)]) == Interval(at(21), at(24))


def test_densest_run_wins() -> None:
    """Imported history a year before is reported when asked for, not by default."""
    history = commit("2026-11-01T09", d01=900)
    assert densest_span([history, commit("2026-11-21T09", d21=600, d22=600)]) == Interval(at(21), at(23))


def test_many_equal_days_are_no_outliers() -> None:
    """The measure is one day, so that years of data keep their days."""
    days = [commit(f"2026-11-{day:02}T09", **{f"d{day:02}": 10}) for day in range(1, 31)]
    assert densest_span(days) == Interval(at(1), datetime(2026, 12, 1, tzinfo=UTC))


def test_rows_of_an_interval_are_those_of_its_dates() -> None:
    """Whatever hour they arrived in."""
    commits = [commit("2026-11-21T09", d20=5, d21=10), commit("2026-11-22T09", d21=3, d22=7)]
    assert rows(commits, Interval(at(21), at(22))) == 13


def test_one_bound_completes_the_other() -> None:
    """What is given stands; the rest comes from the lake."""
    commits = [commit("2026-11-21T09", d21=10)]
    assert choose(commits, at(21, 9), None) == Interval(at(21, 9), at(22))


def test_empty_lake_and_empty_interval_are_refused() -> None:
    """Both are one clear sentence."""
    with pytest.raises(ConfigError, match="no compacted hour yet"):
        choose([], None, None)
    with pytest.raises(ConfigError, match="is empty"):
        choose([], at(22), at(21))


def test_arrival_hours_follow_the_bulk() -> None:
    """Hours of the interval, and later ones mostly about it: yesterday's file sent today, but not a few late events."""
    commits = [commit("2026-11-22T15", d21=900, d22=100), commit("2026-11-22T16", d21=100, d22=900)]
    hours = arrival_hours(commits, Interval(at(21), at(22)))
    assert hours[0] == "2026-11-21T00"
    assert hours[-1] == "2026-11-22T15"
    assert len(hours) == 25


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        (at(21), at(22), "2026-11-21"),
        (at(21), at(23), "2026-11-21_2026-11-23"),
        (at(21, 9), at(22), "2026-11-21T090000Z_2026-11-22"),
    ],
)
def test_label_is_a_folder_name(start: datetime, end: datetime, label: str) -> None:
    """The date of one day, dates for whole days, instants otherwise."""
    assert Interval(start, end).label == label


def test_generations_of_the_hours_that_hold_the_interval() -> None:
    """Hours of any age count, as long as a row of theirs lies on a date of the interval."""
    commits = [commit("2026-11-21T09", d21=5), commit("2026-11-24T09", d24=5, d21=1), commit("2026-11-25T09", d25=5)]
    assert generations(commits, Interval(at(21, 9), at(22))) == {"2026-11-21T09": 1, "2026-11-24T09": 1}


def test_command_line_times_are_utc() -> None:
    """A date is midnight UTC, another zone is converted, nonsense is argparse's error."""
    assert instant("2026-11-21") == at(21)
    assert instant("2026-11-21T10:00+01:00") == at(21, 9)
    with pytest.raises(argparse.ArgumentTypeError, match="no ISO 8601"):
        instant("yesterday")
