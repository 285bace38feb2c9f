"""The masked tables under crashes, erasure, rollback and changes of rules: always a copy of what readers see."""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clickstream.errors import InfrastructureError
from clickstream.lake import mask_building, masked_log
from clickstream.lake.generations import newest
from clickstream.lake.mask_building import Outcome, collect_masked, mask_tables, remove_masked
from clickstream.lake.masked_log import outliving
from clickstream.lake.masking import EVENTS
from clickstream.lake.work import Lake
from clickstream.tables import MASKED_EVENTS, RAW_EVENTS
from tests.simulation.erasure_scene import HOURS, scene
from tests.simulation.erasure_world import run
from tests.simulation.fake_lake import HOUR, at, memory_lake, rows_in, rows_under
from tests.simulation.session_lake import Row, build, receive, view, write
from tests.simulation.test_lake_faults import Killed, faulty

DAY = datetime(2026, 11, 21, tzinfo=UTC)
KEYS = {"session_key", "visitor_key", "order_key"}


def seen(lake: Lake, table: str) -> dict[str, list[Row]]:
    """The rows that a query over the catalog sees, by partition."""
    start = f"s3://{lake.bucket.name}/"
    return {
        found.hour: rows_under(lake.bucket, found.location.removeprefix(start)) for found in lake.catalog.list(table)
    }


def without_keys(rows: list[Row]) -> list[Row]:
    """The columns that both tables have."""
    both = set(MASKED_EVENTS.schema.names) & set(RAW_EVENTS.schema.names)
    return [{name: row[name] for name in both} for row in rows]


def is_copy(lake: Lake) -> bool:
    """Whether every hour's masked rows are those of its newest generation, in the same order."""
    masked = seen(lake, MASKED_EVENTS.name)
    for hour, rows in masked.items():
        found = newest(lake.bucket, hour)
        assert found is not None
        held = [row for output in found.outputs for row in rows_in(lake.bucket.get(output.key))]
        if without_keys(held) != without_keys(rows):
            return False
    return bool(masked)


def masked(lake: Lake) -> list[Outcome]:
    """One run of the job."""
    return list(mask_tables(lake))


def filled() -> Lake:
    """Two hours of one person and another, with their sessions."""
    lake = memory_lake()
    rows = [view("a", DAY + timedelta(hours=9)), view("b", DAY + timedelta(hours=9, minutes=5), "q")]
    more = {"session_id": "s1", "order_id": "o1", "page_path": "/order/4711", "user_id": "u"}
    receive(lake, [rows[0] | more, rows[1], view("c", DAY + timedelta(hours=10)) | more])
    build(lake)
    return lake


def test_persons_become_keys_of_a_date() -> None:
    """The same within a date in both tables, another on the next, and none of what was said is in the files."""
    lake = filled()
    receive(lake, [view("d", DAY + timedelta(hours=33))])
    build(lake)
    assert {found.result for found in masked(lake)} == {"masked"}
    assert is_copy(lake)
    events, sessions = seen(lake, MASKED_EVENTS.name), seen(lake, "masked_sessions")
    first, other = events[HOUR]
    (second,), (next_day,) = events["2026-11-21T10"], events["2026-11-22T09"]
    assert first["visitor_key"] == second["visitor_key"] != other["visitor_key"]
    assert next_day["visitor_key"] != first["visitor_key"]
    assert (first["session_key"], first["order_key"]) == (second["session_key"], second["order_key"])
    assert (first["page_template"], other["session_key"]) == ("/order/{id}", None)
    assert {row["visitor_key"] for row in sessions["2026-11-21"]} == {first["visitor_key"], other["visitor_key"]}
    assert {row["is_signed_in"] for row in sessions["2026-11-21"]} == {True, False}
    assert masked(lake) == []


def test_whatever_makes_a_new_generation_is_followed() -> None:
    """Late events, an erased hour and other rules; the old files go after the grace."""
    lake = filled()
    masked(lake)
    receive(lake, [view("late", DAY + timedelta(hours=9, minutes=1))])
    assert [(found.partition, found.result) for found in masked(lake)] == [(HOUR, "masked")]
    assert is_copy(lake)
    write(lake, HOUR, [])
    masked(lake)
    assert seen(lake, MASKED_EVENTS.name)[HOUR] == []
    assert masked(lake) == []
    assert collect_masked(lake) == 0
    assert collect_masked(at(lake, lake.clock() + timedelta(days=2))) == 2
    assert is_copy(lake)


def test_other_rules_mask_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder says by which rules it was made."""
    lake = filled()
    count = len(masked(lake))
    for module in (masked_log, mask_building):
        monkeypatch.setattr(module, "RULES", 2)
    assert [found.result for found in masked(lake)] == ["masked"] * count
    assert masked(lake) == []


@pytest.mark.parametrize("table", ["raw_events", "sessions"])
def test_a_copy_goes_at_once_when_its_original_is_gone(table: str) -> None:
    """Where somebody was erased the original goes without a grace, or the copy was made late: it waits for none."""
    lake = filled()
    masked(lake)
    old = [entry.key for entry in lake.bucket.list(f"{table}/dt=2026-11-21/")]
    write(lake, HOUR, [])
    build(lake)
    masked(lake)
    assert collect_masked(lake) == 0
    for key in old:
        lake.bucket.delete(key)
    assert collect_masked(lake) >= 1
    assert list(outliving(lake.bucket)) == []


def test_an_erasure_waits_for_masked_files() -> None:
    """Made anew in the same run where they are on; where nothing does, the request stays open and names the file."""
    places = scene()
    lake = replace(places.lake, is_masked=True)
    masked(lake)
    assert set(HOURS) <= seen(lake, MASKED_EVENTS.name).keys()
    unaware = deepcopy(places)
    waiting = run(unaware)
    assert waiting is not None
    assert waiting.state != "done"
    assert waiting.waiting == tuple(outliving(unaware.lake.bucket))
    record = run(replace(places, lake=lake))
    assert record is not None
    assert (record.state, record.waiting) == ("done", ())
    assert is_copy(lake)
    assert list(outliving(lake.bucket)) == []


def test_turned_off_nothing_is_left_and_turned_on_all_comes_back() -> None:
    """Nobody would erase people from copies that nothing follows."""
    lake = filled()
    count = len(masked(lake))
    assert remove_masked(lake) == len(list(lake.bucket.list("masked_"))) + count
    assert all(not rows for rows in seen(lake, MASKED_EVENTS.name).values())
    assert [found.result for found in masked(lake)] == ["masked"] * count
    assert is_copy(lake)


def kills() -> Iterator[tuple[Exception, bool]]:
    """Deaths and lost replies, before and after the effect."""
    for error in (Killed("dead"), InfrastructureError("no reply")):
        yield from ((error, takes_effect) for takes_effect in (False, True))


@pytest.mark.parametrize(("error", "takes_effect"), list(kills()))
def test_a_fault_at_any_write_is_mended_by_the_next_run(error: Exception, takes_effect: bool) -> None:
    """Readers see a whole copy, old or new; the next run finishes it."""
    made = filled()
    masked(made)
    receive(made, [view("late", DAY + timedelta(hours=9, minutes=1))])
    for number in range(6):
        lake = deepcopy(made)
        with suppress(Killed):
            masked(faulty(lake, number, error, takes_effect=takes_effect))
        assert len(seen(lake, MASKED_EVENTS.name)[HOUR]) in {2, 3}
        masked(lake)
        assert is_copy(lake)
        assert masked(lake) == []
        collect_masked(at(lake, lake.clock() + timedelta(days=2)))
        assert is_copy(lake)
        assert len(list(lake.bucket.list("masked_events/dt=2026-11-21/hour=9/"))) == 1


def test_a_slow_run_is_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who commits a number first has it; the other leaves the hour to it."""
    lake = filled()
    plans = masked_log.unfinished_partitions(lake, EVENTS)
    masked(lake)
    assert {found.result for found in mask_building.mask_partitions(lake, plans)} == {"overtaken"}
    assert is_copy(lake)
