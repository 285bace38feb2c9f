"""Statements over events, against plain Python on generated lakes."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_lake import StatementLake, built_sessions
from tests.unit.statement_rows import END, FEW, START, TYPES, ZONES, Rows, events, local_date, person_of, within

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementLake]:
    """The engine."""
    opened = StatementLake(tmp_path_factory.mktemp("lake"))
    yield opened
    opened.close()


def ask(lake: StatementLake, name: str, rows: Rows, **values: Any) -> list[dict[str, Any]]:
    """The answer over the interval."""
    return lake.ask(name, events=rows, start=START, end=END, **values)


def in_interval(rows: Rows) -> Rows:
    """Rows of people and machines in the interval."""
    return [row for row in rows if START <= row["event_time"] < END]


def numbers(rows: Rows) -> tuple[int, int, int, int, int]:
    """Events, events of machines, page views, visitors and orders, as the daily and hourly reports have them."""
    people = [row for row in rows if not row["is_bot"]]
    orders = {row["order_id"] or row["event_id"] for row in people if row["event_type"] == "purchase"}
    views = sum(row["event_type"] == "page_view" for row in people)
    return len(people), len(rows) - len(people), views, len({person_of(row) for row in people} - {None}), len(orders)


NUMBERS = ("events", "bot_events", "page_views", "visitors", "orders")


@FEW
@given(rows=events(), zone=ZONES)
def test_days(lake: StatementLake, rows: Rows, zone: str) -> None:
    """Each event counts on the date of its zone, each session where it begins."""
    days: defaultdict[date, Rows] = defaultdict(list)
    for row in in_interval(rows):
        days[local_date(row["event_time"], zone)].append(row)
    visits = built_sessions(rows)
    begun = Counter(local_date(row["start_time"], zone) for row in within(visits, "start_time"))
    answer = ask(lake, "daily_metrics", rows, visits=visits, time_zone=zone)
    found = [(row["local_date"], row["sessions"], *(row[name] for name in NUMBERS)) for row in answer]
    assert found == [(day, begun[day], *numbers(days[day])) for day in sorted(days)]


@FEW
@given(rows=events(), zone=ZONES)
def test_hours(lake: StatementLake, rows: Rows, zone: str) -> None:
    """Each event counts at the hour that the zone's clock shows, also where that hour comes twice."""
    hours: defaultdict[tuple[date, int], Rows] = defaultdict(list)
    for row in in_interval(rows):
        shown = row["event_time"].astimezone(ZoneInfo(zone))
        hours[shown.date(), shown.hour].append(row)
    answer = ask(lake, "hourly_metrics", rows, time_zone=zone)
    found = [(row["local_date"], row["local_hour"], *(row[name] for name in NUMBERS)) for row in answer]
    assert found == [(*hour, *numbers(hours[hour])) for hour in sorted(hours)]


@FEW
@given(rows=events(step_minutes=1))
def test_minutes(lake: StatementLake, rows: Rows) -> None:
    """Each event is in one minute; machines are counted apart as well."""
    every = Counter(row["event_time"].replace(second=0, tzinfo=None) for row in in_interval(rows))
    bots = Counter(row["event_time"].replace(second=0, tzinfo=None) for row in in_interval(rows) if row["is_bot"])
    answer = ask(lake, "events_per_minute", rows)
    found = [(row["minute_time"], row["events"], row["bot_events"]) for row in answer]
    assert found == [(minute, every[minute], bots[minute]) for minute in sorted(every)]


@FEW
@given(rows=events(), limit=st.integers(1, 9))
def test_pages(lake: StatementLake, rows: Rows, limit: int) -> None:
    """Views by people rank; those of machines stand beside them; the share is of all views."""
    pages: defaultdict[tuple[Any, Any], Rows] = defaultdict(list)
    for row in in_interval(rows):
        if row["event_type"] == "page_view":
            pages[row["app_id"], row["page_path"]].append(row)
    total = sum(numbers(views)[0] for views in pages.values())
    expected = [(*page, numbers(views)) for page, views in pages.items()]
    expected.sort(key=lambda row: (-row[2][0], *((text is None, text or "") for text in row[:2])))
    answer = ask(lake, "top_pages", rows, limit=limit)
    names = ("page_views", "bot_views", "visitors")
    found = [(row["app_id"], row["page_path"], *(row[name] for name in names)) for row in answer]
    assert found == [(app, page, n[0], n[1], n[3]) for app, page, n in expected[:limit]]
    shares = [pytest.approx(n[0] / total) if total else None for _, _, n in expected[:limit]]
    assert [row["view_share"] for row in answer] == shares


@FEW
@given(rows=events(), zone=ZONES, goal=st.sampled_from(TYPES))
def test_conversion(lake: StatementLake, rows: Rows, zone: str, goal: str) -> None:
    """Visitors of a day and those of them who did it; both bounds solve the equation that defines them."""
    days: defaultdict[date, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in within(rows, "event_time"):
        if person := person_of(row):
            days[local_date(row["event_time"], zone)][person] += row["event_type"] == goal
    answer = ask(lake, "conversion", rows, time_zone=zone, goal=goal)
    found = [(row["local_date"], row["visitors"], row["converted_visitors"], row["goals"]) for row in answer]
    counts = [(day, len(n), sum(one > 0 for one in n.values()), sum(n.values())) for day, n in sorted(days.items())]
    assert found == counts
    for row in answer:
        rate, n = row["converted_visitors"] / row["visitors"], row["visitors"]
        assert row["conversion_rate"] == pytest.approx(rate)
        assert row["rate_low"] <= rate + 1e-12
        assert row["rate_high"] >= rate - 1e-12
        for bound in (row["rate_low"], row["rate_high"]):
            assert (bound - rate) ** 2 == pytest.approx(1.96**2 * bound * (1 - bound) / n, abs=1e-12)


@FEW
@given(rows=events(), control=st.sampled_from(["control", "green", "absent"]))
def test_experiment(lake: StatementLake, rows: Rows, control: str) -> None:
    """Visitors of one variant only, converted from the moment on that they saw it."""
    people: defaultdict[str, Rows] = defaultdict(list)
    for row in within(rows, "event_time"):
        if person := person_of(row):
            people[person].append(row)
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    for own in people.values():
        seen = {
            json.loads(row["properties"] or "{}").get("variant"): row["event_time"]
            for row in sorted(own, key=lambda row: row["event_time"], reverse=True)
        }
        seen.pop(None, None)
        if len(seen) == 1:
            [(variant, exposed)] = seen.items()
            counts[variant].append(any(row["event_type"] == "purchase" and row["event_time"] >= exposed for row in own))
    answer = {row["variant"]: row for row in ask(lake, "ab_test", rows, control=control)}
    assert {name: (row["visitors"], row["converted_visitors"]) for name, row in answer.items()} == {
        name: (len(own), sum(own)) for name, own in counts.items()
    }
    for name, row in answer.items():
        if name == control or control not in counts:
            assert [row[key] for key in ("difference", "difference_low", "difference_high", "z_score")] == [None] * 4
            continue
        difference, error, pooled = compared(counts[name], counts[control])
        assert row["difference"] == pytest.approx(difference)
        assert row["difference_high"] - row["difference_low"] == pytest.approx(2 * 1.96 * error)
        assert row["z_score"] == (pytest.approx(difference / pooled) if pooled else None)


def compared(own: list[bool], control: list[bool]) -> tuple[float, float, float]:
    """Difference of two rates, its standard error, and that under the assumption that both are the same."""
    rates = [sum(group) / len(group) for group in (own, control)]
    error = sqrt(sum(rate * (1 - rate) / len(group) for rate, group in zip(rates, (own, control), strict=True)))
    rate = sum(own + control) / len(own + control)
    return rates[0] - rates[1], error, sqrt(rate * (1 - rate) * (1 / len(own) + 1 / len(control)))


@FEW
@given(rows=events(), live=st.dictionaries(st.integers(0, 30), st.integers(0, 3), max_size=6))
def test_live_counters_beside_the_lake(lake: StatementLake, rows: Rows, live: dict[int, int]) -> None:
    """Every hour of arrival that one of both knows is there, with the difference of both."""
    kept = Counter(row["received_time"].replace(minute=0, second=0, tzinfo=None) for row in rows)
    told: dict[datetime, int] = {(START + place * HOUR): events for place, events in live.items()}
    steps = [{"start_time": hour.isoformat(), "events": events, "channels": {}} for hour, events in told.items()]
    answer = lake.ask("realtime_vs_lake", events=rows, live=json.dumps({"steps": steps, "total": None}))
    counted = {hour.replace(tzinfo=None): events for hour, events in told.items()}
    assert [tuple(row.values()) for row in answer] == [
        (hour, counted.get(hour), kept.get(hour), counted.get(hour, 0) - kept[hour])
        for hour in sorted(kept.keys() | counted.keys())
    ]


@FEW
@given(rows=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["not_json", "too_deep"])), max_size=12))
def test_bad_events(lake: StatementLake, rows: list[tuple[int, str]]) -> None:
    """Every refused event is counted in the hour of its arrival, under its reason."""
    bad: Rows = [{"received_time": START + place * HOUR, "reason": reason} for place, reason in rows]
    counts = Counter((row["received_time"].date(), row["received_time"].hour, row["reason"]) for row in bad)
    answer = lake.ask("bad_events", bad=bad)
    assert [tuple(row.values()) for row in answer] == [(*key, counts[key]) for key in sorted(counts)]
