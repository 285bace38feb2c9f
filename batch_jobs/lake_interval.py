"""Which interval of event time a report is about, and which received hours hold it."""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clickstream.errors import ConfigError
from clickstream.lake.generations import Generation
from clickstream.lake.partitions import hours_between

OUTLIER_SHARE = 0.02
"""Dates with fewer rows than this share of the busiest date's do not stretch the default interval: a phone set to 1970,
or the few late events of the evening before the first day. Relative to one date, so that years of data change nothing.
"""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Interval:
    """Event time [start, end), both UTC."""

    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """The interval as a folder name: the date of one UTC day, first date and end for several."""
        if self == whole_day(self.start.date()):
            return self.start.date().isoformat()
        return f"{_label(self.start)}_{_label(self.end)}"


def parser(name: str, description: str, *, is_optional: bool = False) -> argparse.ArgumentParser:
    """A parser with what every job needs that asks Athena about an interval of the lake."""
    made = argparse.ArgumentParser(prog=f"python -m batch_jobs.{name}", description=description, allow_abbrev=False)
    made.add_argument("--bucket", required=not is_optional, help="bucket of the lake")
    made.add_argument("--database", required=not is_optional, help="Glue database")
    made.add_argument("--workgroup", required=not is_optional, help="Athena workgroup that enforces its configuration")
    made.add_argument("--start", type=instant, metavar="TIME", help="first event time, ISO 8601, UTC by default")
    made.add_argument("--end", type=instant, metavar="TIME", help="end of the interval, excluded")
    made.add_argument("--time-zone", type=_zone, default="UTC", help="IANA zone that days are cut in; default UTC")
    return made


def instant(text: str) -> datetime:
    """An ISO 8601 instant or date of a command line, UTC where it states no zone. Raises argparse's own error."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time such as 2026-11-21T09:00") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def whole_number(text: str) -> int:
    """A number above 0 of a command line. Raises argparse's own error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def choose(commits: Sequence[Generation], start: datetime | None, end: datetime | None) -> Interval:
    """The interval asked for; what is not given comes from the densest span of the lake.

    Raises `ConfigError` if the lake is empty, or if the end is not after the start.
    """
    if start and end:
        chosen = Interval(start, end)
    else:
        found = densest_span(commits)
        chosen = Interval(start or found.start, end or found.end)
    if chosen.end <= chosen.start:
        raise ConfigError(f"the interval {chosen.start:%Y-%m-%dT%H:%M} to {chosen.end:%Y-%m-%dT%H:%M} is empty")
    return chosen


def whole_day(day: date) -> Interval:
    """The UTC day."""
    return Interval(_midnight(day), _midnight(day + _DAY))


def generations(commits: Iterable[Generation], interval: Interval) -> dict[str, int]:
    """Generation of every received hour with rows whose UTC event date meets the interval, oldest hour first."""
    first, last = _dates(interval)
    return {c.hour: c.generation for c in commits if any(first <= day <= last for day in c.rows_per_event_date)}


def rows(commits: Iterable[Generation], interval: Interval) -> int:
    """Rows of all UTC event dates that meet the interval."""
    first, last = _dates(interval)
    return sum(n for c in commits for day, n in c.rows_per_event_date.items() if first <= day <= last)


def densest_span(commits: Iterable[Generation]) -> Interval:
    """The run of neighbouring event dates that holds most rows, without outlier dates (`OUTLIER_SHARE`)."""
    rows: Counter[date] = Counter()
    for commit in commits:
        rows.update({date.fromisoformat(day): count for day, count in commit.rows_per_event_date.items()})
    floor = OUTLIER_SHARE * max(rows.values(), default=0)
    runs: list[list[date]] = []
    for day in sorted(day for day, count in rows.items() if count >= floor and count):
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    if not runs:
        raise ConfigError("the lake holds no compacted hour yet: compact with `make batch`, or wait for the hourly run")
    densest = max(runs, key=lambda run: sum(rows[day] for day in run))
    return Interval(_midnight(densest[0]), _midnight(densest[-1] + _DAY))


def arrival_hours(commits: Iterable[Generation], interval: Interval) -> list[str]:
    """Received hours of what cannot be placed by event time: those of the interval, and those mostly about it.

    The second half matters when yesterday's file is sent today: its bad lines then arrive outside the interval.
    """
    first, last = _dates(interval)
    mostly = {
        commit.hour
        for commit in commits
        if 2 * sum(rows for day, rows in commit.rows_per_event_date.items() if first <= day <= last) > commit.rows
    }
    return sorted(mostly.union(hours_between(interval.start, interval.end)))


def _dates(interval: Interval) -> tuple[str, str]:
    """First and last UTC date that the interval meets."""
    return interval.start.date().isoformat(), (interval.end - timedelta(microseconds=1)).date().isoformat()


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone such as Europe/Berlin") from error


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _label(instant: datetime) -> str:
    whole_day = instant == _midnight(instant.date())
    return instant.strftime("%Y-%m-%d" if whole_day else "%Y-%m-%dT%H%M%SZ")
