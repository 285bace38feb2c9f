"""What `check_quality` compares with the ledger and with the clock, on a lake that was compacted by the real job."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import check_quality
from batch_jobs.quality_state import Verdict, amiss, judge, unusual
from clickstream.lake.compaction import compact_hours
from clickstream.lake.generations import hour_after, lake_commits, newest
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from tests.aws.empty_stores import new_table
from tests.aws.published_metrics import published
from tests.aws.small_lake import BUCKET, DATABASE, DAY, WORKGROUP, account, fill
from tests.simulation.fake_lake import HOUR, NEXT, Sent, generation, land, memory_lake

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
ARGUMENTS = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP, "--ledger-table", "ledger"]
NOON = ["--now", "2026-11-21T12:30:00"]
PRESENT = (check_quality.CHECKS / "event_id_present.sql").read_text()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Two compacted hours."""
    with account(tmp_path / "cache"):
        fill([])
        new_table("ledger")
        bucket = S3Bucket(BUCKET)
        ledger = Ledger(DynamoTable("ledger"), bucket)
        made = Lake(bucket, ledger, GlueCatalog(DATABASE), lambda: DAY + timedelta(hours=12))
        land(made, HOUR, [Sent("a", 1), Sent("b", 2)])
        land(made, NEXT, [Sent("c", 11)])
        list(compact_hours(made, [HOUR, NEXT]))
        yield made


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    """One check, and the count of rows."""
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "event_id_present.sql").write_text(PRESENT)
    (tmp_path / "received_rows.sql").write_text((check_quality.CHECKS.parent / "received_rows.sql").read_text())
    return tmp_path


def test_a_good_lake_is_well(lake: Lake, sql: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers, commits and ledger agree."""
    assert check_quality.main([*ARGUMENTS, *NOON, "--sql", str(sql)]) == 0
    assert "8 of 8 checks well over 2 hours" in capsys.readouterr().out
    # Two queries, each at the least price.
    assert published(DAY) == {"quality_failures": 0, "quality_warnings": 0, "query_dollars": 0.0001}


def test_rows_that_readers_do_not_see_fail(lake: Lake, sql: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that somebody removed is missed in its hour, and the query that missed it is named."""
    found = newest(lake.bucket, HOUR)
    assert found is not None
    lake.bucket.delete(found.outputs[0].key)
    assert check_quality.main([*ARGUMENTS, *NOON, "--sql", str(sql)]) == 1
    assert f"readers_see_all FAILED: {HOUR}: 2 rows committed, 0 seen (query " in (said := capsys.readouterr().err)
    last = f"check_quality: 1 checks failed: readers_see_all: {HOUR}: 2 rows committed, 0 seen (query "
    assert said.splitlines()[-1].startswith(last)
    assert published(DAY)["quality_failures"] == 1


def test_an_hour_that_is_not_compacted_in_time_fails(lake: Lake, sql: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A late object may wait for two hours after the end of its hour, and is part of the account meanwhile."""
    land(lake, NEXT, [Sent("late", 20)])
    assert check_quality.main([*ARGUMENTS, *NOON, "--sql", str(sql)]) == 0
    assert check_quality.main([*ARGUMENTS, "--now", "2026-11-21T13:00:00", "--sql", str(sql)]) == 1
    assert f"hours_are_compacted FAILED: {NEXT}: ended 2 hours ago" in capsys.readouterr().err


def test_hours_past_their_retention_are_not_asked_for(
    lake: Lake, sql: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their files are gone, and that is well."""
    for found in lake_commits(lake.bucket):
        lake.bucket.delete(found.outputs[0].key)
    words = [*ARGUMENTS, "--raw-events-days", "10", "--sql", str(sql), "--now"]
    assert check_quality.main([*words, "2026-12-01T10:00:00"]) == 1
    assert f"{HOUR}: 2 rows" not in (said := capsys.readouterr().err)
    assert f"{NEXT}: 1 rows" in said
    assert check_quality.main([*words, "2026-12-03T12:00:00"]) == 0


def judged(lake: Lake) -> dict[str, Verdict]:
    """The verdicts on the hours of the lake, by name."""
    commits = {commit.hour: commit for commit in lake_commits(lake.bucket)}
    return {verdict.name: verdict for verdict in judge(lake, commits, [HOUR, NEXT])}


def test_an_object_that_was_set_aside_warns() -> None:
    """Its rows are named, and reports go on."""
    lake = memory_lake()
    lake.bucket.put(land(lake, HOUR, [Sent("x", 1)]), b"?")
    list(compact_hours(lake, [HOUR]))
    verdicts = judged(lake)
    assert [name for name, verdict in verdicts.items() if verdict.problems] == ["files_are_readable"]
    assert verdicts["files_are_readable"].word == "warns"


def test_rows_that_the_ledger_does_not_know_fail() -> None:
    """A work list that was lost contradicts what was compacted from it."""
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1)])
    list(compact_hours(lake, [HOUR]))
    lost = Lake(lake.bucket, memory_lake().ledger, lake.catalog, lake.clock)
    problems = judged(lost)["ledger_agrees"].problems
    assert problems == (f"{HOUR}: 0 rows landed, 1 are compacted and 0 wait for it",)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rows": 4}, "4 rows are not 5 landed"),
        ({"duplicates": 1}, "5 rows are not 5 landed less 1"),
        ({"outputs": ()}, "but its files hold 0"),
        ({"rows_per_event_date": {}}, "but 0 by event date"),
        ({"landed": 6, "redelivered": 1}, "1 rows were landed twice"),
    ],
)
def test_a_generation_that_does_not_add_up_is_named(change: dict[str, object], problem: str) -> None:
    """Each term of its account can be wrong by itself."""
    good = generation(HOUR, d2026_11_21=5)
    assert list(amiss(good)) == []
    assert any(problem in found for found in amiss(msgspec.structs.replace(good, **change)))


@pytest.mark.parametrize(("rows", "is_odd"), [(None, True), (99, True), (101, False), (9_999, False), (10_001, True)])
def test_an_hour_far_from_the_same_hours_before_is_named(rows: int | None, is_odd: bool) -> None:
    """Compared with the median of the same hour before, if there are two; small hours say nothing."""
    usual = {hour_after(HOUR, -24): 1000, hour_after(HOUR, -48): 900, hour_after(HOUR, -72): 5000}
    found = usual if rows is None else usual | {HOUR: rows}
    assert bool(list(unusual(HOUR, found))) is is_odd
    assert list(unusual(HOUR, {hour_after(HOUR, -24): 1000})) == []
    assert list(unusual(HOUR, {hour: rows // 100 for hour, rows in usual.items()})) == []
