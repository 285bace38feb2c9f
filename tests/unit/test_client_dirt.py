"""The dirt of a simulated day: resends, lost ids, wrong clocks, unknown fields, bad lines."""

import json
from datetime import datetime
from typing import Any

import pytest

from test_client import bad_lines
from test_client.render import Line
from test_client.simulator import Simulation


class Day:
    """A simulated day, drawn once: its lines and its good events."""

    def __init__(self) -> None:
        simulation = Simulation(20_000, seed=12)
        self.lines: list[Line] = list(simulation.lines())
        self.summary = simulation.summary()
        self.events: list[dict[str, Any]] = [json.loads(line.data) for line in self.lines if line.kind == "event"]


@pytest.fixture(scope="module")
def day() -> Day:
    """One day for all tests of this file."""
    return Day()


def instant(text: str) -> datetime:
    """A time of an event."""
    return datetime.fromisoformat(text)


def test_resends_repeat_an_event_but_for_sent_at(day: Day) -> None:
    """A resend has the id and the bytes of an event before it, save ``sent_at``, which is later."""
    originals = {event["event_id"]: event for event in day.events if "event_id" in event}
    resends = [json.loads(line.data) for line in day.lines if line.kind == "resend"]
    assert len(resends) > 100
    for resend in resends:
        original = originals[resend["event_id"]]
        assert {**original, "sent_at": ""} == {**resend, "sent_at": ""}
        assert instant(original["sent_at"]) < instant(resend["sent_at"])


def test_ids_are_distinct_and_some_are_missing(day: Day) -> None:
    """Distinct events have distinct ids; events without one differ in their bytes."""
    ids = [event["event_id"] for event in day.events if "event_id" in event]
    assert len(set(ids)) == len(ids)
    without = [json.dumps(event) for event in day.events if "event_id" not in event]
    assert len(without) == day.summary["oddities"]["without_event_id"] > 50
    assert len(set(without)) == len(without)


def test_clocks_and_networks_go_wrong(day: Day) -> None:
    """There are events hours late, from the future, and of 1970; sent_at stays the arrival."""
    lag_s = [(instant(event["sent_at"]) - instant(event["timestamp"])).total_seconds() for event in day.events]
    late = sum(3_600 < lag < 30 * 3_600 for lag in lag_s)
    assert 0.01 <= late / len(lag_s) <= 0.06
    assert late >= day.summary["oddities"]["offline"] > 0
    assert any(lag < -3_600 for lag in lag_s)
    of_1970 = [event for event in day.events if event["timestamp"].startswith("1970-01-01T")]
    assert len(of_1970) == day.summary["oddities"]["clock_of_1970"] > 0


def test_unknown_fields_occur(day: Day) -> None:
    """Some trackers send fields of their own."""
    assert sum("ab_variant" in event for event in day.events) == day.summary["oddities"]["unknown_fields"] > 50


def test_every_kind_of_bad_line_occurs_and_fits_on_a_line(day: Day) -> None:
    """All kinds are there, and none breaks the line structure."""
    assert set(day.summary["bad_lines"]) == set(bad_lines.KINDS)
    assert not any(b"\n" in line.data for line in day.lines)
    assert all(line.data.strip() for line in day.lines)


def test_bad_lines_are_bad(day: Day) -> None:
    """Read strictly, no bad line is an object with an event type, a time and plain values."""
    for line in day.lines:
        if line.kind == "bad":
            assert flaw(line.data), line.detail


def flaw(data: bytes) -> str | None:
    """Name what is wrong with a line, by rules written for this test."""
    try:
        event = json.loads(data.decode(), object_pairs_hook=distinct, parse_constant=no_constant)
    except ValueError as error:
        return type(error).__name__
    if not isinstance(event, dict) or not isinstance(event.get("event_type"), str):
        return "no event type"
    if data.count(b'{"a":') > 100 or not isinstance(event.get("properties", {}), dict):
        return "properties"
    try:
        instant(event["timestamp"])
    except ValueError:
        return "time"
    return None


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate keys."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def no_constant(text: str) -> None:
    """Refuse NaN and Infinity."""
    raise ValueError(text)
