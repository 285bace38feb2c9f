"""Scores while hours are made anew and people are erased: of what their commit names, or of nothing yet."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from clickstream.errors import LakeError
from clickstream.lake import score_log, scoring
from clickstream.lake.aftermath import forget_results, forget_scores
from clickstream.lake.catalog import point
from clickstream.lake.commit_log import CommitLog
from clickstream.lake.score_log import ScorePlan, unscored_dates
from clickstream.lake.scoring import score_dates
from clickstream.lake.work import Lake
from tests.simulation.fake_lake import HOUR, memory_lake
from tests.simulation.score_lake import SCORER, Scored, asked, score, scores_seen, scores_wanted
from tests.simulation.session_lake import receive, view

DAY = datetime(2026, 11, 21, tzinfo=UTC)
MORNING, MIDNIGHT = "2026-11-21T09", "2026-11-21T23"


def arrive(lake: Lake, *times: timedelta, session: str = "s") -> None:
    """Page views of a session, in a new generation of their hours, to which nobody is sent yet."""
    receive(lake, [view(f"{session}-{time}", DAY + time) | {"session_id": session} for time in times])


def follow(lake: Lake, *hours: str) -> None:
    """Readers of the hours are sent to the newest generations."""
    for hour in hours:
        point(lake.catalog, lake.bucket, hour, lake.clock())


def filled() -> Lake:
    """A session of the morning and one over midnight, both scored."""
    lake = memory_lake()
    arrive(lake, timedelta(hours=9), timedelta(hours=9, minutes=1))
    arrive(lake, timedelta(hours=23, minutes=50), timedelta(hours=24, minutes=5), session="t")
    follow(lake, MORNING, MIDNIGHT, "2026-11-22T00")
    assert [found.date for found in score(lake) if found.generation] == ["2026-11-22", "2026-11-21"]
    return lake


def test_a_session_counts_where_it_begins() -> None:
    """Whole over midnight, once, and late events change it."""
    lake = filled()
    assert scores_seen(lake) == [Scored("2026-11-21", "s", 2), Scored("2026-11-21", "t", 2)]
    assert score(lake) == []
    arrive(lake, timedelta(hours=9, minutes=2))
    follow(lake, HOUR)
    score(lake)
    assert scores_seen(lake) == scores_wanted(lake)
    assert Scored("2026-11-21", "s", 3) in scores_seen(lake)


def test_nobody_scores_what_readers_do_not_see() -> None:
    """A commit without its pointer: a query would read the old hour, and the scores would name the new one."""
    lake = filled()
    arrive(lake, timedelta(hours=9, minutes=2))
    assert [found.generation for found in score(lake)] == [None, None]
    follow(lake, HOUR)
    score(lake)
    assert scores_seen(lake) == scores_wanted(lake)


def test_a_question_during_a_swap_counts_for_nothing() -> None:
    """The hour moves while Athena reads: what it read may be both."""
    lake = filled()
    arrive(lake, timedelta(hours=9, minutes=2))
    follow(lake, HOUR)

    def moving(plan: ScorePlan) -> Iterator[pa.Table]:
        found = asked(lake, plan)
        arrive(lake, timedelta(hours=9, minutes=3 + len(score_log.LOG.newest_keys(lake.bucket))), session=plan.date)
        follow(lake, HOUR)
        return found

    assert {found.generation for found in score_dates(lake, unscored_dates(lake), SCORER, moving)} == {None}
    score(lake)
    assert scores_seen(lake) == scores_wanted(lake)


def test_files_that_an_erasure_took_before_the_commit_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure removes what no commit names; the commit that comes after it names a file that is not there."""
    lake = filled()
    arrive(lake, timedelta(hours=9, minutes=2))
    follow(lake, HOUR)
    commit = CommitLog.commit

    def late(log: CommitLog[score_log.ScoreGeneration], *rest: Any) -> bool:
        forget_scores(lake.bucket)
        return commit(log, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(CommitLog, "commit", late)
        score(lake)
    assert scores_seen(lake) != scores_wanted(lake)
    score(lake)
    assert scores_seen(lake) == scores_wanted(lake)
    assert score(lake) == []


def test_an_answer_that_an_erasure_took_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run fails aloud instead of finding no sessions."""
    lake = filled()
    arrive(lake, timedelta(hours=9, minutes=2))
    follow(lake, HOUR)

    def robbed(plan: ScorePlan) -> Iterator[pa.Table]:
        found = asked(lake, plan)
        forget_results(lake.bucket, datetime.now(UTC) + timedelta(days=1))
        return found

    with pytest.raises(LakeError):
        list(score_dates(lake, unscored_dates(lake), SCORER, robbed))
    score(lake)
    assert scores_seen(lake) == scores_wanted(lake)


def test_a_slow_run_is_overtaken() -> None:
    """Who commits a number first has it; the other's file is garbage, and readers see one."""
    lake = filled()
    arrive(lake, timedelta(hours=9, minutes=2))
    follow(lake, HOUR)
    plans = unscored_dates(lake)
    score(lake)
    seen = [found.generation for found in score_dates(lake, plans, SCORER, lambda plan: asked(lake, plan))]
    assert {found.generation for found in seen if found} == {2}
    assert scores_seen(lake) == scores_wanted(lake)
    later = replace(lake, clock=lambda: lake.clock() + timedelta(days=2))
    assert scoring.collect_scores(later) == 2
    assert scores_seen(lake) == scores_wanted(lake)
