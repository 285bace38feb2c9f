"""Deduplication against a plain reference: any rows in any hours, compacted in any order."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.lake import duplicates
from clickstream.lake.compaction import compact_hour, compact_hours
from clickstream.lake.duplicates import Removed, unite
from clickstream.lake.fingerprints import Fingerprints
from clickstream.lake.generations import hour_after, newest
from clickstream.lake.parquet import DataFile, PartWriter, opened
from clickstream.lake.work import Lake, unfinished
from clickstream.settings import FileShape
from tests.simulation.fake_lake import HOUR, Sent, land, memory_lake, parquet_bytes, visible

HOURS = [hour_after(HOUR, number) for number in range(4)]
MODEST = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUICK = settings(MODEST, max_examples=15)

ids = st.sampled_from(["", "a", "b", "c", "a\0", "é", "x" * 128, "6f9619ff-8b86-d011-b42d-00c04fc964ff"])
events = st.builds(Sent, event_id=ids, place=st.integers(1, 9), page=st.sampled_from(["/", "/other"]))
files = st.lists(st.lists(events, min_size=1, max_size=6), max_size=5)


def reference(rows: list[Sent], before: set[str]) -> dict[str, int]:
    """The place of the survivor of every id: the least, unless the hour before has the id."""
    kept: dict[str, int] = {}
    for row in rows:
        if row.event_id not in before:
            kept[row.event_id] = min(row.place, kept.get(row.event_id, row.place))
    return kept


def on_disk(folder: Path, name: str, groups: Iterable[list[Sent]], hour: str = HOUR) -> list[DataFile]:
    """Local files with these rows."""
    folder.mkdir(exist_ok=True)
    found = []
    for number, rows in enumerate(groups):
        path = folder / f"{name}-{number}.parquet"
        path.write_bytes(parquet_bytes([row.row(hour) for row in rows]))
        found.append(opened(path.name, path))
    return found


def united(tmp_path: Path, ours: list[list[Sent]], before: list[Sent]) -> tuple[list[tuple[str, int]], Removed, int]:
    """Surviving (id, place), what was removed, and the number of rows in quarantine."""
    for folder in (tmp_path / "out", tmp_path / "aside"):
        folder.mkdir(exist_ok=True)
    our_files, neighbours = on_disk(tmp_path / "in", "ours", ours), on_disk(tmp_path / "in", "before", [before])
    with PartWriter(tmp_path / "out", FileShape(rows_per_group=4)) as output, PartWriter(tmp_path / "aside") as aside:
        removed = unite(our_files, neighbours, output, aside)
    tables = [pq.read_table(path, columns=["event_id", "sequence_number"]) for path in output.parts]
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted((row["event_id"], int(row["sequence_number"])) for row in rows), removed, aside.rows


@pytest.mark.parametrize("few", [False, True], ids=["one pass", "many passes and rounds"])
@MODEST
@given(ours=files, before=st.sets(ids))
def test_the_survivors_are_those_of_the_reference(
    tmp_path_factory: pytest.TempPathFactory, few: bool, ours: list[list[Sent]], before: set[str]
) -> None:
    """The same ids and places survive, whatever the bounds of memory, and every other row is accounted for."""
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(duplicates, "SUSPECT_IDS", 1)
            patch.setattr(duplicates, "ROUND_ROWS", 2)
        neighbours = [Sent(event_id, 9) for event_id in sorted(before)]
        kept, removed, aside = united(tmp_path_factory.mktemp("unite"), ours, neighbours)
    rows = [row for file in ours for row in file]
    assert kept == sorted(reference(rows, before).items())
    assert len(rows) == len(kept) + removed.duplicates + removed.redelivered + aside


def test_equal_fingerprints_of_different_ids_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If every id had the same fingerprint, the ids themselves would still decide."""
    monkeypatch.setattr(Fingerprints, "of", lambda _, ids: np.ones(len(ids), np.uint64))
    rows = [[Sent("a", 1), Sent("b", 2)], [Sent("c", 3), Sent("b", 4), Sent("d", 5)]]
    kept, removed, aside = united(tmp_path, rows, [Sent("d", 1)])
    assert kept == [("a", 1), ("b", 2), ("c", 3)]
    assert (removed.duplicates, removed.redelivered, aside) == (2, 0, 0)


@MODEST
@given(st.lists(st.text(max_size=200)))
def test_a_fingerprint_depends_on_the_text_alone(texts: list[str]) -> None:
    """Equal ids agree wherever they stand in a column, different ones differ, also by a trailing NUL or length."""
    function = Fingerprints()
    marks = function.of(pa.array(texts, pa.string())).tolist()
    padded = function.of(pa.array(["zz", *texts, "q"], pa.string()).slice(1, len(texts))).tolist()
    assert marks == padded
    assert len(set(marks)) == len(set(texts))


Step = tuple[str, list[tuple[int, bool]]] | str | None
schedules = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(HOURS), st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=3)
        ),
        st.sampled_from(HOURS),
        st.just(None),
    ),
    max_size=14,
)
"""Steps: land ids in an hour, compact one hour, compact everything."""


def settle(lake: Lake) -> None:
    """One run over all hours leaves nothing to do."""
    list(compact_hours(lake, HOURS))
    assert unfinished(lake, HOURS) == []


def played(schedule: list[Step]) -> tuple[Lake, dict[str, set[str]]]:
    """The lake after the schedule, settled, and the hours in which each id landed.

    An id belongs to two neighbouring hours: to `early` and the one after.
    """
    lake, landed, place = memory_lake("2026-11-23T00:00:00"), defaultdict(set), 0
    for step in schedule:
        if step is None:
            list(compact_hours(lake, HOURS))
        elif isinstance(step, str):
            compact_hour(lake, step)
        else:
            hour, names = step
            rows = []
            for name, is_early in names:
                place += 1
                event_id = f"{name}-{hour_after(hour, 0 if is_early else -1)}"
                rows.append(Sent(event_id, place))
                landed[event_id].add(hour)
            land(lake, hour, rows)
    settle(lake)
    return lake, landed


@QUICK
@given(schedules)
def test_each_id_ends_in_exactly_one_hour(schedule: list[Step]) -> None:
    """In whatever order hours fill and are compacted, an id of two neighbouring hours is kept once, in the earlier."""
    lake, landed = played(schedule)
    assert visible(lake) == Counter(landed.keys())
    for hour in HOURS:
        assert set(visible(lake, hour)) == {event_id for event_id, hours in landed.items() if min(hours) == hour}
        found = newest(lake.bucket, hour)
        if found:
            assert found.landed == found.rows + found.duplicates + found.quarantined + found.redelivered


@QUICK
@given(st.lists(st.one_of(st.tuples(st.sampled_from(HOURS), ids), st.sampled_from(HOURS)), max_size=14))
def test_an_id_of_a_whole_chain_of_hours_is_never_lost(schedule: list[tuple[str, str] | str]) -> None:
    """Copies that span many hours may survive more than an hour apart, never side by side, and at least once."""
    lake, landed = memory_lake("2026-11-23T00:00:00"), set()
    for place, step in enumerate(schedule, 1):
        if isinstance(step, str):
            compact_hour(lake, step)
        else:
            land(lake, step[0], [Sent(step[1], place)])
            landed.add(step[1])
    settle(lake)
    seen = {hour: visible(lake, hour) for hour in HOURS}
    assert set(visible(lake)) == landed
    for earlier, later in pairwise(HOURS):
        assert not set(seen[earlier]) & set(seen[later])
    assert all(count == 1 for found in seen.values() for count in found.values())
