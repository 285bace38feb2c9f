"""The plan of a simulated day: which visit starts when, who makes it, and what is odd about it.

A plan holds no events, only numbers. A visit's events are drawn again from its own generator when they are needed, so
that a day of any size needs little memory.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, islice, takewhile

from test_client import anomalies, hectic, journeys
from test_client.agents import monitor_agent, program_agent
from test_client.journeys import Step
from test_client.visitors import Visitor, visitor_of

_BEHAVIOURS: dict[str, Callable[[random.Random, Visitor], Iterator[Step]]] = {
    "browse": journeys.browse,
    "return_to_cart": journeys.return_to_cart,
    **{name: steps for name, (_, steps) in hectic.VISITS.items()},
    **{name: kind.steps for name, kind in anomalies.KINDS.items()},
}
# A day smaller than this has no anomalies, one smaller than _WHOLE_DAY the main kinds, any other at least one of each.
_SMALLEST_DAY = 2_000
_WHOLE_DAY = 15_000
# Visits per 100,000 events.
_ODD_CLOCKS_PER_100K = {"future_clock": 3, "clock_of_1970": 1}
_BOT_FLOOD_SHARE = 0.06
_RETURN_TO_CART_SHARE = 0.012
_OFFLINE_SHARE = 0.03
_UNKNOWN_FIELDS_SHARE = 0.01
_TWO_TABS_SHARE = 0.03
_CORRECTED_CLOCK_SHARE = 0.002
_PEOPLE_PER_EVENT = 0.032


def _completed(*shares: float) -> tuple[float, ...]:
    """The shares, and last what is missing to 1."""
    return (*shares, 1 - sum(shares))


_PEOPLE = ("return_to_cart", *hectic.VISITS, "browse")
_PEOPLE_SHARES = _completed(_RETURN_TO_CART_SHARE, *(share for share, _ in hectic.VISITS.values()))
_ODDITIES = ("offline", "unknown_fields", "two_tabs", "corrected_clock", "")
_ODDITY_SHARES = _completed(_OFFLINE_SHARE, _UNKNOWN_FIELDS_SHARE, _TWO_TABS_SHARE, _CORRECTED_CLOCK_SHARE)
# Share of a day's traffic by hour, UTC: quiet at four, busy at noon, busiest in the evening.
_DIURNAL = (
    28, 18, 12, 9, 8, 11, 20, 34, 48, 56, 61, 66, 70, 66, 62, 62, 65, 71, 82, 95, 100, 92, 70, 46,
)  # fmt: skip
_SLOT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """The closed-open time in which everything arrives, in epoch milliseconds, UTC."""

    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, start_time: datetime, hours: float) -> Window:
        """Begin at ``start_time`` (aware) and last ``hours``."""
        start_ms = round(start_time.timestamp() * 1000)
        return cls(start_ms, start_ms + round(hours * 3_600_000))


@dataclass(frozen=True, slots=True)
class Visit:
    """One session to be: arrival of its first event, its number (the seed of its generator), what happens in it.

    ``behaviour`` names a key of ``_BEHAVIOURS``; ``oddity`` is empty, ``offline``, ``future_clock``,
    ``clock_of_1970``, ``corrected_clock``, ``two_tabs`` or ``unknown_fields``; ``events`` is its size.
    """

    seed: int
    number: int
    start_ms: int
    behaviour: str
    oddity: str
    events: int

    def generator(self, purpose: str) -> random.Random:
        """Return a generator that is the same for every call with the same purpose."""
        return random.Random(f"{self.seed}/visit/{self.number}/{purpose}")  # noqa: S311 - a simulation, no secret

    def session_id(self) -> str:
        """The session's id."""
        return f"s-{self.generator('session').getrandbits(64):016x}"

    def labels(self, people: int) -> tuple[str, ...]:
        """What a detector should say about this session; empty for people, and where the session's id is not kept."""
        if self.behaviour not in anomalies.KINDS or self.visitor(people).is_hidden:
            return ()
        labels = anomalies.KINDS[self.behaviour].labels
        return (*labels, "bot_agent") if self._is_bot_flood() else labels

    def _is_bot_flood(self) -> bool:
        return self.behaviour == "click_flood" and self.generator("agent").random() < _BOT_FLOOD_SHARE

    def visitor(self, people: int) -> Visitor:
        """Who makes the visit, of a world of ``people``: low numbers come back often."""
        person = visitor_of(self.seed, int(self.generator("person").random() ** 2 * people))
        if self.behaviour not in {"bot_agent", "monitor"} and not self._is_bot_flood():
            return person
        agent = monitor_agent() if self.behaviour == "monitor" else program_agent(self.generator("program"))
        return replace(person, agent=agent, user_id=None, is_signed_in=False, signals={})

    def steps(self, people: int, window: Window) -> Iterator[Step]:
        """Draw what happens, at most ``events`` steps and no longer than the window."""
        longest_ms = window.end_ms - window.start_ms
        steps = _BEHAVIOURS[self.behaviour](self.generator("steps"), self.visitor(people))
        return islice(takewhile(lambda step: step.offset_ms < longest_ms, steps), self.events)


@dataclass(frozen=True, slots=True)
class Plan:
    """All visits in order of arrival, and how many people the world has."""

    visits: tuple[Visit, ...]
    people: int
    window: Window


class _Clockface:
    """Draws arrival times over the window by the diurnal curve."""

    def __init__(self, window: Window) -> None:
        self._window = window
        slots = range(window.start_ms, window.end_ms, _SLOT_MS)
        self._cumulative = list(accumulate(_busyness(slot) for slot in slots))

    def draw(self, rng: random.Random, duration_ms: int) -> int:
        """Draw a start such that a visit of ``duration_ms`` ends inside the window."""
        slot = bisect(self._cumulative, rng.random() * self._cumulative[-1])
        start_ms = self._window.start_ms + slot * _SLOT_MS + rng.randrange(_SLOT_MS)
        return max(self._window.start_ms, min(start_ms, self._window.end_ms - duration_ms))


def _busyness(time_ms: int) -> float:
    hour, rest_ms = divmod(time_ms % 86_400_000, 3_600_000)
    share = rest_ms / 3_600_000
    return _DIURNAL[hour] * (1 - share) + _DIURNAL[(hour + 1) % 24] * share


def _kinds(events: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield behaviour and oddity of each visit, without end: the planned oddities first, then people."""
    if events >= _SMALLEST_DAY:
        for behaviour, kind in anomalies.KINDS.items():
            if events >= _WHOLE_DAY or behaviour in anomalies.MAIN_KINDS:
                yield from [(behaviour, "")] * math.ceil(events * kind.per_100k / 100_000)
        for oddity, rate in _ODD_CLOCKS_PER_100K.items():
            yield from [("browse", oddity)] * math.ceil(events * rate / 100_000)
    while True:
        yield rng.choices(_PEOPLE, _PEOPLE_SHARES)[0], rng.choices(_ODDITIES, _ODDITY_SHARES)[0]


def _sized(visit: Visit, people: int, window: Window) -> tuple[Visit, int]:
    """Return the visit with its true size, and its duration in milliseconds."""
    size, last_ms = 0, 0
    for size, step in enumerate(visit.steps(people, window), 1):  # noqa: B007 - the last values are what we want
        last_ms = step.offset_ms
    return replace(visit, events=size), last_ms


def plan_visits(events: int, seed: int, window: Window) -> Plan:
    """Plan visits that hold exactly ``events`` events together."""
    rng = random.Random(f"{seed}/plan")  # noqa: S311 - a simulation, no secret
    clockface, people = _Clockface(window), 10 + int(events * _PEOPLE_PER_EVENT)
    visits: list[Visit] = []
    kinds = _kinds(events, rng)
    left = events
    while left:
        behaviour, oddity = next(kinds)
        draft = Visit(seed, len(visits), window.start_ms, behaviour, oddity, events=left)
        visit, duration_ms = _sized(draft, people, window)
        visits.append(replace(visit, start_ms=clockface.draw(rng, duration_ms)))
        left -= visit.events
    return Plan(tuple(sorted(visits, key=lambda visit: (visit.start_ms, visit.number))), people, window)
