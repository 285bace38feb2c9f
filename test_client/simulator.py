"""A seeded day of a shop as lines of NDJSON in the order of their arrival, with labelled anomalies and honest dirt."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from test_client.render import Line, render
from test_client.visits import Plan, Window, plan_visits

DEFAULT_START_TIME = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """What has been simulated so far, counted line by line."""

    lines: Counter[str] = field(default_factory=Counter)
    bad_lines: Counter[str] = field(default_factory=Counter)
    event_types: Counter[str] = field(default_factory=Counter)
    size: int = 0
    first_ms: int | None = None
    last_ms: int = 0

    def add(self, line: Line) -> None:
        """Count one line."""
        self.first_ms = line.arrival_ms if self.first_ms is None else self.first_ms
        self.last_ms = line.arrival_ms
        self.size += len(line.data) + 1
        self.lines[line.kind] += 1
        if line.kind == "bad":
            self.bad_lines[line.detail] += 1
        elif line.kind == "event":
            self.event_types[line.detail] += 1
        self.lines.update(line.oddities)


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one anomalous session; ``label`` is a key of ``labels.RULE_OF_LABEL``."""

    session_id: str
    label: str


class Simulation:
    """One simulated day: the same arguments give the same lines, byte for byte.

    Args:
        events: distinct events of the day; resends and bad lines come on top.
        seed: chooses the world and everything in it.
        start_time: aware; the first instant at which a line may arrive.
        hours: length of the window in which every line arrives, at least 1.
    """

    def __init__(self, events: int, seed: int, start_time: datetime = DEFAULT_START_TIME, hours: float = 24) -> None:
        if events < 1 or hours < 1 or start_time.tzinfo is None:
            raise ValueError("a simulation needs at least 1 event, at least 1 hour and a start time with a zone")
        self._events, self._seed, self._window = events, seed, Window.of(start_time, hours)
        self.tally = Tally()

    @cached_property
    def _plan(self) -> Plan:
        return plan_visits(self._events, self._seed, self._window)

    def lines(self) -> Iterator[Line]:
        """Yield every line in order of arrival; fills ``tally`` on the way, so run it once."""
        waiting: list[tuple[int, int, int, Line]] = []
        for visit in self._plan.visits:
            yield from self._due(waiting, visit.start_ms)
            for place, line in enumerate(render(visit, self._plan)):
                heapq.heappush(waiting, (line.arrival_ms, visit.number, place, line))
        yield from self._due(waiting, self._plan.window.end_ms)

    def _due(self, waiting: list[tuple[int, int, int, Line]], before_ms: int) -> Iterator[Line]:
        while waiting and waiting[0][0] < before_ms:
            line = heapq.heappop(waiting)[3]
            self.tally.add(line)
            yield line

    def labels(self) -> list[Label]:
        """Name every anomalous session, in order of arrival."""
        plan = self._plan
        return [Label(visit.session_id(), label) for visit in plan.visits for label in visit.labels(plan.people)]

    def summary(self) -> dict[str, Any]:
        """Counts by kind of what ``lines`` has yielded, and of the labels; ready for JSON."""
        tally, labels = self.tally, self.labels()
        oddities = {
            name: count for name, count in sorted(tally.lines.items()) if name not in {"event", "resend", "bad"}
        }
        return {
            "lines": sum(tally.lines[kind] for kind in ("event", "resend", "bad")),
            "events": tally.lines["event"],
            "resends": tally.lines["resend"],
            "bad_lines": dict(sorted(tally.bad_lines.items())),
            "bad": tally.lines["bad"],
            "oddities": oddities,
            "event_types": dict(sorted(tally.event_types.items())),
            "sessions": len(self._plan.visits),
            "labels": dict(sorted(Counter(label.label for label in labels).items())),
            "bytes": tally.size,
            "first_arrival_ms": tally.first_ms,
            "last_arrival_ms": tally.last_ms,
        }


def simulate(events: int, seed: int, start_time: datetime = DEFAULT_START_TIME, hours: float = 24) -> Iterator[Line]:
    """Yield the lines of a simulated day in order of arrival (see ``Simulation``)."""
    return Simulation(events, seed, start_time, hours).lines()
