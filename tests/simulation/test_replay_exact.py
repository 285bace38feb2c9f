"""Replays that die at every call: readers see the hour as it was until the swap, and whole generations afterwards."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from clickstream.errors import ClickstreamError, LakeError
from clickstream.lake.compaction import compact_hours
from clickstream.lake.differences import Differences, compare
from clickstream.lake.garbage import collect
from clickstream.lake.generations import newest
from clickstream.lake.refreshing import COLUMNS
from clickstream.lake.replaying import SHADOW, discard, prepared, prepared_hours, replay, swap
from clickstream.lake.restoring import newest_of, older, roll_back
from clickstream.lake.work import Lake, unfinished
from tests.simulation.fake_lake import HOUR, Sent, at, land, rows_under, visible
from tests.simulation.kill_points import Killed, kill_points
from tests.simulation.two_generations import HOURS, guarded, two_generations

ROWS = Counter("abcde")


def scene() -> Lake:
    """Two hours, the first with two generations, copies in and across them."""
    return two_generations("b")


def settle(lake: Lake) -> None:
    """Compaction leaves nothing to do, and every event is there once."""
    assert not [outcome for outcome in compact_hours(lake, HOURS) if outcome.result == "failed"]
    assert unfinished(lake, HOURS) == []
    assert visible(lake) == ROWS


def shadowed(lake: Lake) -> Counter[str]:
    """What a query of the shadow table finds."""
    seen: Counter[str] = Counter()
    for partition in lake.catalog.list(SHADOW):
        prefix = partition.location.removeprefix(f"s3://{lake.bucket.name}/")
        seen.update(str(row["event_id"]) for row in rows_under(lake.bucket, prefix))
    return seen


@pytest.mark.parametrize("is_from_landing", [True, False], ids=["landing", "generation"])
def test_a_replay_by_the_same_code_is_the_same(is_from_landing: bool, tmp_path: Path) -> None:
    """From landing or from a generation: nobody sees it, and swapped in it is the newest.

    The rows of this lake were never enriched, so only the columns that are made anew differ.
    """
    lake = scene()
    before = newest_of(lake, HOUR)
    after = replay(lake, HOUR, "run", is_from_landing=is_from_landing)
    assert (visible(lake), shadowed(lake)) == (ROWS, Counter("abde"))
    found = Differences()
    compare(found, lake.bucket, before, after, tmp_path)
    assert found.changed.keys() <= set(COLUMNS)
    assert (found.before.rows, found.after.rows, found.added, found.removed) == (4, 4, 0, 0)
    assert swap(lake, HOUR) == "swapped"
    assert newest(lake.bucket, HOUR) == after
    assert (after.inputs, after.landed, after.duplicates) == (before.inputs, before.landed, before.duplicates)
    settle(lake)


def test_a_fault_while_preparing_is_seen_by_nobody() -> None:
    """Killed, or without a reply, at any call: readers notice nothing, and the next replay succeeds."""
    for point in kill_points():
        lake = scene()
        try:
            replay(guarded(lake, point), HOUR, "first")
        except (Killed, ClickstreamError):
            assert point.is_passed
        assert visible(lake) == ROWS
        replay(lake, HOUR, "second")
        assert shadowed(lake) == Counter("abde")
        assert swap(lake, HOUR) == "swapped"
        settle(lake)


@pytest.mark.parametrize("decide", [swap, discard])
def test_a_fault_while_deciding_leaves_one_or_the_other(decide: Callable[[Lake, str], object]) -> None:
    """At any call: readers see every event once, and the same decision again completes it."""
    for point in kill_points():
        lake = scene()
        replay(lake, HOUR, "run")
        try:
            decide(guarded(lake, point), HOUR)
        except (Killed, ClickstreamError):
            assert point.is_passed
        assert visible(lake) == ROWS
        if prepared(lake, HOUR):
            decide(lake, HOUR)
        settle(lake)
        discard(lake, HOUR)
        assert list(prepared_hours(lake)) == []
        settle(lake)


def test_swap_and_discard_exclude_each_other() -> None:
    """Whoever decides first has decided: files that a swap may still name are never removed."""
    for point in kill_points():
        lake = scene()
        replay(lake, HOUR, "run")
        try:
            swap(guarded(lake, point), HOUR)
        except (Killed, ClickstreamError):
            assert point.is_passed
        try:
            discard(lake, HOUR)
        except LakeError:
            assert swap(lake, HOUR) == "swapped"
        assert visible(lake) == ROWS
        settle(lake)


def test_a_discard_beside_a_swap_that_has_read_already() -> None:
    """The swap has read what was prepared and sleeps; the discard wins, and the swap changes nothing."""
    for point in kill_points():
        lake = scene()
        replay(lake, HOUR, "run")
        try:
            discard(guarded(lake, point), HOUR)
        except (Killed, ClickstreamError):
            assert point.is_passed
        if prepared(lake, HOUR):
            swap(lake, HOUR)
        settle(lake)


def test_an_hour_that_moved_on_is_not_swapped() -> None:
    """What was compared is not what is there any more; the files go."""
    lake = scene()
    found = replay(lake, HOUR, "run")
    land(lake, HOUR, [Sent("z", 9)])
    list(compact_hours(lake, HOURS))
    assert swap(lake, HOUR) == "overtaken"
    assert visible(lake) == ROWS + Counter("z")
    assert discard(lake, HOUR) == 1
    assert not list(lake.bucket.list(found.folder))


def test_a_discarded_replay_leaves_nothing_but_the_decision() -> None:
    """No data file, index or manifest of it stays."""
    lake = scene()
    held = {entry.key for entry in lake.bucket.list("")}
    found = replay(lake, HOUR, "run")
    discard(lake, HOUR)
    left = {entry.key for entry in lake.bucket.list("")} - held
    assert [key.rpartition("/")[2] for key in left] == [f"decided-{found.run_id}.json"]


def test_a_prepared_replay_survives_garbage_collection_and_rollback_follows() -> None:
    """It may wait for days; after the swap the generation before it can come back."""
    lake = scene()
    replay(lake, HOUR, "run")
    later = at(lake, lake.clock() + timedelta(days=3))
    collect(later)
    assert swap(later, HOUR) == "swapped"
    assert roll_back(later, HOUR, older(later, HOUR)).origin == "generation 2"
    assert visible(later) == ROWS
    settle(later)


def test_an_older_generation_is_replayed_with_its_inputs_alone() -> None:
    """Later inputs become work again, as after a rollback."""
    lake = scene()
    replay(lake, HOUR, "run", number=1, is_from_landing=False)
    assert shadowed(lake) == Counter("ab")
    assert swap(lake, HOUR) == "swapped"
    assert visible(lake, HOUR) == Counter("ab")
    settle(lake)


def test_a_replay_that_waited_until_landing_is_gone_is_not_swapped() -> None:
    """What it leaves out could not become work again; the next replay may be of what is there."""
    lake = scene()
    replay(lake, HOUR, "run", number=1, is_from_landing=False)
    late = at(lake, lake.clock() + timedelta(days=8))
    assert collect(late).landing == 3
    assert swap(late, HOUR) == "overtaken"
    assert visible(late) == ROWS
    assert discard(late, HOUR) == 1
    settle(late)


def test_landing_that_is_not_kept_cannot_be_replayed() -> None:
    """The message says what can."""
    lake = scene()
    for entry in list(lake.bucket.list("landing/")):
        lake.bucket.delete(entry.key)
    with pytest.raises(LakeError, match="replay it from its generation"):
        replay(lake, HOUR, "run")
    assert replay(lake, HOUR, "run", is_from_landing=False).rows == 4
