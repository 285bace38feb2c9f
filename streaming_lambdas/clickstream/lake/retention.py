"""What is past its retention: from when on a zone is kept, and the removal of what is older.

S3 deletes by the age of an object, and one that was written anew begins a new life; so the jobs remove by the hour or
date that an object is of. First they leave it alone, and only two days later, when no run or query can be at it any
more, it goes.
"""

from datetime import date, datetime, timedelta

from clickstream.lake.commit_log import partition_in
from clickstream.lake.generations import hour_start
from clickstream.lake.work import Lake
from clickstream.tables import (
    DATED_TABLES,
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    MASKED_EVENTS,
    MASKED_SESSIONS,
    RAW_EVENTS,
    hour_text,
)

LEFT_ALONE = timedelta(days=2)
"""How long the files stay after the jobs leave them alone."""
_OF_HOURS = (RAW_EVENTS.name, LANDING_PREFIX, IDENTITIES_PREFIX, MASKED_EVENTS.name)
_OF_DATES = (*(table.name for table in DATED_TABLES), MASKED_SESSIONS.name)


def first_hour(now: datetime, days: int) -> str:
    """The first received hour that began at most so many days ago; the empty text, before every hour, for 0 days."""
    return hour_text(now - timedelta(days=days) + timedelta(hours=1, microseconds=-1)) if days else ""


def first_date(now: datetime, days: int) -> str:
    """The same for UTC dates."""
    return (now - timedelta(days=days) + timedelta(days=1, microseconds=-1)).date().isoformat() if days else ""


def remove_expired(lake: Lake) -> int:
    """Remove the files of hours that have been past their retention for `LEFT_ALONE`; how many.

    Landing is among them, which was never compacted if it came after its hour was left alone. Commits stay.
    """
    if not lake.first_hour:
        return 0
    first = hour_text(hour_start(lake.first_hour) - LEFT_ALONE)
    return sum(_remove_before(lake, prefix, first) for prefix in _OF_HOURS)


def remove_expired_sessions(lake: Lake) -> int:
    """The same for the dates of sessions, of their scores and of their masked copies."""
    if not lake.first_date:
        return 0
    first = (date.fromisoformat(lake.first_date) - LEFT_ALONE).isoformat()
    return sum(_remove_before(lake, prefix, first) for prefix in _OF_DATES)


def _remove_before(lake: Lake, prefix: str, first: str) -> int:
    old = [entry.key for entry in lake.bucket.list(f"{prefix}/dt=") if partition_in(entry.key) < first]
    for key in old:
        lake.bucket.delete(key)
    return len(old)
