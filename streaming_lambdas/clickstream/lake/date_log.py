"""Tables with a partition for each UTC date, made of the events of the date and of its neighbours.

A date is unfinished as soon as the lake holds other generations than those its newest commit names, whatever the
reason: late events, erasure, a rollback. So no order of arrivals and no missed run makes a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Generic, TypeVar

from clickstream.lake.catalog import uri
from clickstream.lake.commit_log import commit_key
from clickstream.lake.generations import Generation, lake_commits
from clickstream.lake.table_log import MadeGeneration, TableLog, data_folder
from clickstream.lake.work import Lake
from clickstream.ports import Bucket

_DAY = timedelta(days=1)


class DateGeneration(MadeGeneration, frozen=True, kw_only=True):
    """One state of the rows of sessions that began on a date."""

    TABLE: ClassVar[str]
    COMMITS: ClassVar[str]
    """Prefix of the commits."""
    date: str
    """`2026-11-21`, UTC."""
    inputs: dict[str, int]
    """Generation of every received hour with events of the date, the day before or the day after."""
    sessions: int

    @property
    def key(self) -> str:
        """Key of the commit."""
        return commit_key(self.COMMITS, self.date, self.generation)

    @property
    def folder(self) -> str:
        """Prefix of the data files: what the catalog points to."""
        return data_folder(self.TABLE, self.date, self.generation, self.run_id)


DateGenerationT = TypeVar("DateGenerationT", bound=DateGeneration)


@dataclass(frozen=True)
class DatePlan(Generic[DateGenerationT]):
    """A date: its newest generation, what the next one is made of, and where the catalog points."""

    date: str
    newest: DateGenerationT | None
    sources: tuple[Generation, ...]
    location: str | None

    @property
    def number(self) -> int:
        """Of the next generation."""
        return (self.newest.generation if self.newest else 0) + 1

    @property
    def inputs(self) -> dict[str, int]:
        """Generation of every received hour that is read."""
        return {source.hour: source.generation for source in self.sources}

    @property
    def is_current(self) -> bool:
        """Whether the newest generation was made from what the lake holds."""
        return self.newest is not None and self.newest.inputs == self.inputs

    def is_pointed(self, bucket: Bucket) -> bool:
        """Whether readers see the newest generation."""
        return self.newest is not None and self.location == uri(bucket, self.newest.folder)


def date_log(kind: type[DateGenerationT]) -> TableLog[DateGenerationT]:
    """The commits of a table."""
    return TableLog(kind.COMMITS, kind, kind.TABLE)


def possible_dates(lake: Lake, log: TableLog[DateGenerationT]) -> list[DatePlan[DateGenerationT]]:
    """Every date that the lake or the table holds, oldest first; none that is past its retention.

    A date whose events are partly past theirs is left out too: made of the rest it would be another one.
    The table's commits are read before those of the events: a run that was overtaken in between then fails to commit
    its number, so that no older inputs ever follow newer ones.
    """
    newest = log.newest_of_each(lake.bucket)
    pointers = log.pointers(lake)
    sources = sources_by_date(lake_commits(lake.bucket))
    plans = (
        DatePlan(day, newest.get(day), tuple(sources.get(day, ())), pointers.get(day))
        for day in sorted({*sources, *newest})
        if day >= lake.first_date
    )
    return [plan for plan in plans if all(source.hour >= lake.first_hour for source in plan.sources)]


def around(day: str) -> tuple[str, str, str]:
    """The date between its neighbours."""
    middle = date.fromisoformat(day)
    return (middle - _DAY).isoformat(), day, (middle + _DAY).isoformat()


def sources_by_date(commits: Iterable[Generation]) -> Mapping[str, list[Generation]]:
    """For each event date the generations that hold events of it or of its neighbours, oldest hour first.

    A date whose events have all gone has no sources; its rows are then made of nothing.
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
