"""The lake over days of runs: readers in the middle of a swap, schedules that fire or do not, clocks that are wrong."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.lake.compaction import compact_hour, compact_hours
from clickstream.lake.garbage import Grace, collect
from clickstream.lake.generations import hour_after, hour_start, newest
from clickstream.lake.work import Lake, closed, unfinished
from tests.simulation.fake_lake import HOUR, Sent, at, land, memory_lake, rows_under, visible

LATER_HOURS = [hour_after(HOUR, number) for number in range(4)]
MODEST = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def planned(lake: Lake) -> list[str]:
    """The files that a query over the hour, planned now, is going to read."""
    partition = lake.catalog.get("raw_events", HOUR)
    assert partition is not None
    prefix = partition.location.removeprefix(f"s3://{lake.bucket.name}/")
    return [entry.key for entry in lake.bucket.list(prefix)]


def read_late(lake: Lake, grace: Grace, hours: int) -> set[str]:
    """What a query sees that was planned before a swap and reads that many hours after it."""
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    compact_hour(lake, HOUR)
    files = planned(lake)
    land(lake, HOUR, [Sent("c", 3)])
    compact_hour(lake, HOUR)
    collect(at(lake, lake.clock() + timedelta(hours=hours)), grace)
    return {row["event_id"] for key in files for row in rows_under(lake.bucket, key)}


def test_a_query_that_was_planned_before_a_swap_reads_the_old_rows() -> None:
    """The old generation, whole, for as long as a query may run; a new query sees the new one."""
    lake = memory_lake()
    assert read_late(lake, Grace(), 23) == {"a", "b"}
    assert visible(lake) == Counter("abc")


def test_without_a_grace_that_query_would_lose_its_files() -> None:
    """The grace is what keeps them: garbage collection right after the swap takes them away."""
    assert read_late(memory_lake(), Grace(replaced=timedelta(0)), 0) == set()


RUNS = st.lists(st.sampled_from(["hourly", "hourly", "twice", "skipped"]), min_size=12, max_size=12)


@MODEST
@given(runs=RUNS, arrivals=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=12))
def test_any_history_of_runs_ends_in_the_same_lake(runs: list[str], arrivals: list[tuple[int, int]]) -> None:
    """Runs that fire twice do nothing twice, and one run makes up for all that were missed."""
    lake, expected = memory_lake(), Counter[str]()
    for number, run in enumerate(runs):
        now = hour_start(HOUR) + timedelta(hours=number, minutes=10)
        for place, (when, hour) in enumerate(arrivals):
            if when == number and hour <= number:
                land(lake, LATER_HOURS[hour], [Sent(f"e{place}", place)])
                expected[f"e{place}"] += 1
        for _ in range({"hourly": 1, "twice": 2, "skipped": 0}[run]):
            list(compact_hours(at(lake, now), closed(at(lake, now), lake.ledger.hours())))
    list(compact_hours(lake, lake.ledger.hours()))
    assert unfinished(lake, LATER_HOURS) == []
    assert visible(lake) == expected
    again = {hour: newest(lake.bucket, hour) for hour in LATER_HOURS}
    list(compact_hours(lake, lake.ledger.hours()))
    assert {hour: newest(lake.bucket, hour) for hour in LATER_HOURS} == again


@pytest.mark.parametrize("skew", [timedelta(days=-400), timedelta(hours=-3), timedelta(hours=3), timedelta(days=400)])
def test_a_wrong_clock_changes_no_row(skew: timedelta) -> None:
    """It decides only when an hour is looked at: two compactors with different clocks make one lake."""
    lake = memory_lake()
    wrong = at(lake, lake.clock() + skew)
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    list(compact_hours(wrong, [HOUR]))
    land(lake, HOUR, [Sent("b", 3), Sent("c", 4)])
    list(compact_hours(lake, [HOUR]))
    assert visible(lake) == Counter("abc")


def peak_kb(*, is_anew: bool = False) -> int:
    """The most memory that this process has held, or holds from now on: whatever ran before counts no more."""
    if is_anew:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux' /proc")
def test_a_flood_of_small_files_becomes_one_file_in_bounded_memory() -> None:
    """Hundreds of objects of a few rows are one data file, and take little more memory than a few."""
    lake = memory_lake()
    for number in range(300):
        land(lake, HOUR, [Sent(f"{number}-{place}", number * 10 + place) for place in range(3)])
    before = peak_kb(is_anew=True)
    outcome = compact_hour(lake, HOUR)
    assert outcome.generation is not None
    assert (outcome.generation.rows, len(outcome.generation.outputs)) == (900, 1)
    assert peak_kb() - before < 200_000


@pytest.mark.parametrize("name", ["../x", "2026-11-21T9/..", "2026-11-21T24", "", "2026-13-01T00", "%2e%2e"])
def test_no_partition_is_made_of_anything_but_an_hour(name: str) -> None:
    """The folder of an hour comes from a calendar, never from a text that was sent."""
    with pytest.raises(ValueError, match=r"does not match|unconverted|out of range"):
        hour_start(name)
