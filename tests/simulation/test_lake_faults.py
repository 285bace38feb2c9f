"""Compaction under crashes, lost replies and rivals: readers never see less or double, and a re-run converges."""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from clickstream.errors import InfrastructureError
from clickstream.lake import compaction
from clickstream.lake.catalog import arrivals
from clickstream.lake.compaction import compact_hour, compact_hours
from clickstream.lake.garbage import Grace, collect
from clickstream.lake.generations import Generation, newest
from clickstream.lake.work import Lake, unfinished
from tests.simulation.fake_lake import HOUR, NEXT, Sent, at, land, memory_lake, visible

WRITES = {"put", "put_new", "upload", "delete", "create", "update"}


class Killed(Exception):  # noqa: N818  the process ends here; nothing catches it
    """The worker dies."""


class Faulty:
    """Stands before a store and fails one of its writes."""

    def __init__(
        self, store: Any, count: Iterator[int], at_write: int, error: Exception, *, takes_effect: bool
    ) -> None:
        self._store = store
        self._count = count
        self._fault = (at_write, error, takes_effect)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._guarded(method) if name in WRITES else method

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any) -> Any:
            at_write, error, takes_effect = self._fault
            if next(self._count) != at_write:
                return method(*arguments)
            if takes_effect:
                method(*arguments)
            raise error

        return guarded


def faulty(lake: Lake, at_write: int, error: Exception, *, takes_effect: bool) -> Lake:
    """The lake whose n-th write, over bucket and catalog together, fails."""
    count = iter(range(10_000))
    bucket = Faulty(lake.bucket, count, at_write, error, takes_effect=takes_effect)
    catalog = Faulty(lake.catalog, count, at_write, error, takes_effect=takes_effect)
    return replace(lake, bucket=bucket, catalog=catalog)


def scene() -> tuple[Lake, Counter[str]]:
    """Two compacted hours, then late arrivals with copies within and across the hours; what a reader sees before."""
    return deepcopy(_scene())


@cache
def _scene() -> tuple[Lake, Counter[str]]:
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    land(lake, NEXT, [Sent("c", 11), Sent("d", 12)])
    list(compact_hours(lake, [HOUR, NEXT]))
    land(lake, HOUR, [Sent("d", 3), Sent("a", 4), Sent("e", 5)])
    land(lake, NEXT, [Sent("f", 13), Sent("e", 14), Sent("a", 15, "/other")])
    return lake, visible(lake)


def settle(lake: Lake) -> None:
    """One run without faults leaves nothing to do."""
    list(compact_hours(lake, [HOUR, NEXT]))
    assert unfinished(lake, [HOUR, NEXT]) == []


def check_sums(lake: Lake) -> None:
    """Nothing is lost in the books either."""
    for hour in (HOUR, NEXT):
        found = newest(lake.bucket, hour)
        assert found is not None
        assert found.landed == found.rows + found.duplicates + found.quarantined
        assert len(found.inputs) == 2


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [Killed("dead"), InfrastructureError("no reply")], ids=["killed", "no-reply"])
def test_a_fault_at_any_write_loses_and_doubles_nothing(error: Exception, takes_effect: bool) -> None:
    """Readers see at least what they saw before, whichever write fails; ids that cross hours settle in the re-run."""
    writes = 0
    while True:
        lake, before = scene()
        broken = faulty(lake, writes, error, takes_effect=takes_effect)
        try:
            outcomes = list(compact_hours(broken, [HOUR, NEXT]))
        except Killed:
            outcomes = []
        during = visible(lake)
        assert not before - during
        assert all(count == 1 or event_id in {"d", "e"} for event_id, count in during.items())
        settle(lake)
        assert visible(lake) == Counter("abcdef")
        check_sums(lake)
        if outcomes and not any(outcome.result == "failed" for outcome in outcomes) and not _hit(broken, writes):
            break
        writes += 1
    assert writes >= 6


def _hit(broken: Lake, at_write: int) -> bool:
    """Whether the run came as far as the write that fails."""
    counter: Any = broken.bucket
    return bool(next(counter._count) > at_write)


def test_of_two_compactors_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival commits while we merge: our output stays unnamed, and both runs end with the rival's generation."""
    lake, _ = scene()
    merge = compaction._merge
    rival: list[Generation | None] = []

    def overtaken(*arguments: Any) -> Any:
        done = merge(*arguments)
        monkeypatch.setattr(compaction, "_merge", merge)
        rival.append(compact_hour(lake, HOUR).generation)
        return done

    monkeypatch.setattr(compaction, "_merge", overtaken)
    assert compact_hour(lake, HOUR).result == "overtaken"
    assert newest(lake.bucket, HOUR) == rival[0]
    settle(lake)
    assert visible(lake) == Counter("abcdef")


def test_two_runs_over_all_hours_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hour of one run is overtaken by a whole other run; nothing is lost or doubled."""
    lake, _ = scene()
    merge = compaction._merge

    def overtaken(*arguments: Any) -> Any:
        done = merge(*arguments)
        monkeypatch.setattr(compaction, "_merge", merge)
        list(compact_hours(lake, [HOUR, NEXT]))
        return done

    for _ in range(2):
        monkeypatch.setattr(compaction, "_merge", overtaken)
        list(compact_hours(lake, [HOUR, NEXT]))
    settle(lake)
    assert visible(lake) == Counter("abcdef")


def test_a_hour_that_moves_while_the_next_one_merges_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The later hour commits against the generation it read; the next look finds that the earlier one moved."""
    lake, _ = scene()
    merge = compaction._merge

    def neighbour_moves(*arguments: Any) -> Any:
        done = merge(*arguments)
        monkeypatch.setattr(compaction, "_merge", merge)
        compact_hour(lake, HOUR)
        return done

    monkeypatch.setattr(compaction, "_merge", neighbour_moves)
    compact_hour(lake, NEXT)
    assert unfinished(lake, [HOUR, NEXT]) == [NEXT]
    settle(lake)
    assert visible(lake) == Counter("abcdef")


def test_a_pointer_written_late_is_repaired_by_the_next_run() -> None:
    """A writer that slept points back to an old generation and dies: older but complete, and nothing is removed."""
    lake, _ = scene()
    stale = lake.catalog.get("raw_events", HOUR)
    assert stale is not None
    settle(lake)
    lake.catalog.update("raw_events", stale)
    assert visible(lake, HOUR) == Counter("ab")
    later = at(lake, lake.clock() + timedelta(days=30))
    assert collect(later).replaced == 1  # the other hour's old generation
    assert visible(lake, HOUR) == Counter("ab")
    assert [outcome.result for outcome in compact_hours(lake, [HOUR, NEXT])] == ["pointed"]
    assert visible(lake) == Counter("abcdef")


def test_files_go_only_after_their_grace() -> None:
    """Replaced outputs after a day, landing after a week, both counted from the swap; readers notice nothing."""
    lake, _ = scene()
    settle(lake)
    swap = lake.clock()

    def removed(hours: int) -> tuple[int, int]:
        collected = collect(at(lake, swap + timedelta(hours=hours)))
        return collected.replaced, collected.landing

    assert [removed(hours) for hours in (23, 24, 167, 168, 999)] == [(0, 0), (2, 0), (0, 0), (0, 4), (0, 0)]
    assert visible(lake) == Counter("abcdef")
    settle(lake)


def test_the_output_of_a_lost_race_is_removed_and_of_a_coming_one_kept() -> None:
    """A file of a number that is committed already can go; one of a greater number may still be committed."""
    lake, _ = scene()
    settle(lake)
    folder = "raw_events/dt=2026-11-21/hour=9/g="
    for name in ("000002-loser/part-0.parquet", "000003-coming/part-0.parquet"):
        lake.bucket.put(folder + name, b"")
    collect(at(lake, lake.clock() + timedelta(hours=25)))
    left = {entry.key.removeprefix(folder)[:11] for entry in lake.bucket.list(folder)}
    assert "000003-comi" in left
    assert "000002-lose" not in left


def test_an_orphan_goes_when_commits_cover_it() -> None:
    """An object that no commit names: removed if committed elsewhere and read by no query, kept and named if not."""
    lake = memory_lake()
    key = land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    folder = key.rpartition("/")[0]
    lake.bucket.put(f"{folder}/covered.parquet", lake.bucket.get(key))
    other = memory_lake()
    lake.bucket.put(f"{folder}/uncovered.parquet", other.bucket.get(land(other, HOUR, [Sent("a", 1), Sent("z", 9)])))
    lake.bucket.put(f"{folder}/damaged.parquet", b"?")
    young = collect(lake, Grace(orphan=timedelta(days=999)))
    assert (young.orphans, young.unexplained) == (0, ())
    assert collect(lake).orphans == 0, "queries still read landing"
    compact_hour(lake, HOUR)
    old = collect(at(lake, lake.clock() + Grace().replaced))
    assert (old.orphans, old.unexplained) == (1, (f"{folder}/damaged.parquet", f"{folder}/uncovered.parquet"))
    assert [entry.key for entry in lake.bucket.list(folder)] == [key, *old.unexplained]


def test_an_hour_that_only_landed_is_never_cleaned() -> None:
    """Without a generation every landing object stays, however old."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    lake.catalog.create("raw_events", arrivals(lake.bucket, "raw_events", HOUR))
    collected = collect(at(lake, lake.clock() + timedelta(days=999)))
    assert (collected.replaced, collected.landing, collected.orphans) == (0, 0, 0)
    assert visible(lake) == Counter("a")
