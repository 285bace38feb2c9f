"""Which dates the table of sessions holds, and in which generation."""

from collections.abc import Mapping
from datetime import timedelta

from batch_jobs.lake_interval import Interval
from clickstream.lake.generations import number_in
from clickstream.lake.session_log import LOG
from clickstream.ports import Bucket


def session_generations(bucket: Bucket) -> dict[str, int]:
    """Generation of the sessions of every date that has any, from one listing."""
    return {day: number_in(key) or 0 for day, key in LOG.newest_keys(bucket).items()}


def of_interval(sessions: Mapping[str, int], interval: Interval) -> dict[str, int]:
    """Those of the dates that the interval meets."""
    first, last = interval.start.date(), (interval.end - timedelta(microseconds=1)).date()
    return {day: number for day, number in sessions.items() if first.isoformat() <= day <= last.isoformat()}
