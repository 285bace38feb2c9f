"""Which UTC days of event time have no report yet, or one made from other generations than the lake has now.

Nothing but state decides: what the newest commits hold, and which generations a published `reports.json` names. So a
run that was missed is made up for, a late event brings its day back, and a run that fires twice does nothing twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

from batch_jobs.lake_interval import OUTLIER_SHARE, Interval, whole_day
from batch_jobs.reports.keys import PAGE, SUMMARY, report_key
from batch_jobs.reports.published import Published, decode
from batch_jobs.reports.session_dates import of_interval, session_generations
from clickstream.lake.commit_log import READERS
from clickstream.lake.generations import Generation, hour_start
from clickstream.ports import Bucket
from clickstream.tables import REPORTS_PREFIX

LEAST_HISTORY = 10
"""Fewer late rows than this in one day of arrival are clocks that are wrong, however quiet the site is."""
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_NEVER = datetime.min.replace(tzinfo=UTC)


def unfinished_days(bucket: Bucket, commits: Sequence[Generation], now: datetime) -> list[Interval]:
    """Every UTC event day that has ended and whose published report is absent, incomplete or outdated.

    Args:
        bucket: Where reports are published.
        commits: The newest generation of every hour.
        now: UTC.

    Returns:
        Whole days. A day comes back once when the day after it is there, with which its last sessions are whole. First
        those never reported, oldest first, then the others by the age of their page. A run that takes only the first
        few therefore reaches every day, even if late events bring many old days back every night.
    """
    generations = _generations_per_day(commits)
    ended = [day for day in event_days(commits) if whole_day(day).end <= now]
    published = _published(bucket, ended)
    sessions = session_generations(bucket)
    is_done = {
        day: found.is_final(whole_day(day), generations[day], of_interval(sessions, whole_day(day)))
        for day, found in published.items()
    }
    unfinished = [day for day in ended if not is_done.get(day)]
    unfinished.sort(key=lambda day: (published[day].made_time if day in published else _NEVER, day))
    return [whole_day(day) for day in unfinished]


def report_lag_hours(bucket: Bucket, commits: Sequence[Generation], now: datetime) -> int:
    """Hours since the end of the oldest day of the last week that has events and no page; 0 if each has one."""
    recent = [day for day in event_days(commits) if now - _WEEK <= whole_day(day).end <= now]
    published = _published(bucket, recent)
    ends = [whole_day(day).end for day in recent if day not in published]
    return max((int((now - end).total_seconds()) // 3600 for end in ends), default=0)


def event_days(commits: Iterable[Generation]) -> list[date]:
    """Every event date that is more than a few wrong clocks, oldest first.

    A date is one if events of it arrived within a day of it, as all live traffic does, be it little. Other dates are
    history sent later: of at least `LEAST_HISTORY` late rows in a day of arrival, the dates with `OUTLIER_SHARE` of the
    busiest date of that arrival. Both compare what arrived together, so neither growth nor an import hides a day.
    """
    arrivals: defaultdict[date, Counter[date]] = defaultdict(Counter)
    for commit in commits:
        rows = {date.fromisoformat(day): count for day, count in commit.rows_per_event_date.items()}
        arrivals[hour_start(commit.hour).date()].update(rows)
    return sorted({day for received, rows in arrivals.items() for day in _days_of_arrival(received, rows)})


def _days_of_arrival(received: date, rows: Counter[date]) -> set[date]:
    on_time = {day for day, count in rows.items() if abs(day - received) <= _DAY and count}
    history = {day: count for day, count in rows.items() if day not in on_time}
    if sum(history.values()) < LEAST_HISTORY:
        return on_time
    floor = OUTLIER_SHARE * max(rows.values())
    return on_time | {day for day, count in history.items() if count >= floor and count}


def _generations_per_day(commits: Iterable[Generation]) -> dict[date, dict[str, int]]:
    """For each event date, the generation of every received hour that holds rows of it."""
    found: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for commit in commits:
        for day in commit.rows_per_event_date:
            found[date.fromisoformat(day)][commit.hour] = commit.generation
    return found


def _published(bucket: Bucket, days: Iterable[date]) -> dict[date, Published]:
    keys = {report_key(PAGE, whole_day(day), SUMMARY): day for day in days}
    stored = [entry.key for entry in bucket.list(f"{REPORTS_PREFIX}/{PAGE}/") if entry.key in keys]
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(lambda key: decode(bucket.get(key)), stored))
    return {keys[key]: summary for key, summary in zip(stored, found, strict=True) if summary}
