"""Generations of the scores of one UTC date's sessions, the log of them, and which dates have work.

    session_scores/dt=2026-11-21/g=000001-<run>/part-0.parquet      immutable
    _score_commits/dt=2026-11-21/00000001.json                      names the generations and the model it was made from

As with `sessions`, a date is unfinished as soon as the lake holds other generations than its newest commit names.
A new model alone is no reason: it scores what comes and what changes, and older dates when somebody asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from clickstream.lake.catalog import swap, uri
from clickstream.lake.commit_log import CommitLog
from clickstream.lake.generations import Generation, OutputFile, lake_commits
from clickstream.lake.session_log import is_whole, sources_by_date
from clickstream.lake.work import Lake
from clickstream.ports import Bucket
from clickstream.tables import SCORE_COMMITS_PREFIX, SESSION_SCORES, hour_folder


class ScoreGeneration(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the scores of the sessions that began on a date."""

    generation: int
    """1 for the first."""
    run_id: str
    date: str
    """`2026-11-21`, UTC."""
    inputs: dict[str, int]
    """Generation of every received hour with events of the date, the day before or the day after."""
    model: int
    """Version of the model."""
    outputs: tuple[OutputFile, ...]
    sessions: int
    odd: int
    """Sessions beyond the model's limit."""
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


LOG = CommitLog(SCORE_COMMITS_PREFIX, ScoreGeneration)


@dataclass(frozen=True)
class ScorePlan:
    """A date with work: its newest generation, and what the next one is made of."""

    date: str
    newest: ScoreGeneration | None
    sources: tuple[Generation, ...]

    @property
    def inputs(self) -> dict[str, int]:
        """Generation of every received hour that is read."""
        return {source.hour: source.generation for source in self.sources}

    @property
    def is_current(self) -> bool:
        """Whether the newest generation was made from what the lake holds."""
        return self.newest is not None and self.newest.inputs == self.inputs


def score_commits(bucket: Bucket) -> Iterator[ScoreGeneration]:
    """The newest generation of the scores of every date, oldest date first."""
    keys = LOG.newest_keys(bucket)
    yield from LOG.read_all(bucket, [keys[day] for day in sorted(keys)])


def data_folder(day: str, generation: int, run_id: str) -> str:
    """Prefix under which one run writes the data files of one generation."""
    return f"{SESSION_SCORES.name}/{hour_folder(day)}/g={generation:06}-{run_id}/"


def unscored_dates(lake: Lake, *, is_forced: bool = False) -> list[ScorePlan]:
    """Every date with something to do, newest date first; all dates if it is forced. None that is past its retention.

    The commits of the scores are read before those of the events, see `session_log.unfinished_dates`.
    """
    newest = {commit.date: commit for commit in score_commits(lake.bucket)}
    pointers = {found.hour: found.location for found in lake.catalog.list(SESSION_SCORES.name)}
    sources = sources_by_date(lake_commits(lake.bucket))
    plans = [
        ScorePlan(day, newest.get(day), tuple(sources.get(day, ())))
        for day in sorted({*sources, *newest}, reverse=True)
        if day >= lake.first_date and is_whole(lake, sources.get(day, ()))
    ]
    return [plan for plan in plans if is_forced or not plan.is_current or not _is_pointed(lake, plan, pointers)]


def point_scores(lake: Lake, day: str) -> ScoreGeneration:
    """Make readers see the newest scores of the date, and return that generation; see `catalog.swap`."""
    return swap(lake.catalog, lake.bucket, SESSION_SCORES.name, day, lambda: LOG.newest(lake.bucket, day), lake.clock())


def _is_pointed(lake: Lake, plan: ScorePlan, pointers: dict[str, str]) -> bool:
    return plan.newest is not None and pointers.get(plan.date) == uri(lake.bucket, plan.newest.folder)
