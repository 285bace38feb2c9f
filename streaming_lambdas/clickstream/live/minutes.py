"""Complete received minutes of the counters table: events in total and by type, summed over lanes."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from clickstream.ports import Table

TOTAL = "total"
MINUTE = timedelta(minutes=1)
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}", re.IGNORECASE)
"""Names of event types that may stand in an alert; anything else a producer sent is only counted in the total."""

Minutes = dict[datetime, Counter[str]]
"""Counts by series, for each minute (its start, UTC) in which something came."""


def whole_minute(time: datetime) -> datetime:
    """Start of the minute."""
    return time.replace(second=0, microsecond=0)


def span(first: datetime, end: datetime) -> Iterator[datetime]:
    """Every minute from `first` on, before `end`."""
    while first < end:
        yield first
        first += MINUTE


def read_minutes(counters: Table, first: datetime, end: datetime) -> Minutes:
    """The minutes from `first` on, before `end`; one query a date."""
    minutes: Minutes = {}
    day = first.date()
    while first < end and day <= (end - MINUTE).date():
        from_text = f"{first:%H:%M}" if day == first.date() else ""
        # "$" is the character after "#", which stands between the minute and the lane.
        to_text = f"{end - MINUTE:%H:%M}$" if day == (end - MINUTE).date() else ""
        for page in counters.query(day.isoformat(), first=from_text, last=to_text):
            start = datetime.fromisoformat(f"{page['pk']}T{page['sk'].partition('#')[0]}:00+00:00")
            minutes.setdefault(start, Counter()).update(_series(page["events"], page["event_types"]))
        day += timedelta(days=1)
    return minutes


def _series(events: int, event_types: dict[str, int]) -> dict[str, int]:
    named = {f"type:{name}": count for name, count in event_types.items() if _PLAIN_NAME.fullmatch(name)}
    return {TOTAL: events, **named}
