"""From a visit to the lines its tracker sends, with the dirt of real trackers: resends, lost ids, bad lines.

Every line has an arrival. ``sent_at`` is that arrival even for a phone with a wrong clock: the order of the file is the
order of arrival, and only ``timestamp`` is as wrong as the phone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from test_client import bad_lines
from test_client.anomalies import KINDS
from test_client.journeys import Step
from test_client.visitors import Source, Visitor, draw_source, identifier, landing_url
from test_client.visits import Plan, Visit

APP_ID = "shop-web"
_BAD_LINE_SHARE = 0.003
_NO_ID_SHARE = 0.004
_RESEND_SHARE = 0.04
_MOST_RESENDS = 3
_REPLAYED_EVENTS = 14
_OFFLINE_HOURS = (1.2, 20.0)
_FLUSH_EVENTS = 10
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break.

    ``kind`` is ``event``, ``resend`` or ``bad``; ``detail`` is the event type, or the kind of badness. ``oddities``
    name what is odd about a good event. ``arrival_ms`` is in epoch milliseconds, UTC.
    """

    arrival_ms: int
    data: bytes
    kind: str
    detail: str
    oddities: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def _minute(time_min: int) -> str:
    return datetime.fromtimestamp(time_min * 60, UTC).strftime("%Y-%m-%dT%H:%M:")


def iso_time(time_ms: int) -> str:
    """Write epoch milliseconds as an ISO 8601 instant in UTC with three decimals."""
    time_min, rest_ms = divmod(time_ms, 60_000)
    return f"{_minute(time_min)}{rest_ms // 1000:02d}.{rest_ms % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class _Clocks:
    """How a visit's instants come about: when an event says it happened, and when it arrives."""

    happened_ms: Callable[[int], int]
    arrived_ms: Callable[[int, int], int]


def _clocks(visit: Visit, rng: random.Random) -> _Clocks:
    start_ms = visit.start_ms
    if visit.oddity == "offline":
        delay_ms = int(rng.uniform(*_OFFLINE_HOURS) * 3_600_000)
        return _Clocks(
            lambda offset_ms: start_ms - delay_ms + offset_ms,
            lambda place, _: start_ms + 150 * (place // _FLUSH_EVENTS),
        )
    shift = _shift(visit, rng)
    return _Clocks(
        lambda offset_ms: start_ms + offset_ms + shift(offset_ms),
        lambda _, offset_ms: start_ms + offset_ms + 40 + int(rng.expovariate(1 / 250)),
    )


def _shift(visit: Visit, rng: random.Random) -> Callable[[int], int]:
    """How far the clock is out, in milliseconds, so many milliseconds after the visit began."""
    if visit.behaviour == "random_times":
        return lambda _: -rng.randrange(4 * 86_400_000)
    change_ms, wrong_ms = rng.randrange(20_000, 300_000), int(rng.lognormvariate(9, 1.5) * 1000)
    is_wrong_first = rng.random() < 0.5
    shifts: dict[str, Callable[[int], int]] = {
        "future_clock": lambda _: 2 * wrong_ms,
        "clock_of_1970": lambda _: change_ms * 20 - visit.start_ms,
        "corrected_clock": lambda offset_ms: -wrong_ms if (offset_ms < change_ms) == is_wrong_first else 0,
        "two_tabs": lambda offset_ms: -(change_ms // 100) if offset_ms // 7_000 % 2 else 0,
    }
    return shifts.get(visit.oddity, lambda _: 0)


def _constant_fields(visit: Visit, visitor: Visitor, rng: random.Random) -> dict[str, Any]:
    fields = {
        "session_id": visit.session_id(),
        "anonymous_id": visitor.anonymous_id,
        "app_id": APP_ID,
        "user_agent": visitor.agent.text,
        "ip_address": visitor.ip_address,
    }
    if visit.oddity == "unknown_fields":
        fields |= {"tracker_version": f"2.{rng.randint(0, 9)}.{rng.randint(0, 20)}", "ab_variant": rng.choice("ABC")}
    return fields


class _Tracker:
    """The tracker of one visit: turns steps into events that differ only in what happened and when."""

    def __init__(self, visit: Visit, visitor: Visitor, source: Source) -> None:
        self._rng = visit.generator("tracker")
        self._clocks = _clocks(visit, self._rng)
        self._constant = _constant_fields(visit, visitor, self._rng)
        self._visitor, self._source = visitor, source
        self._user_id = visitor.user_id if visitor.is_signed_in else None
        self._url, self._referrer = "", source.referrer
        self._arrival_ms = 0

    def event(self, place: int, step: Step, end_ms: int) -> tuple[int, dict[str, Any]]:
        """Return arrival and fields of event number ``place``."""
        self._turn_page(step)
        arrival_ms = self._clocks.arrived_ms(place, step.offset_ms)
        self._arrival_ms = min(max(self._arrival_ms, arrival_ms), end_ms - 1)
        event = {
            "event_id": identifier(self._rng),
            "event_type": step.event_type,
            "timestamp": iso_time(self._clocks.happened_ms(step.offset_ms)),
            "sent_at": iso_time(self._arrival_ms),
            "page_url": self._url,
            "page_title": step.page.title,
            **self._constant,
            **step.fields,
        }
        # Whoever has not been asked yet has not agreed: the first events say nothing.
        if place > 1 or self._visitor.is_hidden:
            event |= self._visitor.signals
        if self._user_id:
            event["user_id"] = self._user_id
        if self._referrer:
            event["referrer"] = self._referrer
        return self._arrival_ms, event

    def _turn_page(self, step: Step) -> None:
        if step.event_type == "login":
            self._user_id = self._visitor.user_id
        if not self._url:
            self._url = landing_url(step.page, self._source)
        elif step.event_type == "page_view":
            self._url, self._referrer = step.page.url, self._url


def _resends(visit: Visit, sent: list[tuple[int, dict[str, Any]]], end_ms: int) -> Iterator[Line]:
    """Some trackers do not hear the answer and send a part of the visit again, up to minutes later; few do so twice."""
    rng = visit.generator("resend")
    if visit.behaviour in KINDS or rng.random() >= _RESEND_SHARE:
        return
    first = rng.randrange(len(sent))
    again = sent[first : first + rng.randint(1, _FLUSH_EVENTS)]
    arrival_ms = sent[min(len(sent), first + _FLUSH_EVENTS) - 1][0]
    for _ in range(min(_MOST_RESENDS, 1 + int(rng.expovariate(2.5)))):
        arrival_ms += 2_000 + int(rng.expovariate(1 / 45_000))
        if arrival_ms < end_ms:
            yield from _sent_again(again, arrival_ms)


def _replays(visit: Visit, sent: list[tuple[int, dict[str, Any]]], end_ms: int) -> Iterator[Line]:
    """Somebody sends the first events of the visit again, a few seconds apart, as recorded."""
    rng = visit.generator("resend")
    if visit.behaviour != "replay":
        return
    arrival_ms = sent[-1][0]
    for _ in range(rng.randint(6, 12)):
        arrival_ms = min(arrival_ms + int(rng.expovariate(1 / 8_000)), end_ms - 1)
        yield from _sent_again(sent[:_REPLAYED_EVENTS], arrival_ms)


def _sent_again(events: list[tuple[int, dict[str, Any]]], arrival_ms: int) -> Iterator[Line]:
    for _, event in events:
        if "event_id" in event:
            data = _encode({**event, "sent_at": iso_time(arrival_ms)})
            yield Line(arrival_ms, data, "resend", event["event_type"])


def render(visit: Visit, plan: Plan) -> Iterator[Line]:
    """Yield every line of a visit: its events, bad lines among them, then what is sent again."""
    visitor, rng, end_ms = visit.visitor(plan.people), visit.generator("dirt"), plan.window.end_ms
    tracker = _Tracker(visit, visitor, draw_source(visit.generator("source")))
    sent: list[tuple[int, dict[str, Any]]] = []
    oddity = (visit.oddity,) if visit.oddity else ()
    for place, step in enumerate(visit.steps(plan.people, plan.window)):
        arrival_ms, event = tracker.event(place, step, end_ms)
        has_no_id = rng.random() < _NO_ID_SHARE
        if has_no_id:
            del event["event_id"]
        sent.append((arrival_ms, event))
        yield Line(arrival_ms, _encode(event), "event", step.event_type, (*oddity, *("without_event_id",) * has_no_id))
        if rng.random() < _BAD_LINE_SHARE:
            kind = rng.choice(bad_lines.KINDS)
            yield Line(arrival_ms, bad_lines.spoil(kind, event, rng), "bad", kind)
    yield from _resends(visit, sent, end_ms)
    yield from _replays(visit, sent, end_ms)
