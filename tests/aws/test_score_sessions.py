"""The job that scores sessions, against the AWS API: features by Athena, rows in `session_scores`, asked with SQL."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import repair_catalog, score_sessions, session_features
from batch_jobs.queries import Guard
from batch_jobs.train_sessions import FEATURES
from clickstream.errors import LakeError
from clickstream.lake import generations
from clickstream.lake.aftermath import forget_results, forget_scores
from clickstream.lake.catalog import point
from clickstream.lake.generations import OutputFile, newest
from clickstream.lake.scoring import collect_scores
from clickstream.lake.statements import Statement
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from tests.aws.empty_stores import new_table
from tests.aws.small_forest import ODD, USUAL, registered
from tests.aws.small_lake import BUCKET, DATABASE, DAY, WORKGROUP, account, at, event, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--ledger-table", "ledger", "--now", "2026-11-24T00:00:00"]
ARGUMENTS = [*LAKE, "--workgroup", WORKGROUP]
SCORES = Statement("scores", "", {}, (), "SELECT * FROM session_scores ORDER BY dt, session_id")
ALL = [("A", USUAL, False, "2026-11-21"), ("B", ODD, True, "2026-11-21"), ("C", USUAL, False, "2026-11-22")]


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[S3Bucket]:
    """One usual session, one over midnight with three events, and one of the next day."""
    with account(tmp_path):
        over_midnight = [event("page_view", at(clock), "B") for clock in ("23:50", "23:58")]
        late = event("page_view", at("00:10", 1), "B")
        fill([event("page_view", at("09:00"), "A"), *over_midnight, late, event("search", at("12:00", 1), "C")])
        yield S3Bucket(BUCKET)


def seen() -> list[tuple[object, ...]]:
    """What SQL says: session, score, whether it is odd, and the date."""
    rows = Guard(DATABASE, WORKGROUP).ask(SCORES, (), {}).rows()
    return [(row["session_id"], row["score"], row["is_odd"], str(row["dt"])) for row in rows]


def scored(capsys: pytest.CaptureFixture[str], *words: str) -> list[object]:
    """The dates that one run scored."""
    assert score_sessions.main([*ARGUMENTS, *words]) == 0
    return [line["date"] for line in map(json.loads, capsys.readouterr().out.splitlines()) if "sessions" in line]


def next_generation(bucket: S3Bucket, hour: str) -> None:
    """The hour is made anew, of the same rows, and no reader is sent to it yet."""
    old = newest(bucket, hour)
    assert old
    made = msgspec.structs.replace(old, generation=old.generation + 1)
    outputs = [replace_key(output, made.folder) for output in old.outputs]
    for before, after in zip(old.outputs, outputs, strict=True):
        bucket.put(after.key, bucket.get(before.key))
    assert generations.commit(bucket, msgspec.structs.replace(made, outputs=tuple(outputs)))


def replace_key(output: OutputFile, folder: str) -> OutputFile:
    """The same file in another folder."""
    return msgspec.structs.replace(output, key=folder + output.key.rpartition("/")[2])


def point_to(bucket: S3Bucket, hour: str) -> None:
    """Readers of the hour are sent to its newest generation."""
    point(GlueCatalog(DATABASE), bucket, hour, DAY)


def test_without_a_model_it_says_so(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, success, and nothing is written."""
    assert score_sessions.main(ARGUMENTS) == 0
    assert capsys.readouterr().out == (
        "score_sessions: no model is registered, so nothing is scored; train one with `make train`\n"
    )
    assert list(bucket.list("session_scores/")) == list(bucket.list("_score_commits/")) == []


def test_scores_can_be_asked_for(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """A session counts whole on the date it begins; a second run has nothing to do; a changed hour scores its dates."""
    registered(bucket)
    assert scored(capsys) == ["2026-11-22", "2026-11-21"]
    assert seen() == ALL
    assert scored(capsys) == []
    next_generation(bucket, "2026-11-21T09")
    point_to(bucket, "2026-11-21T09")
    assert scored(capsys) == ["2026-11-22", "2026-11-21"]
    assert seen() == ALL


def test_a_date_waits_until_readers_see_its_hours(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """A query would read the old hour: the date is scored by the run after the pointer has followed."""
    registered(bucket)
    scored(capsys)
    next_generation(bucket, "2026-11-22T12")
    assert scored(capsys) == []
    assert score_sessions.main([*ARGUMENTS, "--date", "2026-11-22"]) == 0
    assert '"waits": "its hours are being made anew"' in capsys.readouterr().out
    point_to(bucket, "2026-11-22T12")
    assert scored(capsys) == ["2026-11-22", "2026-11-21"]


def test_features_that_are_gone_are_missed(bucket: S3Bucket) -> None:
    """An erasure removes answers of Athena while they are read: that is no answer without rows."""
    hours = ["2026-11-21T09", "2026-11-21T23"]
    values = {"start": DAY, "end": DAY + timedelta(days=1)}
    files = session_features.unload(Guard(DATABASE, WORKGROUP), bucket, session_features.statement(), hours, values)
    forget_results(bucket, datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(LakeError):
        list(session_features.tables(bucket, files))


def test_a_new_model_scores_what_changes(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """Old dates keep their version until somebody asks; a run takes so many dates, the newest first."""
    registered(bucket)
    assert scored(capsys, "--most-dates", "1") == ["2026-11-22"]
    assert scored(capsys) == ["2026-11-21"]
    assert registered(bucket, "another").version == 2
    assert scored(capsys) == []
    assert scored(capsys, "--rescore", "--date", "2026-11-21") == ["2026-11-21"]
    rows = Guard(DATABASE, WORKGROUP).ask(SCORES, (), {}).rows()
    assert [row["model_version"] for row in rows] == [2, 2, 1]


def test_replaced_files_go_after_the_grace(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """A query that was planned before still finds the old file for a day."""
    registered(bucket)
    scored(capsys)
    scored(capsys, "--rescore")
    assert len(list(bucket.list("session_scores/"))) == 4
    new_table("ledger")
    ledger = Ledger(DynamoTable("ledger"), bucket)
    later = [DAY + timedelta(days=days) for days in (3.5, 4.5)]
    lakes = [Lake(bucket, ledger, GlueCatalog(DATABASE), lambda now=now: now) for now in later]  # type: ignore[misc]
    assert [collect_scores(lake) for lake in lakes] == [0, 2]
    assert seen() == ALL


def test_an_erasure_takes_the_scores_of_what_changed(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """Scores that are made of older generations go at once, and come back from the new ones."""
    registered(bucket)
    scored(capsys)
    assert forget_scores(bucket) == 0
    next_generation(bucket, "2026-11-22T12")
    assert forget_scores(bucket) == 2
    assert seen() == []
    point_to(bucket, "2026-11-22T12")
    scored(capsys)
    assert seen() == ALL


def test_a_lost_catalog_is_repaired(bucket: S3Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """Partitions of scores come back with the others."""
    registered(bucket)
    scored(capsys)
    new_table("ledger")
    GlueCatalog(DATABASE).update("session_scores", next(GlueCatalog(DATABASE).list("sessions")))
    assert seen() != ALL
    assert repair_catalog.main(LAKE) == 0
    assert seen() == ALL


def test_files_for_training_name_no_session(bucket: S3Bucket) -> None:
    """Only the features leave Athena, each of them a column of the statement."""
    hours = ["2026-11-21T09", "2026-11-21T23"]
    asked = session_features.statement(FEATURES)
    values = {"start": DAY, "end": DAY + timedelta(days=1)}
    files = session_features.unload(Guard(DATABASE, WORKGROUP), bucket, asked, hours, values)
    assert all(key.startswith("athena-results/session-features/") for key in files)
    (table,) = session_features.tables(bucket, files)
    assert table.column_names == list(FEATURES)
    assert sorted(table["events"].to_pylist()) == [1, 2]
