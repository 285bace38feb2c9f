"""Rollback and replay that die at every call, meet rivals, or come too late: readers see whole generations, always."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from clickstream.errors import ClickstreamError, InfrastructureError, LakeError
from clickstream.lake.compaction import compact_hours
from clickstream.lake.garbage import collect
from clickstream.lake.generations import newest
from clickstream.lake.restoring import adopt, older, prepare, roll_back
from clickstream.lake.tombstones import Name, TombstoneLog
from clickstream.lake.work import Lake, unfinished
from tests.simulation.fake_lake import HOUR, Sent, at, land, memory_lake, visible
from tests.simulation.kill_points import Killed, KillPoint, kill_points
from tests.simulation.two_generations import HOURS, guarded, two_generations


def scene() -> Lake:
    """An hour with two generations, the second with copies in and across the hours, and the hour after it."""
    return two_generations("d")


def written_now(lake: Lake) -> Lake:
    """The same lake; what is written from here on has the time of its clock."""
    lake.bucket.now = lake.clock()  # type: ignore[attr-defined]  # in memory
    return lake


def settle(lake: Lake) -> None:
    """One run of compaction leaves nothing to do, and everything as it was before the rollback."""
    assert not [outcome for outcome in compact_hours(lake, HOURS) if outcome.result == "failed"]
    assert unfinished(lake, HOURS) == []
    assert visible(lake) == Counter("abcde")
    for hour in HOURS:
        found = newest(lake.bucket, hour)
        assert found is not None
        assert found.landed == found.rows + found.duplicates + found.quarantined


def test_an_older_generation_comes_back_with_its_inputs_alone() -> None:
    """What came in later is work again, and the next compaction gives the same rows as before."""
    lake = scene()
    before = newest(lake.bucket, HOUR)
    restored = roll_back(lake, HOUR, older(lake, HOUR))
    assert visible(lake, HOUR) == Counter("ab")
    assert (restored.generation, restored.origin, len(restored.inputs), restored.landed) == (3, "generation 1", 1, 2)
    assert HOUR in unfinished(lake, HOURS)
    settle(lake)
    again = newest(lake.bucket, HOUR)
    assert before
    assert again
    assert (again.inputs, again.rows, again.duplicates, again.origin) == (before.inputs, before.rows, 1, "")


def test_asking_twice_rolls_back_once() -> None:
    """The same command after a crash does not roll forward again; a named generation goes further back."""
    lake = scene()
    first = roll_back(lake, HOUR, older(lake, HOUR))
    assert roll_back(lake, HOUR, older(lake, HOUR)) == first
    assert roll_back(lake, HOUR, older(lake, HOUR, 2)).rows == 4
    settle(lake)


def test_a_fault_at_any_call_shows_one_generation_or_the_other() -> None:
    """Killed, or without a reply, before or after any call: the same command completes it, and compaction converges."""
    plays = 0
    for point in kill_points():
        lake = scene()
        try:
            broken = guarded(lake, point)
            roll_back(broken, HOUR, older(broken, HOUR))
        except (Killed, ClickstreamError):
            assert point.is_passed
        assert visible(lake, HOUR) in (Counter("ab"), Counter("abde"))
        if plays % 2:
            roll_back(lake, HOUR, older(lake, HOUR))
            assert visible(lake, HOUR) == Counter("ab")
        settle(lake)
        plays += 1
    assert plays > 30


def test_a_rival_that_is_faster_wins() -> None:
    """What a compaction commits meanwhile stays; the prepared generation is never seen."""
    lake = scene()
    now = newest(lake.bucket, HOUR)
    assert now
    prepared = prepare(lake, now, older(lake, HOUR))
    land(lake, HOUR, [Sent("z", 9)])
    list(compact_hours(lake, HOURS))
    assert not adopt(lake, prepared)
    assert visible(lake) == Counter("abcdez")
    collect(at(lake, lake.clock() + timedelta(hours=25)))
    assert not list(lake.bucket.list(prepared.folder))


def test_a_prepared_generation_is_kept_and_not_seen() -> None:
    """Nobody sees it, garbage collection leaves it alone while a job may run, and one write makes it the newest."""
    lake = written_now(scene())
    now = newest(lake.bucket, HOUR)
    assert now
    prepared = prepare(lake, now, older(lake, HOUR))
    assert visible(lake) == Counter("abcde")
    collect(at(lake, lake.clock() + timedelta(hours=23)))
    assert adopt(lake, prepared)
    assert visible(lake, HOUR) == Counter("ab")


def test_rows_that_could_not_come_back_are_not_rolled_away() -> None:
    """Once landing may have lost the later inputs, or the old files are gone, nothing is changed."""
    lake = scene()
    late = at(lake, lake.clock() + timedelta(days=6, minutes=1))
    with pytest.raises(LakeError, match="would be lost"):
        roll_back(late, HOUR, older(late, HOUR))
    collect(at(lake, lake.clock() + timedelta(hours=25)))
    with pytest.raises(LakeError, match="does not exist"):
        roll_back(lake, HOUR, older(lake, HOUR))
    assert visible(lake) == Counter("abcde")


@pytest.mark.parametrize(
    ("kept_days", "last"), [(30, timedelta(days=29)), (7, timedelta(days=6)), (1, timedelta(hours=12))]
)
def test_later_inputs_count_as_there_while_landing_is_kept(kept_days: int, last: timedelta) -> None:
    """However long that is, less the time in which garbage collection may begin."""
    lake = replace(scene(), landing_kept=timedelta(days=kept_days))
    late = at(lake, lake.clock() + last + timedelta(minutes=1))
    with pytest.raises(LakeError, match="would be lost"):
        roll_back(late, HOUR, older(late, HOUR))
    in_time = at(lake, lake.clock() + last)
    roll_back(in_time, HOUR, older(in_time, HOUR))
    assert visible(lake, HOUR) == Counter("ab")


def test_a_rollback_does_not_bring_erased_people_back() -> None:
    """Tombstones since the old generation was made are applied to it, and counted."""
    lake = scene()
    names = [Name("session_id", "s-a")]
    rows = [Sent("a", 1).row(HOUR)]
    names = [Name("session_id", str(rows[0]["session_id"]))] if rows[0].get("session_id") else names
    TombstoneLog(lake.bucket).append("request", names, ["a"], lake.clock())
    restored = roll_back(lake, HOUR, older(lake, HOUR))
    assert restored.landed == restored.rows + restored.erased
    assert restored.tombstones == 1


@pytest.mark.parametrize("number", [0, 2, 9])
def test_only_older_generations_can_be_restored(number: int) -> None:
    """Neither the newest itself nor one that never was."""
    with pytest.raises(LakeError, match="no generation"):
        older(scene(), HOUR, number)


def test_an_hour_that_was_never_compacted_has_nothing_to_roll_back() -> None:
    """Its rows are in landing, as they came."""
    with pytest.raises(LakeError, match="compact it first"):
        older(memory_lake(), HOUR)


def test_no_reply_is_an_infrastructure_error() -> None:
    """The caller can tell a service that is down from a lake that is wrong."""
    lake = scene()
    point = KillPoint(0, InfrastructureError("no reply"), takes_effect=False)
    with pytest.raises(InfrastructureError):
        older(guarded(lake, point), HOUR)


def test_files_of_a_rollback_that_died_go_though_the_hour_is_at_rest() -> None:
    """The hour is made anew under their number, so that nobody can commit them; a grace later they are gone."""
    lake = written_now(scene())
    before = newest(lake.bucket, HOUR)
    assert before
    prepared = prepare(lake, before, older(lake, HOUR))
    collect(at(lake, lake.clock() + timedelta(hours=23)))
    assert newest(lake.bucket, HOUR) == before
    collect(at(lake, lake.clock() + timedelta(hours=25)))
    found = newest(lake.bucket, HOUR)
    assert found
    assert (found.generation, found.origin, found.rows) == (prepared.generation, before.origin, before.rows)
    assert found.run_id != prepared.run_id
    assert not adopt(lake, prepared)
    collect(at(lake, lake.clock() + timedelta(hours=50)))
    assert not list(lake.bucket.list(prepared.folder))
    settle(lake)
