"""The model of one series: what it calls an anomaly, what it keeps quiet about, and the outage of 1995."""

import csv
import gzip
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from clickstream.detection.traffic import TrafficModel, Verdict

NASA = Path(__file__).parents[2].parent / "shared" / "data" / "nasa_requests_per_minute.csv.gz"
OUTAGE_TIME = datetime(1995, 8, 1, 18, 53, tzinfo=UTC)
DAY = 1440
START = 1_795_219_200
"""Midnight of 2026-11-21 UTC."""


def shop(days: int, seed: int = 1) -> Iterator[tuple[float, float]]:
    """Minutes of a shop with a busy afternoon: 20 events a minute at night, 180 in the day, with their noise."""
    chance = random.Random(seed)  # noqa: S311  a seeded draw, no secret
    for minute in range(days * DAY):
        usual = 100 + 80 * math.sin(2 * math.pi * (minute % DAY) / DAY - math.pi / 2)
        yield START + 60 * minute, max(0, round(chance.gauss(usual, math.sqrt(usual))))


def trained(days: int = 8) -> TrafficModel:
    """A model that knows the shop."""
    model = TrafficModel()
    for time, count in shop(days):
        model.observe(time, count)
    return model


def after(model: TrafficModel, counts: list[float]) -> list[Verdict]:
    """What the model says of the next minutes."""
    return [model.observe(model.last_time + 60, count) for count in counts]


def at_noon(model: TrafficModel) -> TrafficModel:
    """The model half a day later, when 180 a minute are usual."""
    chance = random.Random(2)  # noqa: S311  a seeded draw, no secret
    for minute in range(DAY // 2):
        usual = 100 + 80 * math.sin(2 * math.pi * minute / DAY - math.pi / 2)
        model.observe(model.last_time + 60, round(chance.gauss(usual, math.sqrt(usual))))
    return model


def test_ordinary_days_are_quiet() -> None:
    """The second week of an ordinary shop gives three alarms at most."""
    model = TrafficModel()
    alarms = [time for time, count in shop(14) if model.observe(time, count).is_anomaly]
    assert sum(time >= START + 7 * 86_400 for time in alarms) <= 3


def test_nothing_is_said_before_a_day_is_known() -> None:
    """The first day gives no alarm, whatever comes."""
    model, chance = TrafficModel(), random.Random(4)  # noqa: S311  a seeded draw, no secret
    verdicts = [model.observe(START + 60 * minute, chance.choice((0, 5, 1000))) for minute in range(DAY)]
    assert not any(verdict.is_anomaly for verdict in verdicts)


def test_a_surge_is_noticed_at_once() -> None:
    """Three times the busiest minute ever is an anomaly in its first minute."""
    (verdict,) = after(trained(), [600])
    assert verdict.is_anomaly
    assert verdict.score > 0.9


def test_silence_is_noticed_within_minutes_and_told_once() -> None:
    """At noon nothing comes any more: one alarm for the silence within five minutes, none while it lasts."""
    verdicts = after(at_noon(trained()), [0.0] * 600)
    told = [minute for minute, verdict in enumerate(verdicts) if verdict.is_anomaly and verdict.view == "silence"]
    assert len(told) == 1
    assert told[0] < 5
    assert not any(verdict.is_anomaly for verdict in verdicts[told[0] + 1 :])


def test_an_outage_teaches_nothing() -> None:
    """After twelve silent hours the model still knows what is usual."""
    model = at_noon(trained())
    usual = list(model.profile)
    after(model, [0.0] * 720)
    assert model.is_silent
    assert sum(model.profile) > 0.97 * sum(usual)


def test_silence_that_lasts_is_learnt() -> None:
    """An event type that was given up is not expected for ever."""
    model = at_noon(trained())
    after(model, [0.0] * DAY * 30)
    assert sum(model.profile) < 0.05 * 48 * 100


def test_time_without_data_is_no_silence() -> None:
    """A gap of days between two points is unknown, not an outage."""
    model = at_noon(trained())
    verdict = model.observe(model.last_time + 3 * 86_400, 180)
    assert not model.is_silent
    assert not verdict.is_anomaly


def test_state_survives_storing() -> None:
    """A model that was stored and read between two points says the same."""
    one, other = TrafficModel(), TrafficModel()
    for time, count in shop(2):
        kept = one.observe(time, count)
        other = msgspec.msgpack.decode(msgspec.msgpack.encode(other), type=TrafficModel)
        assert other.observe(time, count) == kept


def test_state_has_a_bounded_size() -> None:
    """A month of noise is stored in less than 10 KB."""
    model, chance = TrafficModel(), random.Random(5)  # noqa: S311  a seeded draw, no secret
    for minute in range(30 * DAY):
        model.observe(START + 60 * minute, round(chance.lognormvariate(4, 2)))
    assert len(msgspec.msgpack.encode(model)) < 10_000


def test_the_outage_of_1995() -> None:
    """NASA's web server fell silent on 1 August 1995, 18:53 UTC: told within 10 minutes; few alarms in two months."""
    if not NASA.exists():
        pytest.skip(f"the public data are not there: {NASA}")
    model, alarms = TrafficModel(), []
    with gzip.open(NASA, "rt") as file:
        for row in csv.DictReader(file):
            time = datetime.fromisoformat(row["ts"])
            if model.observe(time.timestamp(), float(row["requests"])).is_anomaly:
                alarms.append(time)
    assert any(OUTAGE_TIME <= time <= OUTAGE_TIME + timedelta(minutes=10) for time in alarms)
    assert len(alarms) <= 45
