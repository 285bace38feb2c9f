"""How long a minute of the live tables can be read: until its first page may have expired.

A page expires a lifetime after its last write, so the pages of a minute, one a lane, expire at different times. From
the end of the minute's own lifetime on some may be gone, and the sum of the others would be wrong; until then none is.
"""

from datetime import datetime, timedelta

GRACE = timedelta(days=7)
"""Pages outlive the retention by this, so that a late repair finds what it repairs."""
_MINUTE = timedelta(minutes=1)


def lifetime(retention_days: int) -> timedelta:
    """From the last write of a page until it expires."""
    return timedelta(days=retention_days) + GRACE


def first_whole_minute(now: datetime, retention_days: int) -> datetime:
    """Start (UTC) of the oldest minute of which no page can have expired. Older ones are neither written nor shown."""
    return (now - lifetime(retention_days)).replace(second=0, microsecond=0) + _MINUTE
