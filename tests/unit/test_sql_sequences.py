"""Statements about what comes after what: funnel, paths and unusual hours, against plain Python on generated lakes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_lake import StatementLake, built_sessions
from tests.unit.statement_rows import END, FEW, START, TYPES, ZONES, Rows, events, of_one, within

HOUR = timedelta(hours=1)
STEPS = st.lists(st.sampled_from(TYPES[:3]), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementLake]:
    """The engine."""
    opened = StatementLake(tmp_path_factory.mktemp("lake"))
    yield opened
    opened.close()


def runs(rows: Rows, gap_minutes: int) -> list[Rows]:
    """The events of people in order, cut where someone pauses."""
    people: defaultdict[Any, list[Rows]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["event_time"], row["received_time"], row["sequence_number"])):
        person = row["anonymous_id"] or row["session_id"] or row["user_id"]
        if person is None:
            continue
        own = people[row["app_id"], person]
        if not own or row["event_time"] - own[-1][-1]["event_time"] >= timedelta(minutes=gap_minutes):
            own.append([])
        own[-1].append(row)
    return [run for own in people.values() for run in own]


def reached(run: Rows, steps: list[str], window: timedelta) -> int:
    """The most steps from any beginning, each taken at its earliest."""
    best = 0
    for place, first in enumerate(run):
        if first["event_type"] != steps[0]:
            continue
        taken = 1
        for row in run[place + 1 :]:
            is_next = taken < len(steps) and row["event_type"] == steps[taken]
            taken += is_next and row["event_time"] - first["event_time"] <= window
        best = max(best, taken)
    return best


@FEW
@given(
    rows=st.one_of(events(first_hour=-1, last_hour=5).map(of_one), events(first_hour=70).map(of_one), events()),
    steps=STEPS,
    window=st.sampled_from([15, 30, 60, 5000]),
    gap=st.sampled_from([60, 600, 5_000_000]),
)
def test_funnel(lake: StatementLake, rows: Rows, steps: list[str], window: int, gap: int) -> None:
    """A session gets as far as its best beginning leads within the window; a step may repeat."""
    depths = [reached(run, steps, timedelta(minutes=window)) for run in runs(within(rows, "event_time"), gap)]
    counts = [sum(depth > place for depth in depths) for place in range(len(steps))]
    answer = lake.ask(
        "funnel",
        events=rows,
        start=START,
        end=END,
        steps=",".join(steps),
        window_minutes=window,
        gap_minutes=gap,
    )
    found = [(row["step"], row["event_type"], row["sessions"]) for row in answer]
    assert found == [(place + 1, name, counts[place]) for place, name in enumerate(steps)]
    for row, before in zip(answer, [counts[0], *counts], strict=False):
        assert row["step_conversion"] == (pytest.approx(row["sessions"] / before) if before else None)
        assert row["total_conversion"] == (pytest.approx(row["sessions"] / counts[0]) if counts[0] else None)


@FEW
@given(rows=st.one_of(events(10, -1, 3), events(10, 71).map(of_one)), pattern=st.sampled_from(["%", "/a", "/%"]))
def test_paths(lake: StatementLake, rows: Rows, pattern: str) -> None:
    """From each view of a finished session to the next one, or out; shares are of what was left."""
    moves: Counter[tuple[Any, str, str]] = Counter()
    sessions: defaultdict[tuple[Any, str, str], set[int]] = defaultdict(set)
    people = [row for row in rows if not row["is_bot"]]
    for number, run in enumerate(runs(people, 30)):
        if not START <= run[0]["event_time"] <= run[-1]["event_time"] < END:
            continue
        views = [row["page_path"] for row in run if row["event_type"] == "page_view" and row["page_path"]]
        for page, following in zip(views, [*views[1:], "(exit)"], strict=False):
            if pattern in ("%", "/%", page):
                moves[run[0]["app_id"], page, following] += 1
                sessions[run[0]["app_id"], page, following].add(number)
    left = Counter((app, page) for (app, page, _), count in moves.items() for _ in range(count))
    visits = built_sessions(rows)
    answer = lake.ask("paths", events=rows, visits=visits, start=START, end=END, from_page=pattern, limit=99)
    names = ("app_id", "page_path", "next_page", "moves", "sessions")
    found = {tuple(row[name] for name in names): row["move_share"] for row in answer}
    assert found == {
        (*key, count, len(sessions[key])): pytest.approx(count / left[key[:2]]) for key, count in moves.items()
    }
    assert [row["moves"] for row in answer] == sorted(moves.values(), reverse=True)


def median(values: list[float]) -> float:
    """The middle one, the lower of two."""
    return sorted(values)[(len(values) - 1) // 2]


@FEW
@given(
    counts=st.lists(st.tuples(st.sampled_from(range(96)), st.integers(1, 12)), min_size=0, max_size=24),
    zone=ZONES,
    history=st.integers(1, 3),
    threshold=st.integers(1, 4),
)
def test_unusual_hours(
    lake: StatementLake, counts: list[tuple[int, int]], zone: str, history: int, threshold: int
) -> None:
    """Each hour is held against the same hour of the clock on the days before; empty hours count as well."""
    end = START + 96 * HOUR
    numbers = dict(counts)
    rows = [
        {"event_time": hour, "received_time": hour, "is_bot": None}
        for place, number in numbers.items()
        for hour in [START + place * HOUR + timedelta(minutes=7)] * number
    ]
    before: defaultdict[int, list[float]] = defaultdict(list)
    expected: list[tuple[datetime, int, float, float]] = []
    for place in range(96):
        hour = START + place * HOUR
        known = before[hour.astimezone(ZoneInfo(zone)).hour]
        number = numbers.get(place, 0)
        if known:
            latest = known[-history:]
            middle = median(latest)
            spread = max(1.4826 * median([abs(one - middle) for one in latest]), middle**0.5, 1)
            expected.append((hour.replace(tzinfo=None), number, middle, (number - middle) / spread))
        known.append(number)
    answer = lake.ask(
        "anomalies",
        events=rows,
        start=START,
        end=end,
        time_zone=zone,
        history_days=history,
        least_days=1,
        threshold=threshold,
    )
    # A score that is the threshold but for rounding may be on either side.
    sure = [row for row in expected if abs(abs(row[3]) - threshold) > 1e-9]
    found = [tuple(row.values()) for row in answer if abs(abs(row["score"]) - threshold) > 1e-9]
    assert found == [(*row[:3], pytest.approx(row[3])) for row in sure if abs(row[3]) >= threshold]


def hourly(counts: dict[datetime, int]) -> Rows:
    """So many events in each hour."""
    return [{"event_time": hour, "received_time": hour, "is_bot": None} for hour, n in counts.items() for _ in range(n)]


def test_unusual_hours_look_back(lake: StatementLake) -> None:
    """Of a day alone, each hour is held against the days before it, which themselves are not judged."""
    noons = {START + timedelta(days=day, hours=12): 30 for day in range(7)}
    day = START + timedelta(days=6)
    asked: dict[str, Any] = {"start": day, "end": day + timedelta(days=1)}
    rows = hourly(noons | {day + 12 * HOUR: 90, START + timedelta(days=5, hours=12): 200})
    answer = lake.ask("anomalies", events=rows, **asked)
    noon = (day + 12 * HOUR).replace(tzinfo=None)
    assert [(row["hour_time"], row["events"], row["expected"]) for row in answer] == [(noon, 90, 30)]
    assert lake.ask("anomalies", events=rows, **asked, least_days=7) == []


def test_a_wrong_clock_begins_no_history(lake: StatementLake) -> None:
    """One event nine days before a new site leaves its hours without history, and not with nine empty days."""
    new = {START + timedelta(days=day, hours=hour): 50 for day in (9, 10) for hour in range(24)}
    asked: dict[str, Any] = {"start": START + timedelta(days=10), "end": START + timedelta(days=11)}
    assert lake.ask("anomalies", events=hourly(new | {START: 1}), **asked) == []
    assert len(lake.ask("anomalies", events=hourly(new | {START: 100}), **asked)) == 24
