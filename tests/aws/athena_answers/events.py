"""The events that the queries ask about, and the register of answers."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Answer = list[tuple[Any, ...]]

FOLDER = Path(__file__).parents[1] / "athena_queries"
_FIELDS = (
    "event_id",
    "visitor",
    "happened",
    "kind",
    "page",
    "referrer",
    "amount",
    "pieces",
    "details",
    "labels",
    "device",
    "place",
    "basket",
)
ANSWERS: dict[str, Callable[[], Answer]] = {}


def _event(line: str) -> Row:
    event: Row = dict.fromkeys(_FIELDS) | json.loads(line)
    happened = dt.datetime.fromisoformat(event["happened"])
    return event | {"happened": happened, "day": f"{happened:%Y-%m-%d}", "hour": f"{happened:%H}"}


EVENTS: list[Row] = [_event(line) for line in (FOLDER / "events.ndjson").read_text(encoding="utf-8").splitlines()]
FIRST_DAY = [event for event in EVENTS if event["day"] == "2026-11-21"]


def answer(function: Callable[[], Answer]) -> Callable[[], Answer]:
    """Register what the query of the function's name answers: its rows, in the query's order."""
    ANSWERS[function.__name__.removeprefix("_")] = function
    return function


def last_if_none(value: Any) -> tuple[bool, Any]:
    """Return a key by which NULL comes last."""
    return (value is None, 0 if value is None else value)


def in_order(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    """Return a key by which rows come in the order of their columns."""
    return [last_if_none(value) for value in row]


def grouped(events: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Return events by the values of some fields, groups and events in order of time."""

    def key(event: Row) -> tuple[Any, ...]:
        return tuple(event[name] for name in names)

    ordered = sorted(events, key=lambda e: (in_order(key(e)), e["happened"], e["event_id"]))
    return {values: list(group) for values, group in groupby(ordered, key)}


def by_visitor(events: Iterable[Row] = EVENTS) -> dict[str | None, list[Row]]:
    """Return the events of each visitor; those without one come last."""
    return {visitor: group for (visitor,), group in grouped(events, "visitor").items()}
