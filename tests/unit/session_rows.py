"""Events for tests of sessions, and a second way to build sessions: one event after the other, in plain Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa

from clickstream.lake.session_events import SCHEMA, keyed
from clickstream.lake.session_rules import Rules

DAY = datetime(2026, 11, 21, tzinfo=UTC)
Row = dict[str, Any]


def at(clock: str, day: int = 0) -> datetime:
    """`09:30` or `09:30:15` on 2026-11-21, or that many days later."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(days=day, hours=hours, minutes=minutes, seconds=sum(seconds))


def event(event_time: datetime, person: str | None = "p", place: int = 0, **more: object) -> Row:
    """A page view of a device, received as it happened; `place` is its place in the stream."""
    return {
        "app_id": "shop",
        "event_id": f"e{place}",
        "event_type": "page_view",
        "event_time": event_time,
        "received_time": event_time,
        "anonymous_id": person,
        "epoch": "1",
        "shard_id": "0",
        "sequence_number": f"{place:0130}",
        "sub_sequence": 0,
        **more,
    }


def table(rows: Iterable[Row]) -> pa.Table:
    """The rows as the sessionizer takes them."""
    return keyed(pa.Table.from_pylist([{name: row.get(name) for name in SCHEMA.names} for row in rows], schema=SCHEMA))


@dataclass
class _Open:
    """The session that a person is in."""

    start_time: datetime
    end_time: datetime
    events: int
    campaign: tuple[str, ...] | None


def walked(rows: Iterable[Row], rules: Rules) -> list[tuple[str, datetime, datetime, int]]:
    """Person, start, end and events of every session of devices, found by walking through each person's events."""
    people: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["event_time"], row["received_time"], row["sequence_number"])):
        people.setdefault(row["anonymous_id"], []).append(row)
    found = []
    for person, events in people.items():
        full = {day for day in {row["event_time"].date() for row in events} if _is_full(events, day, rules)}
        found += [(person, one.start_time, one.end_time, one.events) for one in _walk(events, rules, full)]
    return sorted(found)


def _walk(events: list[Row], rules: Rules, full: set[Any]) -> list[_Open]:
    sessions: list[_Open] = []
    for row in events:
        time, stated = row["event_time"], tuple(row.get(f"utm_{word}") or "" for word in ("source", "medium"))
        campaign = stated if any(stated) else None
        now = sessions[-1] if sessions else None
        if now is None or _ends(now, time, campaign, rules, full):
            sessions.append(_Open(time, time, 1, campaign))
        else:
            now.end_time, now.events, now.campaign = time, now.events + 1, campaign or now.campaign
    return sessions


def _ends(now: _Open, time: datetime, campaign: tuple[str, ...] | None, rules: Rules, full: set[Any]) -> bool:
    is_next_day = time.date() != now.end_time.date()
    return (
        (time - now.end_time).total_seconds() >= rules.gap_s
        or (rules.is_cut_at_midnight and is_next_day)
        or (rules.is_cut_after_full_day and is_next_day and now.end_time.date() in full)
        or (rules.is_cut_at_campaign and campaign is not None and campaign != now.campaign)
    )


def _is_full(events: list[Row], day: Any, rules: Rules) -> bool:
    """Whether no moment of the UTC date is as far as the gap from the events around it, within that date."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    times = [row["event_time"] for row in events if row["event_time"].date() == day]
    bounds = [midnight, *times, midnight + timedelta(days=1)]
    return all((later - earlier).total_seconds() < rules.gap_s for earlier, later in pairwise(bounds))
