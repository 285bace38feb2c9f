"""Landing objects that cannot be read: the hour goes on without them, and nobody forgets them."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream.errors import LakeError
from clickstream.lake.compaction import compact_hour, compact_hours
from clickstream.lake.garbage import collect
from clickstream.lake.generations import Generation, newest
from clickstream.lake.work import Lake, fresh_inputs
from tests.simulation.fake_lake import HOUR, Sent, at, land, memory_lake, visible

IDS = [Sent(f"id-{number:06}", number) for number in range(500)]


def scribbled(body: bytes) -> bytes:
    """The file with a whole footer and pages of rubbish."""
    place = pq.read_metadata(pa.BufferReader(body)).row_group(0).column(0).data_page_offset
    return body[:place] + b"\xff" * 40 + body[place + 40 :]


def state(lake: Lake) -> Generation:
    """The newest generation of the hour."""
    found = newest(lake.bucket, HOUR)
    assert found is not None
    return found


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"PAR1 no Parquet", lambda b: b[: len(b) // 2], scribbled])
def test_an_unreadable_object_is_set_aside(damage: Any) -> None:
    """The others are compacted, its rows stay in the account, a copy outlives landing, and no run looks again."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1000), Sent("b", 1001)])
    damaged = land(lake, HOUR, IDS)
    lake.bucket.put(damaged, damage(lake.bucket.get(damaged)))
    compact_hour(lake, HOUR)
    found = state(lake)
    assert visible(lake) == Counter("ab")
    assert (found.landed, found.rows, found.quarantined) == (502, 2, 500)
    [(copy, rows)] = found.unreadable.items()
    assert (copy.startswith("quarantine/dt=2026-11-21/hour=9/"), rows) == (True, 500)
    assert fresh_inputs(lake.ledger.work(HOUR), found) == []
    assert list(compact_hours(lake, [HOUR])) == []
    body = lake.bucket.get(damaged)
    collect(at(lake, lake.clock() + timedelta(days=30)))
    assert [entry.key for entry in lake.bucket.list("landing/")] == []
    assert lake.bucket.get(copy) == body


def test_what_was_set_aside_stays_in_the_account_of_later_generations() -> None:
    """A late object makes a new generation, which still counts and names the damaged one."""
    lake = memory_lake()
    lake.bucket.put(land(lake, HOUR, [Sent("x", 1), Sent("y", 2)]), b"?")
    compact_hour(lake, HOUR)
    land(lake, HOUR, [Sent("a", 3)])
    compact_hour(lake, HOUR)
    found = state(lake)
    assert (found.generation, found.landed, found.rows, found.quarantined) == (2, 3, 1, 2)
    assert list(found.unreadable.values()) == [2]


def test_a_bad_download_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage that is gone at the second look sets nothing aside."""
    lake = memory_lake()
    key = land(lake, HOUR, [Sent("a", 1)])
    download = lake.bucket.download
    bodies = iter([b"torn"])

    def once_torn(name: str, path: Path) -> None:
        download(name, path)
        if name == key and (body := next(bodies, None)):
            path.write_bytes(body)

    monkeypatch.setattr(lake.bucket, "download", once_torn)
    compact_hour(lake, HOUR)
    assert (state(lake).unreadable, visible(lake)) == ({}, Counter("a"))


def test_a_damaged_generation_stops_the_hour() -> None:
    """Rows that readers saw are never set aside: the file is named, and nothing is committed."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    compact_hour(lake, HOUR)
    [output] = state(lake).outputs
    lake.bucket.put(output.key, b"?")
    land(lake, HOUR, [Sent("b", 2)])
    with pytest.raises(LakeError, match=output.key):
        compact_hour(lake, HOUR)
    assert state(lake).generation == 1
