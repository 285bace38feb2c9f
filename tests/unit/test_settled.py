"""Marks on settled hours: they spare a look, and never hide work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import msgspec
import pytest

from clickstream.lake import work
from clickstream.lake.catalog import Partition, uri
from clickstream.lake.compaction import compact_hours
from clickstream.lake.generations import hour_after
from clickstream.lake.settled import LOOK_AGAIN_HOURS
from clickstream.lake.tombstones import Name, TombstoneLog
from clickstream.lake.work import Lake, unfinished
from clickstream.ledger import Ledger
from clickstream.ports import Item, Key
from clickstream.tables import hour_folder, hour_text
from tests.simulation.fake_lake import HOUR, NEXT, Sent, at, generation, land, land_bad, memory_lake
from tests.simulation.fakes import MemoryBucket, MemoryTable

HOURS = [HOUR, NEXT]


def settled_lake() -> Lake:
    """Two hours with nothing left to do, and marks that say so."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    land(lake, NEXT, [Sent("b", 2)])
    land_bad(lake, NEXT)
    list(compact_hours(lake, HOURS))
    assert unfinished(lake, HOURS) == []
    return lake


def looks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hours whose work list is read from now on."""
    seen: list[str] = []
    read = Ledger.work

    def counted(self: Ledger, hour: str) -> Any:
        seen.append(hour)
        return read(self, hour)

    monkeypatch.setattr(Ledger, "work", counted)
    return seen


def test_a_settled_hour_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run over marked hours reads no work list and no commit."""
    lake = settled_lake()
    seen = looks(lake, monkeypatch)
    monkeypatch.setattr(lake.bucket, "get", None)
    assert unfinished(lake, HOURS) == []
    assert seen == []


def _pointed_back(lake: Lake) -> None:
    lake.catalog.update("raw_events", Partition(HOUR, uri(lake.bucket, "landing/")))


def _partition_lost(lake: Lake) -> None:
    catalog: Any = lake.catalog
    del catalog.partitions["bad_events", NEXT]


def _rolled_back(lake: Lake) -> None:
    made = generation(HOUR, 2, d2026_11_21=1)
    lake.bucket.put(made.key, msgspec.json.encode(made))


def _erased(lake: Lake) -> None:
    TombstoneLog(lake.bucket).append("r", [Name("user_id", "nobody")], [], datetime(2026, 11, 22, tzinfo=UTC))


CHANGES: dict[str, tuple[Callable[[Lake], object], list[str]]] = {
    "a late object": (lambda lake: land(lake, HOUR, [Sent("late", 9)]), [HOUR]),
    "a late bad event": (lambda lake: land_bad(lake, HOUR), [HOUR]),
    "a pointer that moved": (_pointed_back, [HOUR]),
    "a lost partition": (_partition_lost, [NEXT]),
    "another generation": (_rolled_back, [HOUR, NEXT]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_an_hour_is_seen(change: str) -> None:
    """A mark counts only while everything that it was compared with is as it was."""
    lake = settled_lake()
    happens, expected = CHANGES[change]
    happens(lake)
    assert unfinished(lake, HOURS) == expected


def test_each_erasure_has_every_hour_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark says how many people had been erased by then."""
    lake = settled_lake()
    seen = looks(lake, monkeypatch)
    monkeypatch.setattr(work, "is_haunted", lambda *_: False)
    _erased(lake)
    assert unfinished(lake, HOURS) == []
    assert sorted(seen) == HOURS


class Interrupted(MemoryTable):
    """A table in which something happens before and between chosen writes and queries of the work list."""

    def __init__(self, stored: MemoryTable, happen: Callable[[str], None]) -> None:
        super().__init__()
        self.items = stored.items
        self._happen = happen

    def put(self, item: Item) -> None:
        """The claim."""
        self._happen("claim")
        super().put(item)

    def query(self, pk: str, **bounds: Any) -> Any:
        """The work list."""
        if pk.startswith("hour#"):
            self._happen("look")
        return super().query(pk, **bounds)

    def put_revision(self, item: Item, read: int | None) -> None:
        """The mark."""
        self._happen("mark")
        super().put_revision(item, read)


STEPS = ("start", "claim", "look", "mark", "end")


@pytest.mark.parametrize(
    ("first", "second"), [*combinations(STEPS, 2), *((step, step) for step in STEPS)], ids=lambda step: str(step)
)
def test_an_object_that_comes_at_any_moment_is_seen(first: str, second: str) -> None:
    """Whatever a look overlaps with, the hour is open once both writes of the new object are done."""
    lake = settled_lake()
    table: Any = vars(lake.ledger)["_table"]
    before = dict(table.items)
    land(lake, HOUR, [Sent("late", 9)])
    added = {key: body for key, body in table.items.items() if before.get(key) != body and key.pk.startswith("hour#")}
    hour_item = Key("hours", HOUR)
    cleared = table.items[hour_item]
    table.items = {key: body for key, body in table.items.items() if key not in added} | {hour_item: before[hour_item]}

    def happen(step: str) -> None:
        if step == first:
            table.items.update(added)
        if step == second:
            table.items[hour_item] = cleared

    happen("start")
    del table.items[hour_item]
    table.put({"pk": "hours", "sk": HOUR})
    interrupted = Interrupted(table, happen)
    unfinished(replace(lake, ledger=Ledger(interrupted, lake.bucket)), [HOUR])
    happen("end")
    assert unfinished(lake, [HOUR]) == [HOUR]


def test_a_mark_is_doubted_once_in_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hour has its turn, whatever its mark says."""
    lake = settled_lake()
    seen = looks(lake, monkeypatch)
    start = lake.clock()
    for hours in range(LOOK_AGAIN_HOURS):
        unfinished(at(lake, start + timedelta(hours=hours)), HOURS)
    assert sorted(seen) == HOURS


def test_a_year_of_settled_hours_is_read_from_listings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """8,760 hours with marks cost twelve looks and no commit but theirs."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    lake = memory_lake()
    assert isinstance(lake.bucket, MemoryBucket)
    table: Any = vars(lake.ledger)["_table"]
    hours = [hour_text(now - timedelta(hours=number)) for number in range(2, 8762)]
    for hour in hours:
        made = generation(hour, d2026_11_21=1)
        made = msgspec.structs.replace(made, previous_generation=1 if hour != hours[-1] else None)
        lake.bucket.put(made.key, msgspec.json.encode(made))
        lake.catalog.create("raw_events", Partition(hour, uri(lake.bucket, made.folder), 1, now))
        key = f"landing/{hour_folder(hour)}/a"
        assert made.inputs == ("landing/a",)
        landed = {"key": "landing/a", "kind": "landing", "hour": hour, "rows": 1}
        table.put({"pk": f"hour#{hour}", "sk": key, "objects": [landed]})
        table.put({"pk": "hours", "sk": hour})
    seen = looks(lake, monkeypatch)
    monkeypatch.setattr(MemoryTable, "query", _by_partition(table))
    assert unfinished(lake, hours) == []
    assert len(seen) == len(hours)
    seen.clear()
    assert unfinished(lake, hours) == []
    assert len(seen) <= len(hours) // LOOK_AGAIN_HOURS + 1
    assert hour_after(hours[0], -8759) == hours[-1]


def _by_partition(table: MemoryTable) -> Callable[..., Any]:
    """The query of a table that finds a partition without reading the others."""
    query = MemoryTable.query
    partitions: dict[str, list[Key]] = {}
    for key in table.items:
        partitions.setdefault(key.pk, []).append(key)

    def found(self: MemoryTable, pk: str, **bounds: Any) -> Any:
        small = MemoryTable()
        small.items = {key: self.items[key] for key in partitions.get(pk, [])}
        return query(small, pk, **bounds)

    return found
