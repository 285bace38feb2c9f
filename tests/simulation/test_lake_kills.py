"""Every job of the lake, killed before and after every call to a store: nothing is lost, doubled or left over.

Imports of history, the only other job that writes to the lake, are killed in `test_backfill_exact.py`.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import cache
from random import Random

import pytest

from clickstream.lake.erasing import Places
from clickstream.lake.erasure_requests import open_requests
from clickstream.lake.score_log import unscored_dates
from clickstream.lake.session_log import unfinished_dates
from clickstream.lake.work import unfinished
from clickstream.ledger import Ledger
from tests.simulation import lake_jobs
from tests.simulation.erasure_world import (
    CANARY,
    PERSON,
    SESSION,
    ask_for,
    canary,
    other,
    places,
    traces_of,
    with_lake,
)
from tests.simulation.fake_lake import HOUR, NEXT, land, visible
from tests.simulation.kill_points import Killed, KillPoint, kill_points
from tests.simulation.lake_ending import GRACES, expire, garbage, wrong_scores, wrong_sums
from tests.simulation.lake_jobs import Job
from tests.simulation.lake_stores import serial
from tests.simulation.session_lake import RULES

JOBS = [
    lake_jobs.compact,
    lake_jobs.open_hours,
    lake_jobs.mend,
    lake_jobs.sweep,
    lake_jobs.erasure,
    lake_jobs.sessions,
    lake_jobs.mask,
    lake_jobs.scores,
]
RERUN = (lake_jobs.erasure, lake_jobs.compact, lake_jobs.sessions, lake_jobs.scores)
HOURS = [HOUR, NEXT]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Calls come in one order, so that each can be chosen."""
    with serial():
        yield


def run(places_: Places, *jobs: Job) -> None:
    """Some jobs, one after the other."""
    for job in jobs:
        job(places_, Random(0))  # noqa: S311  a schedule, no secret


def later(world: Places) -> Places:
    """The same stores when every grace is over."""
    now = world.lake.clock() + GRACES
    return with_lake(world, clock=lambda: now)


def scene(job: Job) -> Places:
    """What the job finds to do."""
    world = deepcopy(_scene())
    if job is lake_jobs.erasure:
        ask_for(world)
    elif job is lake_jobs.sweep:
        run(world, lake_jobs.compact)
        return with_lake(world, clock=later(world).lake.clock)
    elif job is lake_jobs.mend:
        world.lake.catalog.partitions.clear()  # type: ignore[attr-defined]  # in memory
    return world


@cache
def _scene() -> Places:
    """Two compacted hours with sessions, then late arrivals with copies in and across them."""
    world = places()
    land(world.lake, HOUR, [other("o1", 1), canary("c1", 2)])
    land(world.lake, NEXT, [other("o2", 11), other("o3", 12)])
    run(world, lake_jobs.compact, lake_jobs.sessions, lake_jobs.scores)
    land(world.lake, HOUR, [other("o3", 3), other("o1", 4), other("o4", 5)])
    land(world.lake, NEXT, [canary("c1", 13), other("o5", 14, page="/x")])
    return world


def first_of(job: Job) -> list[Job]:
    """What nobody but the job itself does again."""
    return [job] if job in (lake_jobs.mend, lake_jobs.mask) else []


def guarded(world: Places, point: KillPoint) -> Places:
    """All stores behind one kill point."""
    bucket, ledger = point.guard(world.lake.bucket), point.guard(world.requests)
    stores = {"bucket": bucket, "catalog": point.guard(world.lake.catalog), "ledger": Ledger(ledger, bucket)}
    lake = with_lake(world, **stores).lake
    tables = ledger, point.guard(world.session_metrics), point.guard(world.anomalies)
    return Places(lake, *tables, point.guard(world.failures))


def check(world: Places, wanted: Counter[str], job: Job) -> None:
    """Two runs have left nothing to do, and after all graces nothing is left over."""
    assert unfinished(world.lake, HOURS) == []
    assert unfinished_dates(world.lake, RULES) == []
    assert visible(world.lake) == wanted
    assert [*unscored_dates(world.lake), *wrong_scores(world.lake)] == []
    world = later(world)
    expire(world.lake.bucket)
    # An erasure is done when the old files of the sessions are gone.
    run(world, *RERUN, lake_jobs.erasure, *first_of(job))
    assert [*garbage(world.lake), *wrong_sums(world.lake)] == []
    assert visible(world.lake) == wanted
    assert list(open_requests(world.requests)) == []


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_killed_at_any_call(job: Job) -> None:
    """Readers see at least what they saw; two runs bring rest; after the graces every file is named by something."""
    is_erasing = job is lake_jobs.erasure
    wanted = Counter(["o1", "o2", "o3", "o4", "o5", *([] if is_erasing else ["c1"])])
    for point in kill_points(errors=[Killed("dead")]):
        world = scene(job)
        before = visible(world.lake) if not is_erasing else Counter(["o1", "o2", "o3"])
        with suppress(Killed):
            job(guarded(world, point), Random(0))  # noqa: S311  a schedule, no secret
        assert not before - visible(world.lake)
        run(world, *first_of(job), *RERUN, *first_of(job))
        if unfinished(world.lake, HOURS) or unfinished_dates(world.lake, RULES):
            run(world, *RERUN)
        check(world, wanted, job)
        if is_erasing:
            assert traces_of(world, CANARY, PERSON, SESSION) == []


def test_the_runs_are_long_enough_to_be_killed() -> None:
    """Each job makes calls, so that the test above means something."""
    for job in JOBS:
        point = KillPoint(1, Killed("dead"), takes_effect=False)
        with pytest.raises(Killed):
            job(guarded(scene(job), point), Random(0))  # noqa: S311  a schedule, no secret


def test_graces_are_longer_than_any_file_stays() -> None:
    """What is left over at the end of a test would stay for ever."""
    assert timedelta(days=8) < GRACES
