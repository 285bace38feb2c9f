"""Generations of the sessions of one UTC date, the log of them, and which dates have work.

sessions/dt=2026-11-21/g=000001-<run>/part-0.parquet      immutable
_session_commits/dt=2026-11-21/00000001.json              names the generations of `raw_events` it was built from
"""

from dataclasses import dataclass
from typing import ClassVar

from clickstream.lake.date_log import DateGeneration, DatePlan, around, date_log, possible_dates
from clickstream.lake.session_rules import Rules
from clickstream.lake.work import Lake
from clickstream.tables import SESSION_COMMITS_PREFIX, SESSIONS


class SessionGeneration(DateGeneration, frozen=True, kw_only=True):
    """One state of the sessions that began on a date."""

    TABLE: ClassVar[str] = SESSIONS.name
    COMMITS: ClassVar[str] = SESSION_COMMITS_PREFIX
    rules: Rules
    events: int
    """Events in these sessions."""


LOG = date_log(SessionGeneration)


@dataclass(frozen=True)
class Plan(DatePlan[SessionGeneration]):
    """A date with work, and the rules of sessions."""

    rules: Rules

    @property
    def is_current(self) -> bool:
        """Whether the newest generation was made from what the lake holds, by the rules."""
        return super().is_current and self.newest is not None and self.newest.rules == self.rules

    @property
    def rows(self) -> int:
        """Events that are read: those of the date and its neighbours."""
        return sum(source.rows_per_event_date.get(day, 0) for source in self.sources for day in around(self.date))


def unfinished_dates(lake: Lake, rules: Rules, *, is_forced: bool = False) -> list[Plan]:
    """Every date with something to do, oldest first; all dates if it is forced. See `possible_dates`."""
    found = possible_dates(lake, LOG)
    plans = [Plan(date.date, date.newest, date.sources, date.location, rules) for date in found]
    return [plan for plan in plans if is_forced or not plan.is_current or not plan.is_pointed(lake.bucket)]
