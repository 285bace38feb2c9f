"""What every job does with hours and dates past their retention: nothing but remove their files, two days later."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from batch_jobs import build_sessions, compact_events, open_partitions, repair_catalog
from batch_jobs.quality_state import judge
from clickstream.lake.generations import lake_commits
from clickstream.lake.retention import first_date, first_hour
from clickstream.lake.session_log import LOG
from clickstream.lake.work import Lake
from clickstream.tables import LAKE_TABLES
from tests.aws.deployed_lake import ARGUMENTS, create_table, lake
from tests.simulation.fake_lake import HOUR, NEXT, Sent, land, land_bad, visible

__all__ = ["lake"]
TEN_DAYS = ("--raw-events-days", "10")
LEFT_ALONE, GONE = "2026-12-01T12:00:00", "2026-12-03T12:00:00"
OF_HOURS = ("raw_events", "landing", "_identities")


def at(time: str, *more: str) -> list[str]:
    """Arguments of a job that runs at this time."""
    return [*ARGUMENTS[:-1], time, *more]


def kept(found: Lake, *prefixes: str) -> list[str]:
    """The objects of the zones."""
    return [entry.key for prefix in prefixes for entry in found.bucket.list(f"{prefix}/")]


@pytest.mark.parametrize(
    ("now", "hour", "day"),
    [
        ("09:00", "2026-11-11T09", "2026-11-12"),
        ("09:01", "2026-11-11T10", "2026-11-12"),
        ("00:00", "2026-11-11T00", "2026-11-11"),
    ],
)
def test_the_first_kept_one_began_at_most_so_many_days_ago(now: str, hour: str, day: str) -> None:
    """Hours and dates that begin at the limit are kept; without a limit everything is."""
    instant = datetime.fromisoformat(f"2026-11-21T{now}").replace(tzinfo=UTC)
    assert (first_hour(instant, 10), first_date(instant, 10)) == (hour, day)
    assert (first_hour(instant, 0), first_date(instant, 0)) == ("", "")


def test_nothing_is_made_of_what_arrives_past_its_retention(lake: Lake) -> None:
    """No partition shows it and no generation holds it; with a limit of a day more both would."""
    land(lake, HOUR, [Sent("a", 1)])
    assert open_partitions.main(at(LEFT_ALONE, *TEN_DAYS)) == 0
    assert compact_events.main(at(LEFT_ALONE, *TEN_DAYS)) == 0
    assert visible(lake) == Counter()
    assert compact_events.main(at(LEFT_ALONE, "--raw-events-days", "11")) == 0
    assert visible(lake) == Counter("a")


@pytest.fixture
def built(lake: Lake) -> Lake:
    """The lake with a compacted hour and the sessions of its date, and an object that came too late for both."""
    land(lake, HOUR, [Sent("a", 1)])
    assert compact_events.main(ARGUMENTS) == 0
    assert build_sessions.main(ARGUMENTS) == 0
    lake.bucket.put("sessions/dt=2026-11-21/g=000001-other/part-0.parquet", b"sessions")
    land(lake, HOUR, [Sent("late", 2)])
    return lake


def test_files_go_two_days_after_they_are_left_alone(built: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """By the hour and the date they are of, however young the objects are; commits stay."""
    keep = "--keep-garbage"
    before = kept(built, *OF_HOURS)
    assert compact_events.main(at(LEFT_ALONE, *TEN_DAYS, keep)) == 0
    assert kept(built, *OF_HOURS) == before
    capsys.readouterr()
    assert compact_events.main(at(GONE, *TEN_DAYS, "--landing-days", "99")) == 0
    assert build_sessions.main(at(GONE, *TEN_DAYS)) == 0
    assert kept(built, *OF_HOURS, "sessions") == []
    assert json.loads(capsys.readouterr().out.splitlines()[0])["garbage"]["expired"] == len(before)
    assert (len(list(lake_commits(built.bucket))), len(LOG.newest_of_each(built.bucket))) == (1, 1)


def test_sessions_may_go_earlier(built: Lake) -> None:
    """With days of their own."""
    assert build_sessions.main(at(GONE, "--raw-events-days", "100", "--sessions-days", "10")) == 0
    assert kept(built, "sessions") == []
    assert kept(built, "raw_events") != []


def test_sessions_are_not_built_from_a_part_of_their_events(built: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """Other rules build every date again, but not one whose events have begun to go."""
    capsys.readouterr()
    words = ["--gap-minutes", "60", "--sessions-days", "99", "--raw-events-days"]
    assert build_sessions.main(at("2026-11-24T00:00:00", *words, "2")) == 0
    assert "date" not in capsys.readouterr().out
    assert build_sessions.main(at("2026-11-24T00:00:00", *words, "3")) == 0
    assert '"date": "2026-11-21", "result": "built"' in capsys.readouterr().out


def test_a_rebuilt_catalog_shows_what_is_kept(built: Lake) -> None:
    """Hours and dates past their retention get no partition; bad events have their own days, which S3 counts."""
    land_bad(built, NEXT)
    for table in LAKE_TABLES:
        boto3.client("glue").delete_table(DatabaseName="lake", Name=table.name)
        create_table(table)
    assert repair_catalog.main(at(GONE, *TEN_DAYS)) == 0
    assert {table.name: len(list(built.catalog.list(table.name))) for table in LAKE_TABLES} == {
        "raw_events": 0,
        "bad_events": 2,
        "sessions": 0,
        "session_scores": 0,
        "masked_events": 0,
        "masked_sessions": 0,
    }


def test_quality_asks_for_nothing_past_its_retention(built: Lake) -> None:
    """An object that came late fails the check on compaction until its hour is left alone."""
    now = datetime.fromisoformat(LEFT_ALONE).replace(tzinfo=UTC)
    problems = []
    for days in (11, 10):
        seen = replace(built, clock=lambda: now, first_hour=first_hour(now, days))
        verdicts = {verdict.name: verdict.problems for verdict in judge(seen, {}, [])}
        problems.append(len(verdicts["hours_are_compacted"]))
    assert problems == [1, 0]
