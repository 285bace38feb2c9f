"""Imports of history that die at every call, meet a rival, and run again: each line is in the lake exactly once."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from clickstream.errors import InfrastructureError, LedgerError
from clickstream.intake.history import HistoryFile, examine
from clickstream.intake.rows import read
from clickstream.lake.accounting import Account, account_lake, account_lane
from clickstream.lake.compaction import compact_hours
from clickstream.lake.garbage import collect
from clickstream.lake.generations import lake_commits
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger, totals
from clickstream.positions import Lane
from clickstream.stream import importing
from clickstream.stream.importing import Importer
from clickstream.stream.processing import CONSUMER
from tests.simulation.fake_lake import at, memory_lake, rows_under, visible
from tests.simulation.kill_points import Killed, KillPoint, kill_points

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START = datetime(2025, 1, 1, 22, 50, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    """Several commits for a few lines."""
    with patch.object(importing, "CHUNK_LINES", 3):
        yield


@pytest.fixture
def history(tmp_path: Path) -> HistoryFile:
    """Nine events over two hours, two of them equal lines, and two bad lines."""
    times = [START + timedelta(minutes=4 * number) for number in range(8)]
    lines = [msgspec.json.encode({"event_type": "click", "timestamp": time.isoformat()}) for time in times]
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"\n".join([*lines[:2], b"{", lines[1], b"", *lines[2:], b"[]"]) + b"\n")
    return examine(path)


def importer(lake: Lake) -> Importer:
    """A fresh process."""
    return Importer(lake.ledger, lake.bucket, lambda: NOW, partial(read, pseudonym=None))


def run(lake: Lake, history: HistoryFile, run_id: str = "run") -> int:
    """Import the file; returns how many commits that took."""
    return len(list(importer(lake).run(history.digest, history.options, history.events(), run_id)))


def guarded(lake: Lake, point: KillPoint) -> Lake:
    """The lake behind a kill point."""
    bucket = point.guard(lake.bucket)
    return Lake(bucket, Ledger(point.guard(lake.ledger._table), bucket), lake.catalog, lake.clock)


def check(lake: Lake, history: HistoryFile) -> None:
    """Nine events and two bad ones, once each: in the chain, in landing, in the lake and in the books."""
    lane = Lane(CONSUMER, history.digest, "import")
    commits = list(lake.ledger.commits(lane))
    assert totals(commits) == {"records": 0, "events": 11, "landed": 9, "bad": 2}
    rows = [row for commit in commits for found in commit.objects for row in rows_under(lake.bucket, found.key)]
    assert Counter(int(row["sequence_number"]) for row in rows) == Counter([1, 2, 3, 4, *range(6, 13)])
    later = at(lake, NOW)
    assert all(outcome.result == "compacted" for outcome in compact_hours(later, lake.ledger.hours()))
    seen = visible(later)
    assert len(seen) == 9
    assert set(seen.values()) == {1}
    account = Account()
    assert len(list(account_lane(account, lake.ledger, lane))) == len(commits)
    account_lake(account, lake.ledger, lake_commits(lake.bucket))
    assert account.disagreements == []
    assert account.total("rows") == 9


def test_every_line_is_imported_once_at_its_own_hour(history: HistoryFile) -> None:
    """Equal lines are two events, bad lines keep their reason, and received time is event time."""
    lake = memory_lake()
    assert run(lake, history) == 4
    assert lake.ledger.hours() == ["2025-01-01T22", "2025-01-01T23"]
    rows = rows_under(lake.bucket, "landing/")
    assert all(row["received_time"] == row["event_time"] and row["time_source"] == "event" for row in rows)
    assert sorted(row["reason"] for row in rows_under(lake.bucket, "bad_events/")) == ["not_an_object", "not_json"]
    check(lake, history)


def test_a_second_import_adds_nothing(history: HistoryFile, tmp_path: Path) -> None:
    """The same content under another name is the same file."""
    lake = memory_lake()
    run(lake, history)
    held = dict(lake.bucket.objects)  # type: ignore[attr-defined]  # of the fake
    copy = tmp_path / "copy"
    copy.write_bytes(history.path.read_bytes())
    assert run(lake, examine(copy), "again") == 0
    assert lake.bucket.objects == held  # type: ignore[attr-defined]  # of the fake
    check(lake, history)


def test_other_options_are_refused(history: HistoryFile) -> None:
    """Half a file read one way and half another would be other events under the same ids."""
    lake = memory_lake()
    run(lake, history)
    with pytest.raises(LedgerError, match="other options"):
        list(importer(lake).run(history.digest, "other", history.events(), "run"))


def test_a_fault_at_any_call_loses_and_doubles_nothing(history: HistoryFile) -> None:
    """Killed, or without a reply, before or after any call of table or bucket: the next run completes the file."""
    plays = 0
    for point in kill_points():
        lake = memory_lake()
        try:
            run(guarded(lake, point), history)
        except (Killed, InfrastructureError):
            assert point.is_passed
        run(lake, history, "again")
        check(lake, history)
        plays += 1
    assert plays > 60


def test_rivals_share_a_file(history: HistoryFile) -> None:
    """Two runs of one file at once, in many interleavings: each line is committed by exactly one of them."""
    for seed in range(20):
        lake = memory_lake()
        first = importer(lake).run(history.digest, history.options, history.events(), "first")
        second = importer(lake).run(history.digest, history.options, history.events(), "second")
        order = [first if seed >> bit & 1 else second for bit in range(5)]
        for one in (*order, *[first] * 4, *[second] * 4):
            next(one, None)
        check(lake, history)


def test_threads_write_the_objects_of_a_commit(history: HistoryFile) -> None:
    """A parallel writer gives the same commits."""
    lake, threads = memory_lake(), set[str]()

    def each(function: object, things: object) -> object:
        threads.add(threading.current_thread().name)
        return map(function, things)  # type: ignore[call-overload]  # as given

    one = importer(lake)
    one.each = each  # type: ignore[assignment]  # a stand-in
    list(one.run(history.digest, history.options, history.events(), "run"))
    assert threads
    check(lake, history)


def test_garbage_collection_knows_the_lane(history: HistoryFile) -> None:
    """An object of a dead run is an orphan of the import, and goes when a commit covers its lines."""
    lake = memory_lake()
    with patch.object(Ledger, "append", side_effect=Killed("dead")), pytest.raises(Killed):
        run(lake, history)
    orphans = {entry.key for entry in lake.bucket.list("landing/")}
    with patch.object(importing, "CHUNK_LINES", 100):
        run(lake, history, "again")
    list(compact_hours(lake, lake.ledger.hours()))
    collected = collect(at(lake, NOW + timedelta(days=3)))
    assert (collected.orphans, collected.unexplained) == (1, ())
    assert orphans - {entry.key for entry in lake.bucket.list("landing/")} == orphans
    check(lake, history)
