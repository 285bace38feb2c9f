"""Generations of the sessions of one UTC date, the log of them, and which dates have work.

    sessions/dt=2026-11-21/g=000001-<run>/part-0.parquet      immutable
    _session_commits/dt=2026-11-21/00000001.json              names the generations of `raw_events` it was built from

A date is unfinished as soon as the lake holds other generations than those its newest commit names, whatever the
reason: late events, erasure, a rollback. So no order of arrivals and no missed run makes a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from clickstream.lake.catalog import uri
from clickstream.lake.commit_log import CommitLog
from clickstream.lake.generations import Generation, OutputFile, lake_commits
from clickstream.lake.session_rules import Rules
from clickstream.lake.work import Lake
from clickstream.ports import Bucket
from clickstream.tables import SESSION_COMMITS_PREFIX, SESSIONS, hour_folder

_DAY = timedelta(days=1)


class SessionGeneration(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the sessions that began on a date."""

    generation: int
    """1 for the first."""
    run_id: str
    date: str
    """`2026-11-21`, UTC."""
    inputs: dict[str, int]
    """Generation of every received hour with events of the date, the day before or the day after."""
    rules: Rules
    outputs: tuple[OutputFile, ...]
    sessions: int
    events: int
    """Events in these sessions."""
    written_time: datetime
    code_version: str

    @property
    def key(self) -> str:
        """Key of the commit."""
        return LOG.key(self.date, self.generation)

    @property
    def folder(self) -> str:
        """Prefix of the data files: what the catalog points to."""
        return data_folder(self.date, self.generation, self.run_id)


LOG = CommitLog(SESSION_COMMITS_PREFIX, SessionGeneration)


def session_commits(bucket: Bucket) -> Iterator[SessionGeneration]:
    """The newest generation of the sessions of every date, oldest date first."""
    keys = LOG.newest_keys(bucket)
    yield from LOG.read_all(bucket, [keys[day] for day in sorted(keys)])


def data_folder(day: str, generation: int, run_id: str) -> str:
    """Prefix under which one run writes the data files of one generation."""
    return f"{SESSIONS.name}/{hour_folder(day)}/g={generation:06}-{run_id}/"


@dataclass(frozen=True)
class Plan:
    """A date with work: its newest generation, what the next one is made of, and where the catalog points."""

    date: str
    newest: SessionGeneration | None
    sources: tuple[Generation, ...]
    rules: Rules
    location: str | None

    @property
    def inputs(self) -> dict[str, int]:
        """Generation of every received hour that is read."""
        return {source.hour: source.generation for source in self.sources}

    @property
    def is_current(self) -> bool:
        """Whether the newest generation was made from what the lake holds, by the rules."""
        return self.newest is not None and (self.newest.inputs, self.newest.rules) == (self.inputs, self.rules)

    @property
    def rows(self) -> int:
        """Events that are read: those of the date and its neighbours."""
        return sum(source.rows_per_event_date.get(day, 0) for source in self.sources for day in around(self.date))


def unfinished_dates(lake: Lake, rules: Rules, *, is_forced: bool = False) -> list[Plan]:
    """Every date with something to do, oldest first; all dates if it is forced. None that is past its retention.

    A date whose events are partly past theirs stays as it is: built from the rest it would be another one.
    The sessions' commits are read before those of the events: a run that was overtaken in between then fails to commit
    its number, so that no older inputs ever follow newer ones.
    """
    newest = {commit.date: commit for commit in session_commits(lake.bucket)}
    pointers = {found.hour: found.location for found in lake.catalog.list(SESSIONS.name)}
    sources = sources_by_date(lake_commits(lake.bucket))
    plans = [
        Plan(day, newest.get(day), tuple(sources.get(day, ())), rules, pointers.get(day))
        for day in sorted({*sources, *newest})
    ]
    possible = [plan for plan in plans if plan.date >= lake.first_date and is_whole(lake, plan.sources)]
    return [plan for plan in possible if is_forced or not plan.is_current or not is_pointed(lake, plan)]


def is_whole(lake: Lake, sources: Iterable[Generation]) -> bool:
    """Whether none of the hours is past its retention."""
    return all(source.hour >= lake.first_hour for source in sources)


def is_pointed(lake: Lake, plan: Plan) -> bool:
    """Whether readers see the newest generation."""
    return plan.newest is not None and plan.location == uri(lake.bucket, plan.newest.folder)


def around(day: str) -> tuple[str, str, str]:
    """The date between its neighbours."""
    middle = date.fromisoformat(day)
    return (middle - _DAY).isoformat(), day, (middle + _DAY).isoformat()


def sources_by_date(commits: Iterable[Generation]) -> Mapping[str, list[Generation]]:
    """For each event date the generations that hold events of it or of its neighbours, oldest hour first.

    A date whose events have all gone has no sources; its sessions are then built from nothing.
    """
    holders: defaultdict[str, list[Generation]] = defaultdict(list)
    for commit in commits:
        for day, rows in commit.rows_per_event_date.items():
            if rows:
                holders[day].append(commit)
    found = {}
    for day in holders:
        near = {commit.hour: commit for close in around(day) for commit in holders.get(close, ())}
        found[day] = [near[hour] for hour in sorted(near)]
    return found
