"""The predicate over partition columns."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.lake.partitions import hours_between, received_predicate
from clickstream.tables import hour_text

DAYS = [date(2026, 2, 27) + timedelta(days=n) for n in range(6)]
ALL_HOURS = [f"{day}T{hour:02}" for day in DAYS for hour in range(24)]


@pytest.mark.parametrize(
    ("hours", "predicate"),
    [
        ([], "FALSE"),
        (["2026-11-21T09"], "((dt = DATE '2026-11-21' AND hour = 9))"),
        (["2026-11-21T00", "2026-11-21T01", "2026-11-22T03"],
         "((dt = DATE '2026-11-21' AND hour IN (0, 1)) OR (dt = DATE '2026-11-22' AND hour = 3))"),
        ([f"2026-11-{day}T{hour:02}" for day in (21, 25) for hour in range(5, 9)],
         "((dt IN (DATE '2026-11-21', DATE '2026-11-25') AND hour BETWEEN 5 AND 8))"),
        (ALL_HOURS[24:96], "(dt BETWEEN DATE '2026-02-28' AND DATE '2026-03-02')"),
        (ALL_HOURS[:24], "(dt = DATE '2026-02-27')"),
    ],
)  # fmt: skip
def test_predicate_is_short(hours: list[str], predicate: str) -> None:
    """Days with the same hours share a term, and whole neighbouring days are a range."""
    assert received_predicate(reversed(hours)) == predicate


GRID = """
SELECT strftime(dt, '%Y-%m-%d') || 'T' || lpad(hour::text, 2, '0') AS received
FROM (SELECT (DATE '2026-02-27' + (n // 24)::int) AS dt, n % 24 AS hour FROM range(144) AS numbers (n))
WHERE {} ORDER BY received
"""
whole_days = st.sets(st.sampled_from(DAYS)).map(
    lambda days: [hour for hour in ALL_HOURS if date.fromisoformat(hour[:10]) in days]
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database."""
    with duckdb.connect() as connection:
        yield connection


@settings(deadline=None)
@given(days=whole_days, single=st.sets(st.sampled_from(ALL_HOURS)))
def test_predicate_is_true_for_exactly_these_hours(
    database: duckdb.DuckDBPyConnection, days: list[str], single: set[str]
) -> None:
    """Whatever the hours, a database keeps these partitions and no other."""
    wanted = sorted({*days, *single})
    found = database.execute(GRID.format(received_predicate(wanted))).fetchall()
    assert [hour for (hour,) in found] == wanted


def test_predicate_of_a_year_is_small() -> None:
    """A year without one hour fits easily into Athena's 256 KB of query text."""
    hours = [hour_text(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)) for n in range(8760) if n != 4000]
    predicate = received_predicate(hours)
    assert len(predicate) < 400
    assert len(re.findall("BETWEEN", predicate)) >= 2


def test_hours_between_cover_partial_hours() -> None:
    """An interval touches the hour it begins in, and not the hour it ends at."""
    start = datetime(2026, 11, 21, 9, 59, tzinfo=UTC)
    assert list(hours_between(start, start + timedelta(minutes=61))) == ["2026-11-21T09", "2026-11-21T10"]
