"""Statements over the table of sessions, against plain Python on generated lakes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_lake import StatementLake
from tests.unit.statement_rows import END, FEW, START, ZONES, Rows, local_date, visits, within

LAST = END - timedelta(milliseconds=1)
PERIODS = st.sampled_from(["day", "week"])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementLake]:
    """The engine."""
    opened = StatementLake(tmp_path_factory.mktemp("lake"))
    yield opened
    opened.close()


def ask(lake: StatementLake, name: str, rows: Rows, **values: Any) -> list[dict[str, Any]]:
    """The answer over the interval."""
    return lake.ask(name, visits=rows, start=START, end=END, **values)


def share(rows: Rows, mark: str) -> float:
    """Share of the rows that are marked."""
    return float(sum(row[mark] for row in rows) / len(rows))


def grouped(rows: Rows, *names: str) -> dict[tuple[Any, ...], Rows]:
    """The rows by their values of some columns."""
    groups: defaultdict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def known(rows: Rows, days: int) -> Rows:
    """The people's sessions of look-back and interval."""
    return within(rows, "start_time", start=START - timedelta(days=days))


def floor(day: date, period: str) -> date:
    """The day, or the Monday of its week."""
    return day - timedelta(days=day.weekday()) if period == "week" else day


def step(period: str) -> timedelta:
    """Length of a period."""
    return timedelta(days=7 if period == "week" else 1)


@FEW
@given(rows=visits())
def test_sessions_are_listed_by_their_beginning(lake: StatementLake, rows: Rows) -> None:
    """People's sessions of the interval, in order."""
    expected = sorted((row["start_time"].replace(tzinfo=None), row["session_id"]) for row in within(rows, "start_time"))
    assert [(row["start_time"], row["session_id"]) for row in ask(lake, "sessions", rows)] == expected


@FEW
@given(rows=visits())
def test_groups_of_sessions(lake: StatementLake, rows: Rows) -> None:
    """Channels, devices with countries, and campaigns count the sessions that have them, and no others."""
    people = within(rows, "start_time")
    stated = [row for row in people if row["utm_source"] or row["utm_campaign"]]
    for name, keys, chosen in (
        ("channels", ("channel",), people),
        ("device_geo", ("device_type", "country"), people),
        ("campaigns", ("utm_source", "utm_campaign"), stated),
    ):
        answer = ask(lake, name, rows)
        found = {tuple(row[key] for key in keys): row for row in answer}
        groups = grouped(chosen, *keys)
        assert found.keys() == groups.keys()
        assert [row["sessions"] for row in answer] == sorted(map(len, groups.values()), reverse=True)
        for key, members in groups.items():
            row = found[key]
            assert (row["sessions"], row["page_views"]) == (len(members), sum(one["page_views"] for one in members))
            assert row["visitors"] == len({one["visitor_id"] for one in members})
            assert row["conversion_rate"] == pytest.approx(share(members, "is_converted"))
            assert row.get("bounce_rate", 0) == pytest.approx(
                share(members, "is_bounce") if "bounce_rate" in row else 0
            )
            assert row.get("session_share", 0) == pytest.approx(
                len(members) / len(people) if "session_share" in row else 0
            )


@FEW
@given(rows=visits(), limit=st.integers(1, 8))
def test_pages_on_which_sessions_begin_and_end(lake: StatementLake, rows: Rows, limit: int) -> None:
    """Each session is one entry and one exit; rates are about entries."""
    entries, exits = (grouped(within(rows, "start_time"), "app_id", f"{role}_page") for role in ("entry", "exit"))
    expected = [
        (*page, len(entries.get(page, [])), len(exits.get(page, [])))
        for page in entries.keys() | exits.keys()
        if page[1] is not None
    ]
    expected.sort(key=lambda row: (-row[2], -row[3], row[0] is None, row[0] or "", row[1]))
    answer = ask(lake, "entry_exit_pages", rows, limit=limit)
    assert [(row["app_id"], row["page_path"], row["entries"], row["exits"]) for row in answer] == expected[:limit]
    for row in answer:
        begun = entries.get((row["app_id"], row["page_path"]), [])
        assert row["bounces"] == sum(one["is_bounce"] for one in begun)
        assert row["bounce_rate"] == (pytest.approx(share(begun, "is_bounce")) if begun else None)
        assert row["entry_conversion_rate"] == (pytest.approx(share(begun, "is_converted")) if begun else None)


@FEW
@given(rows=visits(), zone=ZONES, days=st.sampled_from([0, 2, 30]))
def test_new_and_returning_visitors(lake: StatementLake, rows: Rows, zone: str, days: int) -> None:
    """A visitor is new on one local date at most, the first that is known."""
    firsts: dict[tuple[Any, ...], date] = {}
    counts: Counter[tuple[date, str]] = Counter()
    people: defaultdict[tuple[date, str], set[Any]] = defaultdict(set)
    for row in sorted(known(rows, days), key=lambda row: row["start_time"]):
        visitor, day = (row["app_id"], row["visitor_id"]), local_date(row["start_time"], zone)
        kind = "new" if firsts.setdefault(visitor, day) == day else "returning"
        if row["start_time"] >= START:
            counts[day, kind] += 1
            people[day, kind].add(visitor)
    answer = ask(lake, "new_returning", rows, time_zone=zone, lookback_days=days)
    found = [(row["local_date"], row["visitor_type"], row["visitors"], row["sessions"]) for row in answer]
    assert found == [(*key, len(people[key]), counts[key]) for key in sorted(counts)]
    converted = sum(row["is_converted"] for row in within(rows, "start_time"))
    assert sum(row["converted_sessions"] for row in answer) == converted


def stays(rows: Rows, zone: str, period: str, days: int) -> dict[tuple[Any, ...], tuple[date, set[date]]]:
    """First local date and all periods of each visitor."""
    found = {}
    for visitor, members in grouped(known(rows, days), "app_id", "visitor_id").items():
        dates = {local_date(row["start_time"], zone) for row in members}
        found[visitor] = (min(dates), {floor(day, period) for day in dates})
    return found


@FEW
@given(rows=visits(), zone=ZONES, period=PERIODS, days=st.sampled_from([0, 2, 30]))
def test_retention(lake: StatementLake, rows: Rows, zone: str, period: str, days: int) -> None:
    """Every cohort has a row for each period that begins in the interval, with who came back in it."""
    followed = [
        (floor(first, period), here)
        for first, here in stays(rows, zone, period, days).values()
        if first >= local_date(START, zone)
    ]
    expected = []
    for cohort in sorted({cohort for cohort, _ in followed}):
        members = [here for one, here in followed if one == cohort]
        for number in range(3):
            day = cohort + number * step(period)
            if day <= local_date(LAST, zone):
                is_complete = day + step(period) <= local_date(END, zone)
                expected.append((cohort, number, len(members), sum(day in here for here in members), is_complete))
    answer = ask(lake, "retention", rows, time_zone=zone, period=period, periods=2, lookback_days=days)
    names = ("cohort_date", "period", "visitors", "returned", "is_complete")
    assert [tuple(row[name] for name in names) for row in answer] == expected
    assert [row["retention_rate"] for row in answer] == [pytest.approx(row[3] / row[2]) for row in expected]


@FEW
@given(rows=visits(), zone=ZONES, period=PERIODS, days=st.sampled_from([0, 2, 30]))
def test_lifecycle(lake: StatementLake, rows: Rows, zone: str, period: str, days: int) -> None:
    """Who is here was here before or not, and who was here stays or not: each visitor in one way per period."""
    expected: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for _, here in stays(rows, zone, period, days).values():
        day = min(here)
        while day <= local_date(LAST, zone):
            before = day - step(period)
            if day in here:
                expected[day]["retained" if before in here else "new" if day == min(here) else "resurrected"] += 1
            elif before in here:
                expected[day]["dormant"] += 1
            day += step(period)
    first = floor(local_date(START, zone), period)
    moves = ("new", "retained", "resurrected", "dormant")
    answer = ask(lake, "lifecycle", rows, time_zone=zone, period=period, lookback_days=days)
    found = [(row["period_date"], *(row[f"{move}_visitors"] for move in moves)) for row in answer]
    wanted = sorted(day for day in expected if day >= first)
    assert found == [(day, *(expected[day][move] for move in moves)) for day in wanted]


def shares_of(ages_days: list[float], half_life_days: int, percent: int) -> dict[str, list[float]]:
    """Credit of each touch, oldest first, by model."""
    n = len(ages_days)
    weights = [0.5 ** (age / half_life_days) for age in ages_days]
    rest = (100 - 2 * percent) / 100 / (n - 2) if n > 2 else 0
    outer = percent / 100 if n > 2 else 1 / n
    return {
        "first": [1.0] + [0.0] * (n - 1),
        "last": [0.0] * (n - 1) + [1.0],
        "linear": [1 / n] * n,
        "position": [outer if place in (0, n - 1) else rest for place in range(n)],
        "time_decay": [weight / sum(weights) for weight in weights],
    }


@FEW
@given(rows=visits(), days=st.integers(0, 4), percent=st.sampled_from([40, 50, 20]), half_life=st.integers(1, 7))
def test_attribution(lake: StatementLake, rows: Rows, days: int, percent: int, half_life: int) -> None:
    """Every model shares out each purchase whole, among the sessions that led to it."""
    credit: defaultdict[tuple[str, str], float] = defaultdict(float)
    worth: defaultdict[tuple[str, str], float] = defaultdict(float)
    bought = [row for row in within(rows, "start_time") if row["is_converted"]]
    for one in bought:
        before = within(rows, "start_time", start=one["start_time"] - timedelta(days=days), end=one["start_time"])
        own = (one["app_id"], one["visitor_id"])
        touches = [one, *grouped(before, "app_id", "visitor_id").get(own, [])]
        touches.sort(key=lambda row: (row["start_time"], row["session_id"]))
        ages = [(one["start_time"] - row["start_time"]) / timedelta(days=1) for row in touches]
        for model, shares in shares_of(ages, half_life, percent).items():
            for row, part in zip(touches, shares, strict=True):
                credit[model, row["channel"]] += part
                worth[model, row["channel"]] += part * float(one["revenue"])
    answer = ask(lake, "attribution", rows, lookback_days=days, half_life_days=half_life, position_percent=percent)
    found = {(row["model"], row["channel"]): (row["conversions"], row["revenue"]) for row in answer}
    assert found == {key: pytest.approx((part, worth[key])) for key, part in credit.items() if part > 0}
    assert sum(part for part, _ in found.values()) == pytest.approx(5 * len(bought))
