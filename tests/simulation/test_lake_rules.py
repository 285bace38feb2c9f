"""Rules of the lake that only rare schedules need: one such schedule each, with the rule and without it."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from clickstream.lake import compaction, garbage
from clickstream.lake.catalog import Partition
from clickstream.lake.compaction import compact_hour
from clickstream.lake.erasing import begin
from clickstream.lake.garbage import Grace, collect
from clickstream.lake.generations import Generation, newest
from clickstream.lake.tombstones import TombstoneLog
from clickstream.lake.work import Lake, unfinished
from tests.simulation.erasure_world import canary, places, request
from tests.simulation.fake_lake import HOUR, Sent, at, land, memory_lake, visible
from tests.simulation.kill_points import Killed

DAY = timedelta(hours=25)


def with_pointer(lake: Lake, monkeypatch: pytest.MonkeyPatch, instead: Callable[[], None]) -> None:
    """Land and compact once more; at the write of the pointer the given happens first."""
    land(lake, HOUR, [Sent("b", 2)])
    update = lake.catalog.update

    def written(table: str, partition: Partition) -> None:
        monkeypatch.setattr(lake.catalog, "update", update)
        instead()
        lake.catalog.update(table, partition)

    monkeypatch.setattr(lake.catalog, "update", written)
    with suppress(Killed):
        compact_hour(lake, HOUR)


def scene() -> Lake:
    """A compacted hour."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    compact_hour(lake, HOUR)
    return lake


def die() -> None:
    """The process ends."""
    raise Killed("dead")


def test_a_look_at_the_pointer_keeps_the_files_that_readers_are_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compactor died between commit and pointer: without the look the old files would go after their grace."""
    lake = scene()
    with_pointer(lake, monkeypatch, die)
    later = at(lake, lake.clock() + DAY)
    collect(later)
    assert visible(lake) == Counter("a")
    monkeypatch.setattr(garbage, "_settled", lambda lake, hour: newest(lake.bucket, hour))
    collect(later)
    assert visible(lake) == Counter()


@pytest.mark.parametrize(("sleeps", "seen"), [(Grace().replaced / 2, "ab"), (DAY, "")], ids=["in time", "too late"])
def test_a_job_must_end_before_the_grace(sleeps: timedelta, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compactor sleeps before its pointer and dies behind it: readers are sent to what is older, or to nothing.

    That no execution lasts so long is asserted on the template.
    """
    lake = scene()
    update = lake.catalog.update

    def last_words(table: str, partition: Partition) -> None:
        update(table, partition)
        die()

    def overtaken() -> None:
        land(lake, HOUR, [Sent("c", 3)])
        compact_hour(lake, HOUR)
        collect(at(lake, lake.clock() + sleeps))
        monkeypatch.setattr(lake.catalog, "update", last_words)

    with_pointer(lake, monkeypatch, overtaken)
    assert visible(lake) == Counter(seen)


@pytest.mark.parametrize("is_broken", [False, True], ids=["rule", "without"])
def test_a_generation_knows_the_tombstones_that_it_began_with(is_broken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was overtaken by a request is made again, unless it claims to know what came while it was made."""
    world = places()
    land(world.lake, HOUR, [canary("c1", 1)])
    merge, publish = compaction._merge, compaction.publish

    def slept(*arguments: Any) -> Any:
        done = merge(*arguments)
        begin(world, request())
        return done

    def claiming(lake: Lake, *rest: Any) -> Generation:
        return msgspec.structs.replace(publish(lake, *rest), tombstones=len(TombstoneLog(lake.bucket).read()))

    monkeypatch.setattr(compaction, "_merge", slept)
    if is_broken:
        monkeypatch.setattr(compaction, "publish", claiming)
    compact_hour(world.lake, HOUR)
    assert unfinished(world.lake, [HOUR]) == ([] if is_broken else [HOUR])
