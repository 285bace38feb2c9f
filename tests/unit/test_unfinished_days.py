"""Which days a scheduled run reports, and which it leaves as they are."""

import json
from datetime import UTC, date, datetime

import pytest

from batch_jobs.lake_interval import Interval, whole_day
from batch_jobs.reports.unfinished_days import LEAST_HISTORY, event_days, report_lag_hours, unfinished_days
from clickstream.lake.generations import Generation
from tests.simulation.fakes import MemoryBucket


def commit(hour: str, generation: int = 1, **dates: int) -> Generation:
    """The generation of an hour with rows per event date, written as d21=5."""
    rows = {f"2026-11-{name[1:]}": count for name, count in dates.items()}
    return Generation(
        generation=generation, run_id="r", hour=hour, inputs=(), outputs=(), landed=0, rows=sum(rows.values()),
        redelivered=0, duplicates=0, quarantined=0, erased=0, rows_per_event_date=rows, previous_generation=None,
        written_time=at(21), code_version="t",
    )  # fmt: skip


def at(day: int, hour: int = 0) -> datetime:
    """An hour of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def day(number: int) -> Interval:
    """A day of November 2026."""
    return whole_day(date(2026, 11, number))


def publish(
    bucket: MemoryBucket,
    number: int,
    made: datetime,
    failure: str = "",
    sessions: dict[str, int] | None = None,
    **generations: int,
) -> None:
    """A published day; generations are by received hour, written as d21T09=1."""
    hours = {f"2026-11-{name[1:]}": generation for name, generation in generations.items()}
    report = {"name": "funnel", "rows": 4} | ({"failure": failure} if failure else {})
    body = {"made_time": made.isoformat(), "generations": hours, "reports": [report], "rows": 1}
    body |= {"sessions": sessions} if sessions else {}
    bucket.put(f"reports/page/{day(number).label}/reports.json", json.dumps(body).encode())


@pytest.fixture
def bucket() -> MemoryBucket:
    """Nothing is published yet."""
    return MemoryBucket()


COMMITS = [commit("2026-11-21T09", d21=5), commit("2026-11-22T09", d22=5), commit("2026-11-23T01", d23=5, d22=1)]


def test_ended_days_are_unfinished_until_published(bucket: MemoryBucket) -> None:
    """Oldest first; today waits for its end."""
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == [day(21), day(22)]
    assert unfinished_days(bucket, COMMITS, at(24)) == [day(21), day(22), day(23)]
    publish(bucket, 21, at(22, 2), d21T09=1)
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == [day(22)]


def test_late_event_brings_its_day_back(bucket: MemoryBucket) -> None:
    """A new hour with a row of the day, or a new generation of an hour, makes the page outdated."""
    publish(bucket, 21, at(22, 2), d21T09=1)
    publish(bucket, 22, at(23, 0), d22T09=1)
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == [day(22)]
    publish(bucket, 22, at(23, 2), d22T09=1, d23T01=1)
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == []
    rewritten = [commit("2026-11-21T09", 2, d21=5), *COMMITS[1:]]
    assert unfinished_days(bucket, rewritten, at(23, 2)) == [day(21)]


def test_other_sessions_bring_their_day_back(bucket: MemoryBucket) -> None:
    """A session over midnight is whole only when the next day is there, and then its day's page is made again."""
    for number in (21, 22):
        bucket.put(f"_session_commits/dt=2026-11-{number}/00000001.json", b"{}")
    sessions = {"2026-11-21": 1}
    publish(bucket, 21, at(22, 2), sessions=sessions, d21T09=1)
    publish(bucket, 22, at(23, 2), sessions=sessions, d22T09=1, d23T01=1)
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == [day(22)]
    bucket.put("_session_commits/dt=2026-11-21/00000002.json", b"{}")
    assert unfinished_days(bucket, COMMITS, at(23, 2)) == [day(21), day(22)]


def test_page_that_is_not_final_is_made_again(bucket: MemoryBucket) -> None:
    """Made while the day went on, with a report that failed, or not readable."""
    commits = [commit(f"2026-11-{number}T09", **{f"d{number}": 5}) for number in (20, 21, 22)]
    publish(bucket, 20, at(20, 10), d20T09=1)
    publish(bucket, 21, at(22), failure="Athena refused funnel", d21T09=1)
    bucket.put("reports/page/2026-11-22/reports.json", b"{}")
    assert set(map(str, unfinished_days(bucket, commits, at(23)))) == {str(day(n)) for n in (20, 21, 22)}


def test_days_never_reported_come_before_outdated_ones(bucket: MemoryBucket) -> None:
    """However many old days late events bring back, a run of few days reaches the new ones, and each in turn."""
    commits = [commit(f"2026-11-{number}T09", 2, **{f"d{number}": 5}) for number in (19, 20, 21, 22)]
    publish(bucket, 19, at(22, 5), d19T09=1)
    publish(bucket, 20, at(22, 2), d20T09=1)
    assert unfinished_days(bucket, commits, at(23)) == [day(21), day(22), day(20), day(19)]


def test_wrong_clocks_make_no_day() -> None:
    """Neither one phone on a quiet night nor a small share of a busy day, but a quiet day with its own events."""
    quiet = commit("2026-11-21T01", d21=1, d01=1)
    busy = commit("2026-11-22T09", d22=100_000, d02=LEAST_HISTORY)
    assert event_days([quiet, busy]) == [date(2026, 11, 21), date(2026, 11, 22)]


def test_history_sent_later_counts() -> None:
    """A file of last week sent today is reported by its own days, and hides nothing of today."""
    history = commit("2026-11-21T10", d10=500_000, d11=400_000, d12=30)
    assert event_days([commit("2026-11-21T09", d21=3), history]) == [
        date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 21),
    ]  # fmt: skip


def test_lag_is_that_of_the_oldest_day_without_a_page(bucket: MemoryBucket) -> None:
    """Days of the last week count, once they have ended; with a page for each there is no lag."""
    assert report_lag_hours(bucket, COMMITS, at(21, 23)) == 0
    assert report_lag_hours(bucket, COMMITS, at(23, 3)) == 24 + 3
    publish(bucket, 21, at(23), d21T09=1)
    assert report_lag_hours(bucket, COMMITS, at(23, 3)) == 3
    publish(bucket, 22, at(23), d22T09=1, d23T01=1)
    assert report_lag_hours(bucket, COMMITS, at(23, 3)) == 0
    assert report_lag_hours(MemoryBucket(), COMMITS, at(30, 1)) == 6 * 24 + 1
