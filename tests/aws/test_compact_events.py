"""The lake's jobs against the AWS API: real Parquet in S3, the ledger in DynamoDB, partitions in Glue."""

import json
from collections import Counter
from datetime import UTC, datetime

import boto3
import pytest

from batch_jobs import build_sessions, compact_events, open_partitions, repair_catalog
from clickstream.lake.intervals import received_hours
from clickstream.lake.work import Lake
from clickstream.tables import LAKE_TABLES
from tests.aws.deployed_lake import ARGUMENTS, create_table, lake
from tests.simulation.fake_lake import HOUR, NEXT, Sent, land, land_bad, visible

__all__ = ["lake"]


def test_the_job_compacts_every_closed_hour(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per hour, each event once behind the catalog, and a second run has nothing to do."""
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    land(lake, HOUR, [Sent("b", 3)])
    land(lake, NEXT, [Sent("a", 10), Sent("c", 11)])
    assert compact_events.main([*ARGUMENTS, "--job-bookmark-option", "job-bookmark-disable"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    first = {"generation": 1, "inputs": 2, "landed": 3, "rows": 2, "duplicates": 1, "quarantined": 0}
    assert lines[0].items() >= ({"hour": HOUR, "result": "compacted"} | first).items()
    assert visible(lake) == Counter("abc")
    assert received_hours(lake.bucket, datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)) == [
        HOUR,
        NEXT,
    ]
    assert compact_events.main(ARGUMENTS) == 0
    assert '"hour"' not in capsys.readouterr().out


def test_the_open_hour_waits_unless_asked_for(lake: Lake) -> None:
    """What is still arriving is compacted with `--include-open` only."""
    land(lake, "2026-11-21T11", [Sent("a", 1)])
    assert compact_events.main(ARGUMENTS) == 0
    assert visible(lake) == Counter()
    assert compact_events.main([*ARGUMENTS, "--include-open"]) == 0
    assert visible(lake) == Counter("a")


def test_only_the_named_hours_are_touched(lake: Lake) -> None:
    """`--hour` narrows the run."""
    land(lake, HOUR, [Sent("a", 1)])
    land(lake, NEXT, [Sent("b", 2)])
    assert compact_events.main([*ARGUMENTS, "--hour", NEXT]) == 0
    assert visible(lake) == Counter("b")


@pytest.mark.parametrize("wrong", [["--hour", "yesterday"], ["--now", "noon"], ["--bucket"]])
def test_wrong_usage_is_told_apart(wrong: list[str]) -> None:
    """Exit code 2 before anything is touched."""
    with pytest.raises(SystemExit, match="2"):
        compact_events.main([*ARGUMENTS, *wrong])


def test_a_failed_hour_is_named_and_the_others_go_on(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the missing object on standard error, the other hour compacted."""
    key = land(lake, HOUR, [Sent("a", 1)])
    lake.bucket.delete(key)
    land(lake, NEXT, [Sent("b", 2)])
    assert compact_events.main(ARGUMENTS) == 1
    assert f"{HOUR} failed: lake/{key} does not exist" in capsys.readouterr().err
    assert visible(lake) == Counter("b")


def test_an_unreadable_object_is_told_once(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """The job succeeds without it, says where its bytes are, and has nothing to say the next time."""
    lake.bucket.put(land(lake, HOUR, [Sent("x", 1)]), b"?")
    land(lake, HOUR, [Sent("a", 2)])
    assert compact_events.main(ARGUMENTS) == 0
    assert f"{HOUR}: an unreadable object is kept as quarantine/dt=2026-11-21/hour=9/" in capsys.readouterr().err
    assert visible(lake) == Counter("a")
    land(lake, HOUR, [Sent("b", 3)])
    assert compact_events.main(ARGUMENTS) == 0
    assert capsys.readouterr().err == ""


def test_an_unreachable_table_is_said_in_one_sentence(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    """No stack trace for what an operator must repair."""
    assert compact_events.main(ARGUMENTS) == 1
    assert capsys.readouterr().err.startswith("compact_events: ")


def test_coming_hours_get_partitions(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """Events are visible where they land, in both tables, for hours to come and hours that came unannounced."""
    land(lake, "2026-11-20T01", [Sent("a", 1)])
    land_bad(lake, "2026-11-20T01")
    assert open_partitions.main([*ARGUMENTS, "--hours-ahead", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["created"] == {"raw_events": 5, "bad_events": 5}
    land(lake, "2026-11-21T15", [Sent("b", 2)])
    assert visible(lake) == Counter("ab")
    assert open_partitions.main([*ARGUMENTS, "--hours-ahead", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["created"] == {"raw_events": 0, "bad_events": 0}


def test_the_opener_leaves_compacted_hours_alone(lake: Lake) -> None:
    """A lost partition of a compacted hour is not pointed back to landing."""
    land(lake, HOUR, [Sent("a", 1)])
    assert compact_events.main(ARGUMENTS) == 0
    boto3.client("glue").delete_partition(
        DatabaseName="lake", TableName="raw_events", PartitionValues=["2026-11-21", "9"]
    )
    assert open_partitions.main(ARGUMENTS) == 0
    assert lake.catalog.get("raw_events", HOUR) is None
    assert compact_events.main(ARGUMENTS) == 0
    assert visible(lake) == Counter("a")


def test_a_lost_catalog_is_rebuilt(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """Hours and dates point to their generation, other hours to landing, and right partitions are not written."""
    land(lake, HOUR, [Sent("a", 1)])
    assert compact_events.main(ARGUMENTS) == 0
    assert build_sessions.main(ARGUMENTS) == 0
    before = locations(lake)
    land(lake, NEXT, [Sent("b", 2)])
    for table in LAKE_TABLES:
        boto3.client("glue").delete_table(DatabaseName="lake", Name=table.name)
        create_table(table)
    capsys.readouterr()
    assert repair_catalog.main(ARGUMENTS) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 5
    landing = ("raw_events", NEXT, "s3://lake/landing/dt=2026-11-21/hour=10/")
    assert locations(lake) >= {*before, landing}
    assert ("sessions", "2026-11-21") in {found[:2] for found in before}
    assert repair_catalog.main(ARGUMENTS) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 0
    assert repair_catalog.main([*ARGUMENTS, "--rewrite"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 5


def locations(lake: Lake) -> set[tuple[str, str, str]]:
    """Table, hour or date, and location of every partition."""
    return {
        (table.name, found.hour, found.location) for table in LAKE_TABLES for found in lake.catalog.list(table.name)
    }
