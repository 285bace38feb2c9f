"""Thresholds of the traffic detector over history, with and without incidents."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from batch_jobs.backtest import replay
from batch_jobs.backtest_sources import History
from clickstream.detection.traffic import ALARM
from clickstream.live.minutes import TOTAL
from notebooks.detector_tuning import Incident, alarms, counts_of, incidents, observed, sweep

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 3
OUTAGE, SURGE = ("outage", 60, 0.0), ("tenfold", 10, 10.0)


def steady(surge_at: int | None = None) -> History:
    """Three days of about a hundred events a minute; the minute `surge_at` has ten times as many."""
    chance = random.Random(5)  # noqa: S311  a seeded draw, no secret
    known = [START + timedelta(minutes=place) for place in range(DAYS * 1440)]
    drawn = [chance.randrange(90, 111) * (10 if place == surge_at else 1) for place in range(len(known))]
    return History({minute: Counter({TOTAL: n}) for minute, n in zip(known, drawn, strict=True)}, known)


@pytest.fixture(scope="module")
def counts() -> list[tuple[datetime, int]]:
    """The steady history, minute by minute."""
    return counts_of(steady(), TOTAL)


def test_the_model_by_hand_alarms_like_the_deployed_rule() -> None:
    """A threshold of `ALARM` on the scores names the minutes that the rule over the total names."""
    history = steady(surge_at=2000)
    told = [anomaly.minute for anomaly in replay(history, TOTAL)]
    assert told == alarms(observed(counts_of(history, TOTAL)), ALARM)
    assert START + timedelta(minutes=2000) in told


def test_an_incident_changes_its_minutes_alone(counts: list[tuple[datetime, int]]) -> None:
    """From its start to its end, excluded, the counts are a share of what they were."""
    begin = counts[100][0]
    shaped = Incident("half", begin, 3, 0.5).shapes(counts)
    changed = [place for place, (before, after) in enumerate(zip(counts, shaped, strict=True)) if before != after]
    assert changed == [100, 101, 102]
    assert shaped[100] == (begin, round(counts[100][1] / 2))


def test_incidents_lie_between_the_learnt_day_and_the_end(counts: list[tuple[datetime, int]]) -> None:
    """Each kind every twelve hours, whole ones only; a history of one day has none."""
    planned = incidents(counts, timedelta(hours=12), [OUTAGE, ("long", 720, 0.0)])
    starts = [(one.kind, one.start - START) for one in planned]
    hours = [("outage", 36), ("outage", 48), ("outage", 60), ("long", 36), ("long", 48)]
    assert starts == [(kind, timedelta(hours=hour)) for kind, hour in hours]
    assert incidents(counts[:1440], timedelta(hours=6), [OUTAGE]) == []
    assert incidents([], timedelta(hours=6), [OUTAGE]) == []


def test_a_sweep_weighs_alarms_against_incidents(counts: list[tuple[datetime, int]]) -> None:
    """Clear incidents are found at today's threshold and soon; at an impossible one nothing is told or found."""
    planned = incidents(counts, timedelta(hours=20), [OUTAGE, SURGE])
    today, never = ALARM, 1.01
    results = {(one.threshold, one.kind): one for one in sweep(counts, planned, [today, never])}
    outage, surge = results[today, "outage"], results[today, "tenfold"]
    assert (outage.found, outage.incidents) == (surge.found, surge.incidents) == (2, 2)
    assert surge.delay_minutes == 0
    assert outage.delay_minutes is not None
    assert outage.delay_minutes <= 15
    assert outage.alarms_per_day < 1
    nothing = results[never, "outage"]
    assert (nothing.found, nothing.delay_minutes, nothing.alarms_per_day) == (0, None, 0)


def test_a_history_begins_with_its_first_event() -> None:
    """Empty minutes before it are left out, those after it count."""
    known = [START + timedelta(minutes=place) for place in range(4)]
    history = History({known[1]: Counter({TOTAL: 7})}, known)
    assert counts_of(history, TOTAL) == [(known[1], 7), (known[2], 0), (known[3], 0)]
    assert counts_of(history, "type:none") == []
