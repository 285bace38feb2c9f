"""The jobs that ask Athena: reports, checks, single queries; each by its command line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pyarrow.parquet as pq
import pytest

from aws_stores import DynamoTable, S3Bucket
from batch_jobs import check_quality, run_reports
from batch_jobs.reports.report_list import REPORTS
from clickstream.ledger import Commit, LandedObject, Ledger
from clickstream.positions import Lane
from tests.aws.empty_stores import new_table
from tests.aws.shop_days import BAD, BREAKAGE, BROKEN, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, at, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3

LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP]
TABLES = ["--ledger-table", "ledger", "--anomalies-table", "anomalies", "--counters-table", "not-read"]
TWO_DAYS = ["--start", "2026-11-21", "--end", "2026-11-23"]
BROKEN_FUNNEL = """-- Broken.
-- grain: x
-- partitions: x
-- parameter received predicate: hours
SELECT colour FROM raw_events WHERE :received
"""
NOW = ["--now", "2026-11-23T03:00"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two days of a shop, one broken hour days later, a ledger with an open hour, two anomalies."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS, *BROKEN["bots_have_reason"]], BAD, duplicates=4, quarantined=1)
        for name in ("ledger", "anomalies"):
            new_table(name)
        anomaly = {"pk": "A", "sk": "click_rate", "severity": "high", "detected_time": at("09:08").isoformat()}
        DynamoTable("anomalies").put(anomaly)
        DynamoTable("anomalies").put({"pk": "B", "sk": "traffic_drop"})
        _land("2026-11-21T09", "landing/2026-11-21T09")
        _land("2026-11-22T08", "landing/late.parquet")
        yield


def _land(hour: str, key: str) -> None:
    """One more commit of the stream that added an object to the hour."""
    landed = LandedObject(key, "landing", hour, 1)
    commit = Commit(
        Lane("c", "1", "0"), "start", key, (), (landed,), 1, 1, 1, 0, "run", "2026-11-21T09:00:00Z", "test"
    )  # fmt: skip
    Ledger(DynamoTable("ledger"), S3Bucket(BUCKET)).add_work(commit)


@pytest.fixture
def unpublished(lake: None) -> None:
    """The same lake, with no day published."""
    bucket = S3Bucket(BUCKET)
    for entry in list(bucket.list("reports/page/2026-11-")):
        if "_" not in entry.key:
            bucket.delete(entry.key)


@pytest.fixture(scope="module")
def report(lake: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """One run of all reports over the default interval: exit code and folder."""
    folder = tmp_path_factory.mktemp("out")
    return run_reports.main([*LAKE, *TABLES, *TWO_DAYS, *NOW, "--out", str(folder)]), folder


def summary(folder: Path) -> dict[str, Any]:
    """The numbers about the run."""
    found: dict[str, Any] = json.loads((folder / "reports.json").read_text())
    return found


def test_every_report_is_published(report: tuple[int, Path]) -> None:
    """Parquet and CSV with the rows of the answer, in the folder and in the bucket alike."""
    code, folder = report
    assert code == 0
    for entry in summary(folder)["reports"]:
        name = entry["name"]
        assert pq.read_table(folder / f"{name}.parquet").num_rows == entry["rows"]
        for file in entry["files"]:
            stored = S3Bucket(BUCKET).get(f"reports/{name}/2026-11-21_2026-11-23/{file}")
            assert stored == (folder / Path(file).name).read_bytes()
    page = S3Bucket(BUCKET).get("reports/page/2026-11-21_2026-11-23/report.html")
    assert page == (folder / "report.html").read_bytes()


def test_tables_declare_what_statements_return(report: tuple[int, Path]) -> None:
    """Names, order and types of Athena's answer are those of the report's Glue table and of its Parquet file."""
    tables = {one.name: one.table for one in REPORTS}
    for entry in summary(report[1])["reports"]:
        table = tables[entry["name"]]
        told = wr.athena.get_query_columns_types(entry["query_id"])
        hive = {"varchar": "string", "integer": "int"}
        assert [(n, hive.get(t, t)) for n, t in told.items()] == [(c.name, c.glue_type) for c in table.columns]
        assert pq.read_schema(report[1] / f"{table.name.removeprefix('report_')}.parquet").equals(table.schema)


def test_run_states_cost_and_completeness(report: tuple[int, Path]) -> None:
    """Bytes and query of each report, the newest hour, and the hour that waits for compaction."""
    found = summary(report[1])
    assert found["as_of_hour"] == "2026-11-25T04"
    assert found["open_hours"] == ["2026-11-22T08"]
    assert (found["duplicates"], found["quarantined"], found["anomalies"]) == (4, 1, 1)
    assert found["generations"]["2026-11-21T09"] == 1
    assert found["bytes_scanned"] == sum(entry["bytes_scanned"] for entry in found["reports"]) > 0
    assert found["cost_dollars"] == pytest.approx(0.00005 * len(found["reports"]))
    assert all(entry["query_id"] and not entry["is_over_budget"] for entry in found["reports"])


def test_page_tells_the_story(report: tuple[int, Path]) -> None:
    """The page shows the numbers of the tables, and the anomaly on the chart."""
    page = (report[1] / "report.html").read_text()
    assert "Of 2 sessions that viewed a product, 1 (" in page
    assert "1 anomaly was detected: 1 click_rate." in page
    assert "3 events (" in page
    assert "2026-11-22T08" in page


def test_people_see_a_table_and_where_the_page_is(
    lake: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In place of the lines for the log: rows, bytes, time and cost of each report, their sums, the file."""
    monkeypatch.setattr(run_reports, "REPORTS", [r for r in REPORTS if r.name in {"funnel", "anomalies"}])
    assert run_reports.main([*LAKE, *TABLES, *TWO_DAYS, *NOW, "--show", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^report +rows +read +seconds +cost\nUnusual hours +0 ", out)
    assert re.search(r"^Purchase funnel +4 +\S+ \S+ +\d\.\d +\$0\.00005$", out, re.MULTILINE)
    assert re.search(r"^all +\S+ kB +\d\.\d +\$0\.0001$", out, re.MULTILINE)
    assert f"The page is {tmp_path / 'report.html'} (also s3://{BUCKET}/reports/page/" in out


def test_one_failing_report_does_not_stop_the_others(
    lake: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are written, the page and the exit code tell which failed and why."""
    monkeypatch.setattr(run_reports, "REPORTS", [r for r in REPORTS if r.name in {"funnel", "channels"}])
    sql, out = tmp_path / "sql", tmp_path / "out"
    sql.mkdir()
    (sql / "funnel.sql").write_text(BROKEN_FUNNEL)
    (sql / "channels.sql").write_text((run_reports.SQL / "channels.sql").read_text())
    assert run_reports.main([*LAKE, *TABLES, *TWO_DAYS, *NOW, "--sql", str(sql), "--out", str(out)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.match(r"run_reports: 1 reports failed: \S+ funnel: Athena refused funnel \(query [-0-9a-f]{36}\)", last)
    assert "COLUMN_NOT_FOUND" in last
    assert (out / "channels.csv").exists()
    assert not (out / "funnel.csv").exists()
    assert "Purchase funnel is missing" in (out / "report.html").read_text()


def test_whole_is_the_densest_span(lake: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phone of 1970 and a lone hour days later are not part of it."""
    monkeypatch.setattr(run_reports, "REPORTS", ())
    assert run_reports.main([*LAKE, *TABLES, *NOW, "--whole", "--out", str(tmp_path)]) == 0
    assert summary(tmp_path)["start"] == "2026-11-21T00:00:00+00:00"
    assert summary(tmp_path)["end"] == "2026-11-23T00:00:00+00:00"


def test_unfinished_days_are_reported_once(
    unpublished: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each day in its folder, oldest first, as many as allowed; the second firing takes the rest, the third nothing."""
    monkeypatch.setattr(run_reports, "REPORTS", [r for r in REPORTS if r.name == "event_types"])
    words = [*LAKE, *TABLES, "--now", "2026-11-26T03:00"]
    assert run_reports.main([*words, "--most-days", "2", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-21", "2026-11-22"]
    assert pq.read_table(tmp_path / "2026-11-22" / "event_types.parquet")["events"].to_pylist() == [1, 1, 1, 1]
    assert "2 unfinished days now, 1 wait for the next run" in capsys.readouterr().err
    assert run_reports.main([*words, "--out", str(tmp_path / "rest")]) == 0
    assert summary(tmp_path / "rest")["start"] == "2026-11-25T00:00:00+00:00"
    stored = S3Bucket(BUCKET).get("reports/page/2026-11-25/reports.json")
    capsys.readouterr()
    assert run_reports.main(words) == 0
    assert capsys.readouterr() == ("", "run_reports: nothing to do, every day of the lake that has ended is reported\n")
    assert S3Bucket(BUCKET).get("reports/page/2026-11-25/reports.json") == stored


@pytest.mark.parametrize("zone", ["raw-events", "sessions", "report"])
def test_days_past_a_retention_are_not_reported(
    unpublished: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    """Neither from a part of their events or sessions, nor again because their report has gone."""
    monkeypatch.setattr(run_reports, "REPORTS", ())
    assert run_reports.main([*LAKE, *TABLES, "--now", "2026-11-26T03:00", f"--{zone}-days", "5"]) == 0
    assert "2026-11-21" not in (said := capsys.readouterr().err)
    assert "2026-11-22: 0 of 0 reports done" in said


def test_failed_report_keeps_its_day_unfinished(
    unpublished: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run tries the day again."""
    monkeypatch.setattr(run_reports, "REPORTS", [r for r in REPORTS if r.name == "funnel"])
    (tmp_path / "funnel.sql").write_text(BROKEN_FUNNEL)
    words = [*LAKE, *TABLES, "--now", "2026-11-22T03:00"]
    assert run_reports.main([*words, "--sql", str(tmp_path)]) == 1
    assert run_reports.main([*words, "--out", str(tmp_path / "out")]) == 0
    assert summary(tmp_path / "out")["start"] == "2026-11-21T00:00:00+00:00"


def test_fresh_deployment_has_nothing_to_report(unpublished: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A lake that is empty, or holds nothing that is over, is no failure."""
    assert run_reports.main([*LAKE, *TABLES, "--now", "2026-11-21T23:59"]) == 0
    boto3.client("s3").create_bucket(Bucket="empty")
    assert run_reports.main([*LAKE, *TABLES, "--bucket", "empty"]) == 0
    assert capsys.readouterr().err.count("nothing to do") == 2


def test_reports_need_an_enforced_workgroup(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it nothing is asked."""
    assert run_reports.main([*LAKE[:-1], "nobody", *TABLES, *TWO_DAYS]) == 1
    assert "nobody" in capsys.readouterr().err


def test_checks_are_well_over_good_hours(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """All checks of the repository pass over the two days."""
    assert check_quality.main([*LAKE, *TWO_DAYS]) == 0
    assert "12 of 12 checks well" in capsys.readouterr().out


def test_broken_hour_fails_its_check(lake: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest hours hold the broken one; the check and the hour are named, and other checks still run."""
    (checks := tmp_path / "checks").mkdir()
    for name in ("bots_have_reason", "event_id_present"):
        (checks / f"{name}.sql").write_text((check_quality.CHECKS / f"{name}.sql").read_text())
    (checks / "broken.sql").write_text("SELECT 1")
    assert check_quality.main([*LAKE, "--hours", "2", "--sql", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert f"dt 2026-11-{21 + BREAKAGE}, hour 4, events 1" in err
    assert "broken must open with comments" in err
    assert "1 of 3 checks well" in out


def test_wrong_arguments_are_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A time zone or a time that does not exist stops the job before anything is asked."""
    for words in (["--time-zone", "Mars/Base"], ["--start", "yesterday"], ["--most-days", "0"]):
        with pytest.raises(SystemExit, match="2"):
            run_reports.main([*LAKE, *TABLES, *words])
        assert repr(words[1]) in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        run_reports.main([*LAKE, *TABLES, "--whole", "--start", "2026-11-21"])
