"""From an interval of event time to the partitions, by received time, that hold it.

Events arrive late, and imports bring history, so no rule on dates alone is right: every commit of the lake counts its
rows per event date, and the answer is read from there.
"""

from datetime import UTC, datetime, timedelta

from clickstream.lake.generations import hour_start, newest_keys, read_all
from clickstream.ports import Bucket

EARLIEST_ARRIVAL = timedelta(days=2)
"""No event is stored with a time more than an hour after its arrival; much older hours need no look."""


def received_hours(bucket: Bucket, start: datetime, end: datetime) -> list[str]:
    """Every received hour with rows whose UTC event date meets [start, end), as sorted texts `2026-11-21T09`.

    Only hours with a generation count: what is still in landing is not part of any report. Both instants carry a time
    zone. Raises `LakeError` for an unreadable commit.
    """
    if end <= start:
        return []
    first, last = _date(start), _date(end - timedelta(microseconds=1))
    keys = newest_keys(bucket)
    hours = sorted(hour for hour in keys if hour_start(hour) > start - EARLIEST_ARRIVAL)
    commits = read_all(bucket, [keys[hour] for hour in hours])
    return [found.hour for found in commits if any(first <= date <= last for date in found.rows_per_event_date)]


def _date(instant: datetime) -> str:
    return instant.astimezone(UTC).date().isoformat()
