"""Sessions of the lake under late events, crashes, rivals and erasure: always those of one full rebuild."""

from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.errors import InfrastructureError
from clickstream.lake import session_buckets
from clickstream.lake.garbage import Grace
from clickstream.lake.session_building import build_dates, collect_sessions
from clickstream.lake.session_log import LOG, unfinished_dates
from clickstream.lake.session_rules import Rules
from clickstream.lake.work import Lake
from clickstream.tables import SESSIONS
from tests.simulation.fake_lake import at, memory_lake
from tests.simulation.session_lake import RULES, Row, at_once, build, receive, view, visible, write
from tests.simulation.test_lake_faults import Killed, faulty

DAY = datetime(2026, 11, 21, tzinfo=UTC)


def clock(text: str, day: int = 0) -> datetime:
    """`09:30` on 2026-11-21, or that many days later."""
    hours, minutes = text.split(":")
    return DAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


WRITES = 11
"""Writes of one run over the scene: upload, commit, and two of the catalog for each of three dates."""


def scene() -> Lake:
    """The scene, made once."""
    return deepcopy(_scene())


@cache
def _scene() -> Lake:
    """Sessions of three dates are built; then an event arrives late that joins two sessions over midnight."""
    lake = memory_lake()
    receive(lake, [view("a", clock("23:40")), view("b", clock("00:20", 1)), view("c", clock("09:00", 2))])
    build(lake)
    receive(lake, [view("late", clock("00:00", 1), delay=timedelta(hours=7))])
    return lake


def test_a_late_event_joins_sessions_over_midnight() -> None:
    """The session stands on the date on which it began, and on no other."""
    lake = scene()
    assert [row["events"] for row in visible(lake)] == [1, 1, 1]
    assert [(found.date, found.result) for found in build(lake)] == [
        ("2026-11-21", "built"),
        ("2026-11-22", "built"),
        ("2026-11-23", "built"),
    ]
    assert [(row["start_time"], row["events"]) for row in visible(lake)] == [
        (clock("23:40"), 3),
        (clock("09:00", 2), 1),
    ]
    assert build(lake) == []


def test_only_dates_near_the_change_are_built() -> None:
    """An event of a date touches its neighbours, not the rest of the lake."""
    lake = memory_lake()
    receive(lake, [view(f"e{day}", clock("12:00", day)) for day in range(9)])
    build(lake)
    receive(lake, [view("late", clock("12:05", 4))])
    assert [found.date for found in build(lake)] == ["2026-11-24", "2026-11-25", "2026-11-26"]
    assert visible(lake) == at_once(lake)


def test_other_rules_build_everything_again() -> None:
    """A date remembers the rules it was built by."""
    lake = memory_lake()
    receive(lake, [view("a", clock("09:00")), view("b", clock("09:20"))])
    build(lake)
    assert [row["events"] for row in visible(lake)] == [2]
    shorter = Rules(gap_s=600)
    assert [found.result for found in build(lake, shorter)] == ["built"]
    assert [row["events"] for row in visible(lake)] == [1, 1]
    assert build(lake, shorter) == []


def test_erased_people_have_no_sessions() -> None:
    """When the events of a date are gone from the lake, so are its sessions, and the date comes to rest."""
    lake = memory_lake()
    receive(lake, [view("a", clock("09:00"), "gone"), view("b", clock("09:00", 1))])
    build(lake)
    write(lake, "2026-11-21T09", [])
    assert {found.result for found in build(lake)} == {"built"}
    assert [row["visitor_id"] for row in visible(lake)] == ["p"]
    assert build(lake) == []
    later = at(lake, lake.clock() + timedelta(days=2))
    assert collect_sessions(later) == 2
    assert not list(lake.bucket.list("sessions/dt=2026-11-21/"))


def test_a_lost_or_stale_pointer_is_repaired_without_building() -> None:
    """Nothing is read or written but the catalog."""
    lake = memory_lake()
    receive(lake, [view("a", clock("09:00"))])
    build(lake)
    stale = lake.catalog.get(SESSIONS.name, "2026-11-21")
    assert stale is not None
    receive(lake, [view("b", clock("09:01"))])
    build(lake)
    lake.catalog.update(SESSIONS.name, stale)
    assert [found.result for found in build(lake)] == ["pointed"]
    assert visible(lake) == at_once(lake)


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [Killed("dead"), InfrastructureError("no reply")], ids=["killed", "no-reply"])
def test_a_fault_at_any_write_is_mended_by_the_next_run(error: Exception, takes_effect: bool) -> None:
    """Readers see each date's old or new sessions, never part of them; the next run ends where a full rebuild does."""
    expected = at_once(scene())
    for number in range(WRITES):
        lake = scene()
        broken = faulty(lake, number, error, takes_effect=takes_effect)
        with suppress(Killed):
            build(broken)
        assert {row["events"] for row in visible(lake)} <= {1, 3}
        build(lake)
        assert visible(lake) == expected
        assert unfinished_dates(lake, RULES) == []


def test_the_faults_reach_every_write() -> None:
    """A fault after the last write changes nothing; one at the last write does."""
    last, after = (build(faulty(scene(), number, Killed("dead"), takes_effect=True)) for number in (99, WRITES))
    assert [found.result for found in last] == [found.result for found in after] == ["built"] * 3
    with pytest.raises(Killed):
        build(faulty(scene(), WRITES - 1, Killed("dead"), takes_effect=True))


def test_a_rival_with_older_events_loses() -> None:
    """A run that looked before an event arrived cannot commit after one that saw it."""
    lake = scene()
    early = unfinished_dates(lake, RULES)
    receive(lake, [view("later", clock("00:30", 1))])
    build(lake)
    assert {found.result for found in build_dates(lake, early)} == {"overtaken"}
    assert build(lake) == []
    assert visible(lake) == at_once(lake)


def test_a_run_that_fails_on_one_date_goes_on() -> None:
    """A missing file is named with its date, and the other dates are built."""
    lake = memory_lake()
    receive(lake, [view("a", clock("09:00")), view("b", clock("09:00", 5))])
    lake.bucket.delete("raw_events/dt=2026-11-21/hour=9/g=000001-run/part-0.parquet")
    failed, built = build(lake)
    assert (failed.date, failed.result, built.result) == ("2026-11-21", "failed", "built")
    assert "dt=2026-11-21/hour=9" in failed.problem


def test_damaged_files_are_named() -> None:
    """What is no Parquet is a failure of the date, not of the run."""
    lake = memory_lake()
    receive(lake, [view("a", clock("09:00"))])
    lake.bucket.put("raw_events/dt=2026-11-21/hour=9/g=000001-run/part-0.parquet", b"PAR1 not")
    (failed,) = build(lake)
    assert "cannot be read for its sessions" in failed.problem


def test_replaced_files_go_after_the_grace() -> None:
    """Not before, not while the pointer is elsewhere, and never those of the newest generation or a coming one."""
    lake = scene()
    build(lake)
    lake.bucket.put("sessions/dt=2026-11-21/g=000001-dead/part-0.parquet", b"left by a crash")
    lake.bucket.put("sessions/dt=2026-11-21/g=000003-new/part-0.parquet", b"about to be committed")
    assert collect_sessions(lake) == 0
    later = at(lake, lake.clock() + timedelta(days=2))
    stale, now = (LOG.read(lake.bucket, LOG.key("2026-11-21", number)) for number in (1, 2))
    partition = lake.catalog.get(SESSIONS.name, "2026-11-21")
    assert partition is not None
    before = visible(lake)
    assert collect_sessions(later, Grace(replaced=timedelta(days=3))) == 0
    assert collect_sessions(later) == 4
    assert visible(lake) == before
    keys = [one.key for one in lake.bucket.list("sessions/dt=2026-11-21/")]
    assert keys == [now.outputs[0].key, "sessions/dt=2026-11-21/g=000003-new/part-0.parquet"]
    assert stale.outputs[0].key not in keys


def test_people_are_spread_over_files_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a file for every few events the sessions are the same."""
    monkeypatch.setattr(session_buckets, "BUCKET_ROWS", 3)
    lake = memory_lake()
    receive(lake, [view(f"e{n}", clock("09:00") + timedelta(minutes=17 * n), f"p{n % 7}") for n in range(90)])
    build(lake)
    assert visible(lake) == at_once(lake)


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Row]]:
    """Events of two people over some dates, often near midnight, arriving late and in parts."""
    batches: list[list[Row]] = []
    number = 0
    for _ in range(draw(st.integers(1, 4))):
        batch = []
        for _ in range(draw(st.integers(1, 8))):
            number += 1
            time = clock(draw(st.sampled_from(["00:00", "00:20", "12:00", "23:35", "23:55"])), draw(st.integers(0, 4)))
            delay = timedelta(hours=draw(st.sampled_from([0, 0, 1, 30])))
            batch.append(view(str(number), time, draw(st.sampled_from("pq")), delay))
        batches.append(batch)
    return batches


def check_increments(batches: list[list[Row]], data: st.DataObject) -> None:
    """Receive the batches, build after some of them, and compare with one full rebuild."""
    lake = memory_lake()
    for batch in batches:
        receive(lake, batch)
        if data.draw(st.booleans(), label="is built now"):
            plans = unfinished_dates(lake, RULES)
            list(build_dates(lake, data.draw(st.permutations(plans), label="order")))
    build(lake)
    assert visible(lake) == at_once(lake)
    assert sum(row["events"] for row in visible(lake)) == sum(len(batch) for batch in batches)
    again = list(build_dates(lake, unfinished_dates(lake, RULES, is_forced=True), is_forced=True))
    assert {found.result for found in again} == {"built"}
    assert visible(lake) == at_once(lake)


@settings(max_examples=10, deadline=None)
@given(arrivals(), st.data())
def test_incremental_is_a_full_rebuild(batches: list[list[Row]], data: st.DataObject) -> None:
    """Whatever arrives in whatever order, built after each part or not, the sessions are those of one full rebuild."""
    check_increments(batches, data)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(arrivals(), st.data())
def test_incremental_is_a_full_rebuild_at_length(batches: list[list[Row]], data: st.DataObject) -> None:
    """The same with many more histories."""
    check_increments(batches, data)
