"""Erasure among compaction, late arrivals, races and deaths: no trace of the person, everybody else exactly once."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

import pytest

from batch_jobs.audit_ledger import _against_objects
from clickstream.errors import InfrastructureError
from clickstream.lake import compaction
from clickstream.lake.compaction import compact_hour, compact_hours
from clickstream.lake.erasing import begin, erase
from clickstream.lake.erasure_records import Record
from clickstream.lake.generations import newest
from clickstream.lake.work import unfinished
from clickstream.stream.repairing import Pages
from tests.simulation.erasure_scene import HOURS, REFUSED, WORDS, check, compact, scene
from tests.simulation.erasure_schedule import behind, play
from tests.simulation.erasure_world import (
    AFTER,
    PERSON,
    SESSION,
    ask_for,
    canary,
    other,
    places,
    refuse,
    request,
    rows_of,
    run,
    traces_of,
    with_lake,
)
from tests.simulation.fake_lake import HOUR, LANE, NEXT, land
from tests.simulation.fakes import MemoryTable
from tests.simulation.kill_points import Killed, KillPoint

CALLS = {False: 140, True: 35}
"""A run makes more calls than these: of any kind, and writes."""


def test_nothing_of_the_person_is_left_anywhere() -> None:
    """Rows, copies aside, landing, old files, indexes, dictionaries, payloads, reports, results and live items go."""
    world = scene()
    assert len(traces_of(world, *WORDS)) > 10
    record = run(world)
    assert record is not None
    assert (record.state, record.waiting, record.events) == ("done", (), 3)
    assert (record.bad_events, record.session_items, record.anomalies, record.query_results) == (1, 1, 1, 1)
    assert record.reports == ("reports/top_clients/2026-11-21/top_clients.csv",)
    check(world, "o1", "o2", "o3")
    assert set(record.written) == {
        output.key for hour in HOURS if (found := newest(world.lake.bucket, hour)) for output in found.outputs
    }
    assert record.removed.keys().isdisjoint(world.lake.bucket.objects)  # type: ignore[attr-defined]  # in memory
    assert run(world) is None


def test_landing_that_went_before_its_time_is_no_loss_to_the_audit() -> None:
    """The audit compares commits with their objects, and knows the hours in which somebody was erased."""
    world = scene()
    lake = world.lake
    pages = Pages(lake.ledger, lake.bucket, MemoryTable(), MemoryTable(), 30, lake.clock)
    run(world)
    commits = list(lake.ledger.commits(LANE.fill))
    assert [problem for commit in commits for problem in _against_objects(pages, commit)] == []
    lake.bucket.delete("_purged/dt=2026-11-21/hour=9/done.json")
    assert any("does not exist" in problem for commit in commits for problem in _against_objects(pages, commit))


def test_the_erased_are_a_term_of_the_ledger() -> None:
    """Rows that went from the files, from quarantine and on arrival count as erased, each once."""
    world = scene()
    run(world)
    first, second = (newest(world.lake.bucket, hour) for hour in HOURS)
    assert first is not None
    assert second is not None
    assert (first.landed, first.rows, first.erased) == (5, 2, 3)
    assert (second.landed, second.rows, second.duplicates, second.quarantined, second.erased) == (4, 1, 2, 0, 1)


def test_a_late_redelivery_is_erased_when_it_is_compacted() -> None:
    """Resends, also of an event without own time that seems new now, are counted as erased and leave no file."""
    world = scene()
    land(world.lake, HOUR, [canary("c8", 30, time_source="received")])
    run(world)
    before = newest(world.lake.bucket, NEXT)
    late = canary("c8", 40, time_source="received", event_time=AFTER)
    land(world.lake, NEXT, [canary("c1", 41), late, other("o9", 42)])
    compact(world)
    after = newest(world.lake.bucket, NEXT)
    assert before is not None
    assert after is not None
    assert after.erased - before.erased == 2
    check(world, "o1", "o2", "o3", "o9")


def test_a_person_who_comes_back_is_kept() -> None:
    """What happens after the request is the person's new history."""
    world = scene()
    run(world)
    land(world.lake, NEXT, [canary("new", 50, event_time=AFTER)])
    compact(world)
    assert Counter(row["event_id"] for row in rows_of(world)) == Counter(["o1", "o2", "o3", "new"])


def test_only_hours_that_hold_the_person_are_written_anew() -> None:
    """The index spares every other hour, and a second look costs no file at all."""
    world = places()
    land(world.lake, HOUR, [canary("c1", 1), other("o1", 2)])
    later = "2026-11-21T15"
    land(world.lake, later, [other("o2", 3)])
    list(compact_hours(world.lake, [HOUR, later]))
    ask_for(world)
    run(world)
    numbers = [found.generation for hour in (HOUR, later) if (found := newest(world.lake.bucket, hour))]
    assert numbers == [2, 1]
    for key in [key for key in world.lake.bucket.objects if key.startswith("_identities")]:  # type: ignore[attr-defined]  # in memory
        world.lake.bucket.put(key, b"not read any more")
    assert unfinished(world.lake, [HOUR, later]) == []


def test_a_generation_without_index_is_read() -> None:
    """Files of an older version are searched themselves."""
    world = scene()
    for key in [key for key in world.lake.bucket.objects if key.startswith("_identities")]:  # type: ignore[attr-defined]  # in memory
        world.lake.bucket.delete(key)
    run(world)
    check(world, "o1", "o2", "o3")


def test_an_open_hour_keeps_the_request_open() -> None:
    """What is still arriving is erased when its hour is over."""
    world = places("2026-11-21T10:30:00")
    land(world.lake, HOUR, [canary("c1", 1), other("o1", 2)])
    land(world.lake, NEXT, [canary("c2", 11), other("o2", 12)])
    ask_for(world)
    first = run(world)
    assert first is not None
    assert first.state == "open"
    assert first.waiting[0] == f"hour {NEXT} is not over"
    assert traces_of(world, PERSON, SESSION)
    world = with_lake(world, clock=lambda: datetime(2026, 11, 21, 13, tzinfo=UTC))
    last = run(world)
    assert last is not None
    assert (last.state, last.events) == ("done", 2)
    check(world, "o1", "o2")


def test_a_compaction_that_began_before_the_request_is_overtaken_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """It commits the person once more, after the erasure is done; the generation says so, and the hour is redone."""
    world = scene()
    merge = compaction._merge

    def slept(*arguments: Any) -> Any:
        done = merge(*arguments)
        monkeypatch.setattr(compaction, "_merge", merge)
        begin(world, request())
        return done

    monkeypatch.setattr(compaction, "_merge", slept)
    compact_hour(world.lake, HOUR)
    assert HOUR in unfinished(world.lake, HOURS)
    run(world)
    check(world, "o1", "o2", "o3")


def die_at_calls(error: Exception, every: int, *, takes_effect: bool) -> int:
    """Let each n-th call to a store (or write, if it takes effect) be the last of a run; how many there are."""
    for at_call in count(step=every):
        world = scene()
        point = KillPoint(at_call, error, takes_effect=takes_effect)
        with suppress(Killed, InfrastructureError):
            run(behind(world, point))
        for _ in range(2):
            run(world)
        compact(world)
        check(world, "o1", "o2", "o3")
        refuse(world, REFUSED, 60)
        run(world)
        assert traces_of(world, *WORDS) == [], at_call
        if not point.is_passed:
            return at_call
    return 0


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
def test_a_death_is_made_good_by_the_next_runs(takes_effect: bool) -> None:
    """Whichever of some calls to a store is the last one, no trace is left, and nobody else is touched."""
    assert die_at_calls(Killed("dead"), 2 if takes_effect else 7, takes_effect=takes_effect) > CALLS[takes_effect]


@pytest.mark.long
@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [Killed("dead"), InfrastructureError("no reply")], ids=["killed", "no-reply"])
def test_a_death_or_silence_at_any_call_is_made_good(error: Exception, takes_effect: bool) -> None:
    """Before and after every single call to a store."""
    assert die_at_calls(error, 1, takes_effect=takes_effect) > CALLS[takes_effect]


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 1000), marks=pytest.mark.long)], ids=len)
def test_any_order_of_erasure_compaction_and_arrival(seeds: range) -> None:
    """Deliveries, resends, compactions, dead runs and the erasure in random order end without a trace."""
    for seed in seeds:
        play(Random(seed))  # noqa: S311  a schedule, no secret


def test_a_query_that_still_finds_rows_keeps_the_request_open() -> None:
    """Nobody is told that it is done while the query engine says otherwise."""
    world = scene()
    records = list(erase(world, lambda _: {"erased_person": 1}))
    assert isinstance(records[-1], Record)
    assert records[-1].waiting == ("queries still find rows: {'erased_person': 1}",)
    assert run(world) is not None
    check(world, "o1", "o2", "o3")
