"""Generations of the scores of one UTC date's sessions, the log of them, and which dates have work.

    session_scores/dt=2026-11-21/g=000001-<run>/part-0.parquet      immutable
    _score_commits/dt=2026-11-21/00000001.json                      names the generations and the model it was made from

A new model alone is no reason for another generation: it scores what comes and what changes, and older dates when
somebody asks.
"""

from typing import ClassVar, TypeAlias

from clickstream.lake.date_log import DateGeneration, DatePlan, date_log, possible_dates
from clickstream.lake.work import Lake
from clickstream.tables import SCORE_COMMITS_PREFIX, SESSION_SCORES


class ScoreGeneration(DateGeneration, frozen=True, kw_only=True):
    """One state of the scores of the sessions that began on a date."""

    TABLE: ClassVar[str] = SESSION_SCORES.name
    COMMITS: ClassVar[str] = SCORE_COMMITS_PREFIX
    model: int
    """Version of the model."""
    odd: int
    """Sessions beyond the model's limit."""


ScorePlan: TypeAlias = DatePlan[ScoreGeneration]
LOG = date_log(ScoreGeneration)


def unscored_dates(lake: Lake, *, is_forced: bool = False) -> list[ScorePlan]:
    """Every date with something to do, newest first; all dates if it is forced. See `possible_dates`.

    An erasure removes files that no commit names as those of the newest generations, also one that is about to be
    committed; so a date is also unfinished while a file of its scores is not there.
    """
    plans = reversed(possible_dates(lake, LOG))
    stored = {entry.key for entry in lake.bucket.list(f"{SESSION_SCORES.name}/")}
    return [
        plan
        for plan in plans
        if is_forced or not plan.is_current or not plan.is_pointed(lake.bucket) or not _is_there(plan, stored)
    ]


def _is_there(plan: ScorePlan, stored: set[str]) -> bool:
    return plan.newest is not None and all(output.key in stored for output in plan.newest.outputs)
