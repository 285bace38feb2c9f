"""Compaction with other workers: what the job does with their outcomes, and what it does when they fail."""

import json
import sys
from collections import Counter
from collections.abc import Sequence

import pytest

from batch_jobs import compact_events, hour_task
from clickstream.errors import InfrastructureError
from clickstream.lake.generations import hour_after
from clickstream.lake.work import Lake
from tests.aws.deployed_lake import ARGUMENTS, lake
from tests.simulation.fake_lake import HOUR, NEXT, Sent, land, visible

__all__ = ["lake"]
SPREAD = [*ARGUMENTS, "--workers", "spark", "--keep-garbage"]
THIRD = hour_after(NEXT)


class Cluster:
    """Stands in for `spark_workers`: takes hours newest first, or fails."""

    def __init__(self, error: InfrastructureError | None = None) -> None:
        self.taken: list[str] = []
        self.archives: list[str] = []
        self._error = error

    def compacted_hours(
        self, hours: Sequence[str], arguments: Sequence[str], code_version: str, archives: Sequence[str]
    ) -> list[hour_task.Compacted]:
        """The outcomes, as other processes give them."""
        self.archives += archives
        if self._error:
            raise self._error
        self.taken += hours
        return [hour_task.compact(hour, tuple(arguments), code_version) for hour in sorted(hours, reverse=True)]


def with_cluster(monkeypatch: pytest.MonkeyPatch, error: InfrastructureError | None = None) -> Cluster:
    """Put a cluster where the job looks for it."""
    cluster = Cluster(error)
    monkeypatch.setitem(sys.modules, "batch_jobs.spark_workers", cluster)
    monkeypatch.setattr("batch_jobs.spark_workers", cluster, raising=False)
    hour_task._lake.cache_clear()
    return cluster


def lines(text: str) -> list[tuple[str, str]]:
    """Hour and result of each line."""
    found = [json.loads(line) for line in text.splitlines()]
    return [(line["hour"], line["result"]) for line in found if "hour" in line]


def test_what_workers_leave_is_decided_in_order(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hours that were made before the hour before them are looked at again; an event in both stays in the first."""
    cluster = with_cluster(monkeypatch)
    for hour, events in ((HOUR, "ab"), (NEXT, "bc"), (THIRD, "d")):
        land(lake, hour, [Sent(event, place) for place, event in enumerate(events, ord(events[0]))])
    assert compact_events.main([*SPREAD, "--now", "2026-11-21T13:00:00", "--worker-archives", "/a.zip,/b.zip"]) == 0
    assert (cluster.taken, cluster.archives) == ([HOUR, NEXT, THIRD], ["/a.zip", "/b.zip"])
    assert lines(capsys.readouterr().out) == [
        (THIRD, "compacted"),
        (NEXT, "compacted"),
        (HOUR, "compacted"),
        (NEXT, "compacted"),
        (THIRD, "confirmed"),
    ]
    assert visible(lake) == Counter("abcd")


def test_a_failed_hour_is_an_outcome(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told once, the other hours are there, and the run fails."""
    with_cluster(monkeypatch)
    lake.bucket.delete(land(lake, HOUR, [Sent("a", 1)]))
    land(lake, NEXT, [Sent("b", 2)])
    assert compact_events.main(SPREAD) == 1
    said = capsys.readouterr()
    assert lines(said.out) == [(NEXT, "compacted"), (HOUR, "failed")]
    assert said.err.count(f"{HOUR} failed: lake/landing") == 1
    assert visible(lake) == Counter("b")


def test_without_a_cluster_one_process_goes_on(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cluster that fails costs time and one line, no hour."""
    with_cluster(monkeypatch, InfrastructureError("no executors"))
    land(lake, HOUR, [Sent("a", 1)])
    land(lake, NEXT, [Sent("b", 2)])
    assert compact_events.main(SPREAD) == 0
    assert capsys.readouterr().err == "compact_events: one process goes on alone: no executors\n"
    assert visible(lake) == Counter("ab")


def test_one_hour_needs_no_cluster(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting one takes longer."""
    cluster = with_cluster(monkeypatch)
    land(lake, HOUR, [Sent("a", 1)])
    assert compact_events.main(SPREAD) == 0
    assert (cluster.taken, visible(lake)) == ([], Counter("a"))


def test_files_have_the_shape_of_the_argument(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """The job writes what it is told, and refuses a shape that no file can have before it touches anything."""
    land(lake, HOUR, [Sent("a", 1)])
    with pytest.raises(SystemExit, match="2"):
        compact_events.main([*ARGUMENTS, "--file-shape", '{"codec": "lzma"}'])
    assert "the keys are sort_columns, codec" in capsys.readouterr().err
    assert compact_events.main([*ARGUMENTS, "--file-shape", '{"codec": "none"}']) == 0
    (key,) = [entry.key for entry in lake.bucket.list("raw_events/")]
    assert b"\x28\xb5\x2f\xfd" not in lake.bucket.get(key), "a frame of zstd"


@pytest.mark.parametrize(
    ("hours", "slots", "slices"), [(1, 8, 1), (30, 4, 8), (30, 40, 30), (240, 2, 20), (241, 2, 21)]
)
def test_many_hours_are_cut_for_workers_that_start_later(hours: int, slots: int, slices: int) -> None:
    """Two slices a slot, no more than hours, and never more than twelve hours in one."""
    assert hour_task.slice_count(hours, slots) == slices
