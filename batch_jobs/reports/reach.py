"""How far back a report looks: what it is about may begin before its page's interval, and what it reads earlier."""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import NamedTuple

from batch_jobs.lake_interval import Interval
from batch_jobs.reports.report_list import Report
from batch_jobs.reports.session_dates import of_interval
from clickstream.lake.statements import Statement


class Reach(NamedTuple):
    """What one report is about, and what it reads for that: the same end, and no later start."""

    about: Interval
    read: Interval

    @property
    def days(self) -> int:
        """Days that it reads, each one begun."""
        return ceil((self.read.end - self.read.start) / timedelta(days=1))

    def budget_bytes(self, report: Report) -> int:
        """What the report may read: its budget of a day, for every day that it reads."""
        return report.budget_bytes * self.days

    def entry(self, interval: Interval, lake_sessions: Mapping[str, int]) -> dict[str, str | int]:
        """What `reports.json` says of a report that looks further back than the interval of its page.

        `about_start` is where what it tells of begins, `days_read` counts the days that it reads, `days_held` those of
        which the lake holds sessions.
        """
        if self.read == interval:
            return {}
        held = len(of_interval(lake_sessions, self.read))
        return {"about_start": self.about.start.isoformat(), "days_read": self.days, "days_held": held}


def reach(report: Report, statement: Statement, interval: Interval) -> Reach:
    """How far the report looks, by its own least days and by what its statement looks back on."""
    start = min(interval.start, interval.end - timedelta(days=report.least_days))
    about = Interval(start, interval.end)
    return Reach(about, Interval(start - statement.lookback({}), interval.end))
