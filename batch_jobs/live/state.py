"""What the live page shows: the last hour of the live tables, by received time, and what lies in them now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from clickstream.detection.alerting import is_anomaly, rule_of, series_of
from clickstream.detection.live_sessions import merged
from clickstream.detection.sessions import SessionState
from clickstream.live.readers import Counts, PageViews, counts, is_live, page_views
from clickstream.ports import Item, Table

SPAN = timedelta(hours=1)
ACTIVE = timedelta(minutes=30)
"""A session is active while its newest event is no older, by the producer's clock."""
MOST_ITEMS = 20_000
"""Items of a table that may be read through. It has no index by time; DynamoDB bills such a read by the size of all."""
SESSIONS_LISTED = 10
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Tables:
    """The live tables of a stack, and the days that their pages are kept."""

    counters: Table
    page_metrics: Table
    session_metrics: Table
    anomalies: Table
    retention_days: int


@dataclass(frozen=True)
class Hour:
    """The last 60 minutes of the counters; the newest one still runs. `as_of_time` is UTC."""

    as_of_time: datetime
    minutes: Sequence[Counts]
    """One for each minute with events, in order."""
    pages: PageViews

    @property
    def start_time(self) -> datetime:
        """Begin of the first of the minutes."""
        return hour_start(self.as_of_time)


@dataclass(frozen=True)
class Session:
    """One active session over all its lanes."""

    session_id: str
    state: SessionState


@dataclass(frozen=True)
class Found:
    """An anomaly in force: of a session, or of a series of the traffic. `detected_time` is when the stream took it."""

    subject: str
    is_session: bool
    rule: str
    severity: str
    detected_time: datetime


@dataclass(frozen=True)
class Sessions:
    """Active sessions: how many, and those with the newest events, newest first."""

    active: int
    newest: Sequence[Session]


@dataclass(frozen=True)
class Items:
    """What only a read of whole tables tells. None where a table has more than MOST_ITEMS."""

    sessions: Sessions | None
    anomalies: Sequence[Found] | None
    """Newest first."""


def hour_start(now: datetime) -> datetime:
    """Begin of the 60 minutes of which the last one runs."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) - SPAN + _MINUTE


def read_hour(tables: Tables, now: datetime) -> Hour:
    """Two queries, four around midnight. Raises `InfrastructureError`."""
    start, days = hour_start(now), tables.retention_days
    return Hour(
        now.astimezone(UTC),
        counts(tables.counters, start, now, "minute", now, days),
        page_views(tables.page_metrics, start, now, now, days),
    )


def read_sessions(tables: Tables, now: datetime) -> Sessions | None:
    """One scan of at most MOST_ITEMS items; None if there are more. Raises `InfrastructureError`."""
    pages = _bounded(tables.session_metrics)
    return None if pages is None else active_sessions(pages, now)


def read_anomalies(tables: Tables, now: datetime) -> list[Found] | None:
    """One scan of at most MOST_ITEMS items; None if there are more. Raises `InfrastructureError`."""
    items = _bounded(tables.anomalies)
    return None if items is None else found_anomalies(items, now)


def active_sessions(pages: Iterable[Item], now: datetime) -> Sessions:
    """The sessions among the pages of all lanes that are active at this instant."""
    by_session: dict[str, list[Item]] = {}
    for page in pages:
        if is_live(page, now):
            by_session.setdefault(page["pk"], []).append(page)
    last_times = {session_id: max(map(_last_time, found)) for session_id, found in by_session.items()}
    active = [session_id for session_id, time in last_times.items() if time >= now - ACTIVE]
    active.sort(key=lambda session_id: (last_times[session_id], session_id), reverse=True)
    newest = [Session(session_id, merged(by_session[session_id])) for session_id in active[:SESSIONS_LISTED]]
    return Sessions(len(active), newest)


def found_anomalies(items: Iterable[Item], now: datetime) -> list[Found]:
    """The anomalies in force among the items of their table, newest first."""
    found = [_found(item) for item in items if is_anomaly(item) and is_live(item, now)]
    return sorted(found, key=lambda each: (each.detected_time, each.subject, each.rule), reverse=True)


def _bounded(table: Table) -> list[Item] | None:
    items = list(islice(table.scan(), MOST_ITEMS + 1))
    return None if len(items) > MOST_ITEMS else items


def _found(item: Item) -> Found:
    series = series_of(item)
    subject = str(item["pk"]) if series is None else series
    time = datetime.fromisoformat(item["detected_time"])
    return Found(subject, series is None, rule_of(item), str(item["severity"]), time)


def _last_time(page: Item) -> datetime:
    return datetime.fromisoformat(page["last_time"])
