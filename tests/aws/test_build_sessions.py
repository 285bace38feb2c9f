"""The job that builds sessions, against the AWS API: real Parquet in S3, partitions by date in Glue."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from batch_jobs import build_sessions
from tests.aws.small_lake import BUCKET, DATABASE, account, at, event, fill

ARGUMENTS = ["--bucket", BUCKET, "--database", DATABASE, "--ledger-table", "ledger", "--now", "2026-11-24T00:00:00"]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[None]:
    """Events of two dates, one of them received a day late."""
    with account(tmp_path):
        late = event("page_view", at("09:20"), "A", anonymous_id="d", received_time=at("08:00", 1))
        views = [event("page_view", at(clock), "A", anonymous_id="d") for clock in ("09:00", "09:40", "23:50")]
        fill([*views, late, event("purchase", at("00:10", 1), "B", anonymous_id="d")])
        yield


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What the job printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_job_builds_what_changed(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each date, partitions that point to the files, and nothing to do in a second run."""
    assert build_sessions.main([*ARGUMENTS, "--rebuild", "--job-bookmark-option", "job-bookmark-disable"]) == 0
    first, second, garbage = lines(capsys)
    assert (first["date"], first["sessions"], first["events"]) == ("2026-11-21", 2, 5)
    assert (second["date"], second["sessions"]) == ("2026-11-22", 0)
    assert garbage == {"job": "build_sessions", "removed": 0}
    partitions = boto3.client("glue").get_partitions(DatabaseName=DATABASE, TableName="sessions")["Partitions"]
    assert {one["Values"][0] for one in partitions} == {"2026-11-21", "2026-11-22"}
    assert build_sessions.main(ARGUMENTS) == 0
    assert lines(capsys) == [garbage]


def test_options_are_rules(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Midnight cuts if asked for, a longer gap joins, and `--date` narrows the run."""
    assert build_sessions.main([*ARGUMENTS, "--cut-at", "midnight"]) == 0
    assert [line["sessions"] for line in lines(capsys)[:2]] == [2, 1]
    assert build_sessions.main([*ARGUMENTS, "--cut-at", "none", "--gap-minutes", "720", "--date", "2026-11-21"]) == 0
    (only,) = lines(capsys)[:-1]
    assert (only["date"], only["sessions"]) == ("2026-11-21", 2)


@pytest.mark.parametrize(
    "wrong", [["--gap-minutes", "0"], ["--gap-minutes", "721"], ["--date", "today"], ["--cut-at", "noon"]]
)
def test_wrong_options_are_refused(wrong: list[str]) -> None:
    """Exit code 2 before anything is touched."""
    with pytest.raises(SystemExit, match="2"):
        build_sessions.main([*ARGUMENTS, *wrong])


def test_a_failed_date_is_named(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the missing object on standard error."""
    key = "raw_events/dt=2026-11-21/hour=9/g=000001-test/part-0.parquet"
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    assert build_sessions.main([*ARGUMENTS, "--rebuild"]) == 1
    assert f"2026-11-21 failed: {BUCKET}/{key} does not exist" in capsys.readouterr().err


def test_replaced_files_are_removed_a_day_later(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A second generation, and two days on the first one's file is gone."""
    assert build_sessions.main(ARGUMENTS) == 0
    assert build_sessions.main([*ARGUMENTS, "--rebuild", "--keep-garbage"]) == 0
    assert "removed" not in lines(capsys)[-1]
    later = (at("00:00", 3) + timedelta(days=2)).isoformat()
    assert build_sessions.main([*ARGUMENTS[:-1], later]) == 0
    assert lines(capsys)[-1]["removed"] == 1
