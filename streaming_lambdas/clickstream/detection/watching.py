"""Complete minutes of the counters → traffic anomalies → alerts, one series at a time.

Order is what makes it exact: the anomaly row first (once per series, rule and minute), the state of the series second
(conditional on its revision, and it knows its last minute), the cursor third (every series has seen the minutes up to
it, also one that was to begin with them), the alert last (marked when sent, so at least once). A run that comes twice
does nothing twice; a minute that no run saw is caught up by the next one, in order.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from clickstream.detection.anomaly_rows import added, expires_at
from clickstream.detection.traffic_alerting import TrafficAlert, TrafficAlerts
from clickstream.detection.traffic_rules import TrafficAnomaly, Watch
from clickstream.errors import Conflict, InfrastructureError
from clickstream.live.minutes import MINUTE, TOTAL, Minutes, read_minutes, span, whole_minute
from clickstream.ports import Item, Key, Table

PARTITION = "series"
"""Partition key of all states: one query reads them."""
CURSOR = "(cursor)"
"""Sort key of the cursor, which no series has."""
SETTLED = timedelta(minutes=2)
"""Age from which a minute is complete: window, invocation and apply take half of it. Later fills change nothing."""
AT_ONCE = timedelta(hours=6)
"""Minutes that one run takes in at most, after a pause or at the first run; the next run goes on."""
LOOK_BACK = timedelta(days=2)
"""After a longer pause, what lies before this is unknown rather than caught up."""
MOST_SERIES = 21
"""The total and twenty event types: of those that come together the most frequent, and whoever has a place keeps it."""
RETIRED_S = 7 * 24 * 3600
"""A series without an event for so long gives its place to another one, also one too rare to be told silent."""
ROUNDS = 20


@dataclass(frozen=True)
class TrafficRun:
    """What one run came to."""

    series: int
    minutes: int
    """Complete minutes that the run read, those without events included."""
    anomalies: int
    """Newly stored ones."""
    alerts: int
    """Messages; one may speak of many anomalies."""
    alerts_failed: int
    """Anomalies whose message could not be sent, or not be marked; they stay pending and are tried again."""
    problem: str = ""
    """Why alerts failed; of several reasons the first."""


@dataclass(frozen=True)
class _Window:
    """The minutes of a run: [first, end)."""

    first: datetime
    end: datetime
    minutes: Minutes


@dataclass(frozen=True)
class TrafficDetector:
    """Keeps one state a series, stores anomalies once, and has each alerted at least once."""

    counters: Table
    states: Table
    anomalies: Table
    publish: Callable[[TrafficAlert], None]
    now: Callable[[], datetime]
    retention_days: int = 30
    each: Callable[..., Iterable[Any]] = map
    """`map`, or a parallel one: series are independent items."""

    def detect(self) -> TrafficRun:
        """Take in what is complete. Raises `InfrastructureError` if a service failed; the next run does it again."""
        stored = {item["sk"]: item for item in self.states.query(PARTITION)}
        cursor = stored.pop(CURSOR, None)
        window = self._window(cursor)
        names = _watched(stored, window)

        def update(name: str) -> list[Item]:
            return self._update(name, stored.get(name), window)

        found = [item for items in self.each(update, names) for item in items]
        self._advance(cursor, window)
        sent = TrafficAlerts(self.anomalies, self.publish, self.now, self.each).send(found)
        minutes = (window.end - window.first) // MINUTE
        return TrafficRun(len(names), minutes, len(found), sent.messages, sent.failed, sent.problem)

    def _window(self, cursor: Item | None) -> _Window:
        """From the first minute that some series may not have seen, to the newest complete one."""
        complete = whole_minute(self.now() - SETTLED)
        first = complete - AT_ONCE
        if cursor:
            first = min(max(datetime.fromisoformat(cursor["end"]), complete - LOOK_BACK), complete)
        end = min(complete, first + AT_ONCE)
        return _Window(first, end, read_minutes(self.counters, first, end))

    def _advance(self, cursor: Item | None, window: _Window) -> None:
        """Move the cursor, unless another run did. One that lags behind is only read again."""
        rev = cursor["rev"] if cursor else None
        item = {"pk": PARTITION, "sk": CURSOR, "rev": (rev or 0) + 1, "end": window.end.isoformat()}
        with suppress(Conflict):
            self.states.put_revision(item | {"expires_at": self._expires_at()}, rev)

    def _update(self, name: str, stored: Item | None, window: _Window) -> list[Item]:
        """The anomalies that are new; the state of the series holds the window afterwards."""
        new: list[Item] = []
        for _ in range(ROUNDS):
            todo = list(span(_start(name, stored, window), window.end))
            if not todo:
                return new
            watch = msgspec.msgpack.decode(stored["state"], type=Watch) if stored else Watch()
            anomalies = _observed(watch, name, todo, window.minutes)
            new += [item for anomaly in anomalies if (item := self._store(anomaly))]
            try:
                self.states.put_revision(self._state(name, stored, watch, todo[-1]), stored["rev"] if stored else None)
            except Conflict:
                stored = self.states.get(Key(PARTITION, name))
            else:
                return new
        raise InfrastructureError(f"traffic state of {name}: {ROUNDS} other writers were faster")

    def _state(self, name: str, stored: Item | None, watch: Watch, last: datetime) -> Item:
        return {
            "pk": PARTITION,
            "sk": name,
            "rev": stored["rev"] + 1 if stored else 1,
            "last": last.isoformat(),
            "heard": int(watch.heard),
            "state": msgspec.msgpack.encode(watch),
            "expires_at": self._expires_at(),
        }

    def _store(self, anomaly: TrafficAnomaly) -> Item | None:
        """The stored item, or None if it was there already."""
        return added(self.anomalies, anomaly.item(), self.now(), self.retention_days)

    def _expires_at(self) -> int:
        return expires_at(self.now(), self.retention_days)


def _watched(stored: dict[str, Item], window: _Window) -> list[str]:
    """The series to update: those in use, and the most frequent new ones while there is room."""
    in_use = [name for name, item in stored.items() if not _is_retired(item)]
    counts: Counter[str] = Counter()
    for minute in window.minutes.values():
        counts.update(minute)
    new = sorted(counts.keys() - set(in_use), key=lambda name: (name != TOTAL, -counts[name], name))
    return in_use + new[: max(0, MOST_SERIES - len(in_use))]


def _is_retired(item: Item) -> bool:
    last = datetime.fromisoformat(item["last"]).timestamp()
    return item["sk"] != TOTAL and last - int(item.get("heard", last)) > RETIRED_S


def _start(name: str, stored: Item | None, window: _Window) -> datetime:
    """The first minute that the series has not seen. A new series begins with its first event."""
    if stored:
        return max(datetime.fromisoformat(stored["last"]) + MINUTE, window.first)
    return min((time for time, counts in window.minutes.items() if counts[name]), default=window.end)


def _observed(watch: Watch, name: str, todo: list[datetime], minutes: Minutes) -> list[TrafficAnomaly]:
    """What is wrong in these minutes; one without a page had no event."""
    nothing: Counter[str] = Counter()
    found = []
    for time in todo:
        counts = minutes.get(time, nothing)
        if anomaly := watch.observe(name, time, counts[name], counts[TOTAL]):
            found.append(anomaly)
    return found
