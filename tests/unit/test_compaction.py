"""What one compaction makes of an hour, on inputs small enough to check by hand."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from clickstream.errors import LakeError
from clickstream.lake import compaction
from clickstream.lake.compaction import Outcome, compact_hour, compact_hours
from clickstream.lake.generations import Generation
from clickstream.lake.work import Lake, closed
from clickstream.ledger import LandedObject
from tests.simulation.fake_lake import HOUR, NEXT, Sent, add_work, land, land_bad, memory_lake, rows_under, visible


def compacted(lake: Lake, hour: str = HOUR) -> Generation:
    """The generation that a compaction which must succeed leaves."""
    outcome = compact_hour(lake, hour)
    assert outcome.generation is not None
    return outcome.generation


def counts(generation: Generation) -> dict[str, int]:
    """The terms of the ledger's identity that are not zero."""
    names = ("landed", "rows", "duplicates", "quarantined", "redelivered", "erased")
    return {name: value for name in names if (value := getattr(generation, name))}


def results(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    """Hour and result of each."""
    return [(outcome.hour, outcome.result) for outcome in outcomes]


def test_every_event_of_an_hour_is_kept_once() -> None:
    """Two objects with one common id become one generation that the catalog points to."""
    lake = memory_lake()
    keys = [land(lake, HOUR, [Sent("a", 1), Sent("b", 2)]), land(lake, HOUR, [Sent("b", 3), Sent("c", 4)])]
    generation = compacted(lake)
    assert counts(generation) == {"landed": 4, "rows": 3, "duplicates": 1}
    assert generation.inputs == tuple(sorted(keys))
    assert (generation.generation, generation.previous_generation) == (1, None)
    assert visible(lake) == Counter("abc")
    assert {row["sequence_number"][-1] for row in rows_under(lake.bucket, generation.folder)} == {"1", "2", "4"}


def test_rows_come_back_unchanged_and_sorted_by_type_and_time() -> None:
    """Every column of every row survives; the file is ordered for readers that ask for one type."""
    lake = memory_lake()
    early = datetime(2026, 11, 21, 8, tzinfo=UTC)
    events = [Sent("p", 1, event_type="purchase"), Sent("late", 2), Sent("early", 3, event_time=early)]
    land(lake, HOUR, events)
    rows = rows_under(lake.bucket, compacted(lake).folder)
    assert [row["event_id"] for row in rows] == ["early", "late", "p"]
    expected = [event.row(HOUR) for event in (events[2], events[1], events[0])]
    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == expected


@pytest.mark.parametrize(("page", "term"), [("/", "duplicates"), ("/other", "quarantined")])
def test_the_earliest_of_equal_ids_wins(page: str, term: str) -> None:
    """The copy received later goes: as a duplicate if it says the same, into quarantine if it says something else."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 7, page)])
    land(lake, HOUR, [Sent("a", 5)])
    generation = compacted(lake)
    assert counts(generation) == {"landed": 2, "rows": 1, term: 1}
    assert [row["page_path"] for row in rows_under(lake.bucket, generation.folder)] == ["/"]
    assert [row["page_path"] for row in rows_under(lake.bucket, "quarantine/")] == [page] * (term == "quarantined")
    assert len(generation.quarantine) == (term == "quarantined")


def test_the_earliest_wins_against_an_older_generation_too() -> None:
    """A row that arrived before the one already compacted replaces it; nothing is counted twice."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 7, "/late"), Sent("b", 8)])
    compact_hour(lake, HOUR)
    land(lake, HOUR, [Sent("a", 5, "/first")])
    generation = compacted(lake)
    assert counts(generation) == {"landed": 3, "rows": 2, "quarantined": 1}
    assert {row["page_path"] for row in rows_under(lake.bucket, generation.folder)} == {"/first", "/"}


def test_a_position_that_comes_twice_is_told_apart() -> None:
    """The stream protocol excludes it; should it happen, it is counted under its own name."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    land(lake, HOUR, [Sent("b", 2), Sent("c", 3)])
    assert counts(compacted(lake)) == {"landed": 4, "rows": 3, "redelivered": 1}


def test_an_id_of_the_hour_before_is_yielded() -> None:
    """The copy in the later hour goes, and the commit names the generation it yielded to."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    land(lake, NEXT, [Sent("a", 10), Sent("b", 11)])
    assert results(list(compact_hours(lake, [NEXT, HOUR]))) == [(HOUR, "compacted"), (NEXT, "compacted")]
    assert visible(lake) == Counter("ab")
    assert visible(lake, HOUR) == Counter("a")


def test_the_hour_after_is_never_looked_at() -> None:
    """An hour keeps an id that only the next hour holds."""
    lake = memory_lake()
    land(lake, NEXT, [Sent("a", 10)])
    compact_hour(lake, NEXT)
    land(lake, HOUR, [Sent("a", 1)])
    assert compacted(lake).rows == 1


def test_an_hour_yields_again_when_the_hour_before_moved() -> None:
    """A late arrival in the earlier hour takes the id away from the later one, which keeps its inputs."""
    lake = memory_lake()
    land(lake, NEXT, [Sent("a", 10), Sent("b", 11)])
    first = compacted(lake, NEXT)
    land(lake, HOUR, [Sent("a", 1)])
    assert results(list(compact_hours(lake, [HOUR, NEXT]))) == [(HOUR, "compacted"), (NEXT, "compacted")]
    second = compacted(lake, NEXT)
    assert (second.generation, second.previous_generation, second.inputs) == (2, 1, first.inputs)
    assert counts(second) == {"landed": 2, "rows": 1, "duplicates": 1}
    assert visible(lake) == Counter("ab")


def test_one_late_object_does_not_rewrite_the_lake() -> None:
    """The next hour is checked once, found without common ids, and the hours after it are left alone."""
    lake = memory_lake()
    hours = [f"2026-11-21T{number:02}" for number in range(9, 13)]
    for number, hour in enumerate(hours):
        land(lake, hour, [Sent(hour, number)])
    list(compact_hours(lake, hours))
    land(lake, HOUR, [Sent("late", 99)])
    assert results(list(compact_hours(lake, hours))) == [(hours[0], "compacted"), (hours[1], "confirmed")]
    assert list(compact_hours(lake, hours)) == []


def test_hours_without_common_ids_are_not_merged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour whose neighbour moved is confirmed by the ids of both; only a common one makes it read its rows."""
    lake = memory_lake()
    land(lake, NEXT, [Sent("a", 10), Sent("b", 11)])
    land(lake, HOUR, [Sent("c", 1)])
    for hour in (NEXT, HOUR):
        compact_hour(lake, hour)
    with monkeypatch.context() as patch:
        patch.setattr(compaction, "merged", None)
        assert compact_hour(lake, NEXT).result == "confirmed"
    land(lake, HOUR, [Sent("b", 2)])
    assert compacted(lake).rows == 2
    assert compacted(lake, NEXT).rows == 1
    assert visible(lake) == Counter("abc")


def test_an_hour_of_copies_only_is_empty() -> None:
    """A generation without a file is right when the hour before holds everything."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    land(lake, NEXT, [Sent("a", 10)])
    list(compact_hours(lake, [HOUR, NEXT]))
    generation = compacted(lake, NEXT)
    assert (generation.outputs, counts(generation)) == ((), {"landed": 1, "duplicates": 1})
    assert visible(lake, NEXT) == Counter()


def test_rows_are_counted_per_event_date() -> None:
    """An event of the day before and one of 1970 are found under their own dates."""
    lake = memory_lake()
    old, ancient = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2, event_time=old), Sent("c", 3, event_time=ancient), Sent("d", 4)])
    expected = {"1970-01-01": 1, "2026-11-20": 1, "2026-11-21": 2}
    assert compacted(lake).rows_per_event_date == expected


def test_bad_events_only_need_a_partition() -> None:
    """An hour with nothing but bad events gets their partition and no generation."""
    lake = memory_lake()
    land_bad(lake, HOUR)
    assert results(list(compact_hours(lake, [HOUR]))) == [(HOUR, "settled")]
    partition = lake.catalog.get("bad_events", HOUR)
    assert partition is not None
    assert partition.location == "s3://lake/bad_events/dt=2026-11-21/hour=9/"
    assert list(compact_hours(lake, [HOUR])) == []


def test_an_object_that_no_commit_names_does_not_count() -> None:
    """What merely lies in landing is not compacted."""
    lake = memory_lake()
    key = land(lake, HOUR, [Sent("a", 1)])
    lake.bucket.put("landing/dt=2026-11-21/hour=9/zombie.parquet", lake.bucket.get(key))
    assert counts(compacted(lake)) == {"landed": 1, "rows": 1}


def test_an_object_that_contradicts_the_ledger_stops_the_hour() -> None:
    """Fewer rows than recorded: the object is named, nothing is committed, other hours go on."""
    lake = memory_lake()
    key = land(lake, HOUR, [Sent("a", 1)])
    add_work(lake.ledger, LandedObject(key + "x", "landing", HOUR, 2), "1", "1")
    lake.bucket.put(key + "x", lake.bucket.get(key))
    land(lake, NEXT, [Sent("b", 2)])
    with pytest.raises(LakeError, match=r"parquetx holds 1 rows where 2"):
        compact_hour(lake, HOUR)
    assert results(list(compact_hours(lake, [HOUR, NEXT]))) == [(HOUR, "failed"), (NEXT, "compacted")]
    assert visible(lake) == Counter("b")


def test_an_hour_is_closed_five_minutes_after_its_end() -> None:
    """The last batches of an hour get time to arrive."""
    early, late = memory_lake("2026-11-21T10:04:59"), memory_lake("2026-11-21T10:05:00")
    hours: list[Any] = ["2026-11-21T08", HOUR, NEXT]
    assert closed(early, hours) == hours[:1]
    assert closed(late, hours) == hours[:2]
