"""Reading the live tables: which pages belong to an interval, and what they come to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream.intake.rows import read
from clickstream.live.counters import counters_page, minute_deltas, page_key, page_metrics_page
from clickstream.live.lifetimes import lifetime
from clickstream.live.readers import Counts, Step, counts, page_views, total
from clickstream.ports import Item
from clickstream.positions import Lane
from tests.simulation.fakes import MemoryTable
from tests.simulation.records import SOURCE, encoded, record

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RETENTION_DAYS = 30
LANES = [Lane("process_events", "1", f"shardId-{number}") for number in range(2)]
DAY = datetime(2026, 11, 21, tzinfo=UTC)


class LiveTables:
    """The two tables of pages, filled minute by minute."""

    def __init__(self) -> None:
        self.counters, self.page_metrics = MemoryTable(), MemoryTable()

    def add(self, minute: str, *events: dict[str, Any], lane: Lane = LANES[0], expires: datetime | None = None) -> None:
        """A page with events that arrived ten seconds into the minute."""
        arrival = datetime.fromisoformat(minute).replace(second=10, tzinfo=UTC)
        rows = read([record(encoded(**event), n, arrival) for n, event in enumerate(events, 1)], SOURCE, None).good
        key = page_key(minute, lane)
        guard = {"expires_at": int((expires or NOW + timedelta(days=30)).timestamp())}
        delta = minute_deltas(rows)[minute]
        self.counters.put(counters_page(None, key, delta) | guard)
        self.page_metrics.put(page_metrics_page(None, key, delta) | guard)

    def counts(self, start: datetime, end: datetime, step: Step = "hour") -> list[Counts]:
        """The counters of an interval."""
        return counts(self.counters, start, end, step, NOW, RETENTION_DAYS)


@pytest.fixture
def tables() -> LiveTables:
    """Empty tables."""
    return LiveTables()


def people(*numbers: int) -> list[dict[str, Any]]:
    """One event each of these people, in a session of their own."""
    return [{"user_id": f"u{number}", "session_id": f"s{number}"} for number in numbers]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("minute", {"21T09:05": 3, "21T09:59": 2, "21T10:00": 1, "22T00:00": 1}),
        ("hour", {"21T09:00": 5, "21T10:00": 1, "22T00:00": 1}),
        ("day", {"21T00:00": 6, "22T00:00": 1}),
    ],
)
def test_steps_sum_minutes_and_lanes(tables: LiveTables, step: Step, expected: dict[str, int]) -> None:
    """Each step with events is there once, in order, whatever the number of lanes."""
    tables.add("2026-11-21T10:00", *people(1))
    tables.add("2026-11-21T09:05", *people(1, 2), lane=LANES[1])
    tables.add("2026-11-21T09:05", *people(3))
    tables.add("2026-11-21T09:59", *people(1, 2))
    tables.add("2026-11-22T00:00", *people(1))
    found = tables.counts(DAY, DAY + timedelta(days=2), step)
    assert {step.start_time.strftime("%dT%H:%M"): step.events for step in found} == expected
    assert [step.start_time for step in found] == sorted(step.start_time for step in found)


def test_people_are_counted_once_however_often_they_come(tables: LiveTables) -> None:
    """Distinct visitors and sessions of an hour, and of all hours, are unions over lanes and minutes."""
    tables.add("2026-11-21T09:05", *people(1, 2, 3), lane=LANES[1])
    tables.add("2026-11-21T09:06", *people(2, 3, 4))
    tables.add("2026-11-21T10:00", *people(4, 5))
    hours = tables.counts(DAY, DAY + timedelta(days=1))
    assert [(hour.visitors, hour.sessions) for hour in hours] == [(4, 4), (2, 2)]
    whole = total(hours)
    assert whole
    assert (whole.events, whole.visitors, whole.sessions) == (8, 5, 5)


def test_every_dimension_and_the_latency_are_summed(tables: LiveTables) -> None:
    """Types, channels, devices, countries, and percentiles over all events that tell their time."""
    for minute, waits in (("2026-11-21T09:05", (1, 2, 3)), ("2026-11-21T09:06", (4, 8, 9))):
        arrival = datetime.fromisoformat(minute).replace(second=10, tzinfo=UTC)
        times = [(arrival - timedelta(seconds=wait)).isoformat() for wait in waits]
        tables.add(minute, *({"timestamp": time, "country": "NO", "event_type": "click"} for time in times), {})
    [hour] = tables.counts(DAY, DAY + timedelta(days=1))
    assert hour.event_types == {"click": 6, "page_view": 2}
    assert hour.countries == {"NO": 6, "(none)": 2}
    assert hour.channels == {"direct": 8}
    assert hour.devices == {"unknown": 8}
    assert [hour.latency_ms(share) for share in (0.5, 0.99)] == [
        pytest.approx(3000, 1 / 32),
        pytest.approx(9000, 1 / 32),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-21T09:05", "2026-11-21T09:06", ["09:05"]),
        ("2026-11-21T09:05:01", "2026-11-21T09:07", ["09:06"]),
        ("2026-11-21T09:05", "2026-11-21T09:06:01", ["09:05", "09:06"]),
        ("2026-11-20T00:00", "2026-11-21T09:06", ["09:05"]),
        ("2026-11-21T23:59", "2026-11-22T00:00", ["23:59"]),
        ("2026-11-21T23:59", "2026-11-22T00:01", ["23:59", "00:00"]),
        ("2026-11-21T09:05", "2026-11-21T09:05", []),
        ("2026-11-21T09:06", "2026-11-21T09:05", []),
    ],
)
def test_an_interval_is_cut_at_its_minutes(tables: LiveTables, start: str, end: str, expected: list[str]) -> None:
    """The start is in, the end is out, and a minute belongs to the interval in which it begins."""
    for minute in ("21T09:05", "21T09:06", "21T23:59", "22T00:00"):
        tables.add(f"2026-11-{minute}", {})
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    found = tables.counts(first, last, "minute")
    assert [f"{step.start_time:%H:%M}" for step in found] == expected


def test_another_time_zone_is_the_same_instant(tables: LiveTables) -> None:
    """Bounds in a zone of their own are taken as UTC instants, across midnight."""
    tables.add("2026-11-21T23:30", {})
    start = datetime.fromisoformat("2026-11-22T00:30+01:00")
    assert [step.events for step in tables.counts(start, start + timedelta(minutes=1))] == [1]


def test_what_has_expired_is_not_shown(tables: LiveTables) -> None:
    """DynamoDB removes items up to days after their time; readers do not wait for it."""
    tables.add("2026-11-21T09:05", {}, {}, expires=NOW)
    tables.add("2026-11-21T09:06", {}, expires=NOW + timedelta(seconds=1))
    assert [hour.events for hour in tables.counts(DAY, NOW)] == [1]
    assert page_views(tables.page_metrics, DAY, NOW, NOW, RETENTION_DAYS).views == 1


def test_a_minute_is_shown_until_its_first_page_may_have_expired(tables: LiveTables) -> None:
    """A lane that wrote later keeps its page longer: alone it would be a wrong sum, in part of a day or all of it."""
    oldest = NOW - lifetime(RETENTION_DAYS)
    for minute in (oldest, oldest + timedelta(minutes=1)):
        for lane, written in ((LANES[0], minute), (LANES[1], NOW)):
            tables.add(minute.isoformat()[:16], {}, lane=lane, expires=written + lifetime(RETENTION_DAYS))
    [hour] = tables.counts(oldest - timedelta(days=2), NOW)
    assert (hour.start_time, hour.events) == (oldest.replace(minute=0), 2)
    assert page_views(tables.page_metrics, oldest, NOW, NOW, RETENTION_DAYS).views == 2


def test_only_the_dates_of_the_interval_are_read(tables: LiveTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bounded query a date, and no scan."""
    asked: list[tuple[str, str, str]] = []

    def query(pk: str, *, first: str, last: str) -> Iterator[Item]:
        asked.append((pk, first, last))
        return iter(())

    monkeypatch.setattr(tables.counters, "query", query)
    tables.counts(DAY - timedelta(minutes=1), DAY + timedelta(days=1, hours=1))
    assert asked == [("2026-11-20", "23:59", ""), ("2026-11-21", "", ""), ("2026-11-22", "", "01:00")]


def test_nothing_is_no_total() -> None:
    """An interval without events has no steps and no total."""
    assert total(LiveTables().counts(DAY, NOW)) is None


def test_page_views_are_by_template(tables: LiveTables) -> None:
    """Views of all lanes and minutes, addresses with ids folded into one."""
    tables.add("2026-11-21T09:05", {"page_url": "/order/4711"}, {"page_url": "/"}, lane=LANES[1])
    tables.add("2026-11-21T10:05", {"page_url": "/order/4712"}, {"event_type": "click", "page_url": "/"})
    found = page_views(tables.page_metrics, DAY, NOW, NOW, RETENTION_DAYS)
    assert (found.views, found.pages) == (3, {"/order/{id}": 2, "/": 1})
