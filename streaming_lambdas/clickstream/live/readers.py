"""Reading the live counters: an interval of received time by minute, hour or day, summed over lanes. Pure.

A page is a whole UTC minute, and belongs to an interval [start, end) when its minute begins in it. Minutes of which a
page may have expired are passed over, by the caller's clock and the retention of pages (days): what is left of them
would be a wrong sum. Counts are of accepted deliveries: what a producer sends twice is counted twice here, and is one
row in the lake.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Literal

from clickstream.live.lifetimes import first_whole_minute
from clickstream.live.sketches import estimate, quantile, united
from clickstream.ports import Item, Table

Step = Literal["minute", "hour", "day"]
_CHARACTERS: dict[Step, int] = {"minute": 16, "hour": 13, "day": 10}
"""How much of `2026-11-21T09:05` names the step."""
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Counts:
    """The counters of one minute, hour or day that has events, or of a longer interval."""

    start_time: datetime
    """UTC begin of the step, also where the interval begins later."""
    events: int
    event_types: Counter[str]
    channels: Counter[str]
    devices: Counter[str]
    countries: Counter[str]
    latencies: Counter[str]
    """Events by the bucket of their latency; see `sketches.durations`."""
    visitors_sketch: bytes
    sessions_sketch: bytes

    @property
    def visitors(self) -> int:
        """Distinct people, bots included, by user, else browser, else session; standard error 1.6 %."""
        return estimate(self.visitors_sketch)

    @property
    def sessions(self) -> int:
        """Distinct sessions; standard error 1.6 %."""
        return estimate(self.sessions_sketch)

    def latency_ms(self, share: float) -> int | None:
        """Milliseconds from event to arrival that this share of the events stays within; None if no event tells."""
        return quantile(self.latencies, share)


@dataclass(frozen=True)
class PageViews:
    """Page views of an interval. `pages` holds them by path template, `(other)` those beyond the cap of a minute."""

    views: int
    pages: Counter[str]


def counts(
    counters: Table, start: datetime, end: datetime, step: Step, now: datetime, retention_days: int
) -> list[Counts]:
    """The counters of [start, end), one entry for each step with events, in order of time."""
    length, oldest = _CHARACTERS[step], first_whole_minute(now, retention_days)
    found = groupby(_pages(counters, max(start, oldest), end, now), lambda page: _minute(page)[:length])
    return [_counts(name, list(pages)) for name, pages in found]


def total(parts: Sequence[Counts]) -> Counts | None:
    """Several steps as one, a visitor of two of them counted once; None if there are none."""
    if not parts:
        return None
    return Counts(
        start_time=min(part.start_time for part in parts),
        events=sum(part.events for part in parts),
        event_types=_sum(part.event_types for part in parts),
        channels=_sum(part.channels for part in parts),
        devices=_sum(part.devices for part in parts),
        countries=_sum(part.countries for part in parts),
        latencies=_sum(part.latencies for part in parts),
        visitors_sketch=united(part.visitors_sketch for part in parts),
        sessions_sketch=united(part.sessions_sketch for part in parts),
    )


def page_views(page_metrics: Table, start: datetime, end: datetime, now: datetime, retention_days: int) -> PageViews:
    """The page views of [start, end)."""
    oldest = first_whole_minute(now, retention_days)
    found = list(_pages(page_metrics, max(start, oldest), end, now))
    return PageViews(sum(page["page_views"] for page in found), _sum(page["pages"] for page in found))


def is_live(item: Item, now: datetime) -> bool:
    """Whether the item has not expired."""
    return bool(item["expires_at"] > now.timestamp())


def _pages(table: Table, start: datetime, end: datetime, now: datetime) -> Iterator[Item]:
    """The pages of the interval, by minute and lane: one query a received date, never a scan."""
    first, last = _next_minute(start), _next_minute(end)
    date = first.replace(hour=0, minute=0)
    while first < last and date < last:
        lower = f"{first:%H:%M}" if first > date else ""
        # No sort key is a bare minute: `10:05` ends the query before `10:05#lane`.
        upper = f"{last:%H:%M}" if last < date + _DAY else ""
        yield from (page for page in table.query(f"{date:%Y-%m-%d}", first=lower, last=upper) if is_live(page, now))
        date += _DAY


def _counts(name: str, pages: list[Item]) -> Counts:
    return Counts(
        start_time=datetime.fromisoformat(name).replace(tzinfo=UTC),
        events=sum(page["events"] for page in pages),
        event_types=_sum(page["event_types"] for page in pages),
        channels=_sum(page["channels"] for page in pages),
        devices=_sum(page["devices"] for page in pages),
        countries=_sum(page["countries"] for page in pages),
        latencies=_sum(page["latencies"] for page in pages),
        visitors_sketch=united(page["visitors"] for page in pages),
        sessions_sketch=united(page["sessions"] for page in pages),
    )


def _minute(page: Item) -> str:
    return f"{page['pk']}T{page['sk'][:5]}"


def _next_minute(instant: datetime) -> datetime:
    """The first whole minute at or after the instant, in UTC."""
    utc = instant.astimezone(UTC)
    minute = utc.replace(second=0, microsecond=0)
    return minute if minute == utc else minute + _MINUTE


def _sum(maps: Iterable[dict[str, int]]) -> Counter[str]:
    summed: Counter[str] = Counter()
    for each in maps:
        summed.update(each)
    return summed
