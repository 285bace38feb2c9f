"""A simulated day, drawn once: its lines, its good events by session, its labels."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from test_client.render import Line
from test_client.simulator import Simulation

EVENTS = 30_000
SEED = 11


class Day:
    """One day for the tests of a file."""

    def __init__(self) -> None:
        simulation = Simulation(EVENTS, SEED)
        self.lines: list[Line] = list(simulation.lines())
        self.summary = simulation.summary()
        self.labels = simulation.labels()
        self.events: list[dict[str, Any]] = [json.loads(line.data) for line in self.lines if line.kind == "event"]
        self.sessions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in self.events:
            self.sessions[event["session_id"]].append(event)

    def labelled(self, label: str) -> list[list[dict[str, Any]]]:
        """The sessions with this label."""
        return [self.sessions[row.session_id] for row in self.labels if row.label == label]

    def people(self) -> list[list[dict[str, Any]]]:
        """The sessions without any label."""
        labelled = {row.session_id for row in self.labels}
        return [events for session_id, events in self.sessions.items() if session_id not in labelled]


def is_hidden(event: dict[str, Any]) -> bool:
    """Whether the event forbids identifiers, so that nobody can tell what session it belongs to."""
    return "gpc" in event or "dnt" in event or event.get("consent") is False


def actions(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without those that a page sends by itself when it opens."""
    return [event for event in events if event["event_type"] not in {"view_item", "view_cart", "search"}]


def busiest_minute(events: Iterable[dict[str, Any]]) -> int:
    """The most events of one minute of event time."""
    return max(Counter(event["timestamp"][:16] for event in events).values())
