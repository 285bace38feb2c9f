"""The import of history, from the command line to the services, on AWS in memory."""

import json
from pathlib import Path

import boto3
import pytest

from aws_stores import S3Bucket
from batch_jobs import backfill_events
from batch_jobs.command_line import INTERRUPTED
from clickstream.intake.history import examine
from clickstream.ledger import Ledger
from tests.aws.ledger_stack import Deployment, account, lines
from tests.simulation.fake_lake import rows_under

LOG = b"""10.1.2.3 - - [01/Aug/1995:00:00:07 -0400] "GET /a HTTP/1.0" 200 1713
10.1.2.3 - - [01/Aug/1995:00:00:07 -0400] "GET /a HTTP/1.0" 200 1713
nonsense
10.1.2.4 - - [01/Aug/1995:01:00:08 -0400] "GET /b HTTP/1.0" 404 -
"""


def test_a_log_from_s3_is_imported_once(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the command, once the events; every identity of the ledger holds, and no live counter has moved."""
    boto3.client("s3").create_bucket(Bucket="archive")
    S3Bucket("archive").put("logs/1995.log", LOG)
    assert backfill_events.main(["s3://archive/logs/1995.log"]) == 0
    assert backfill_events.main(["s3://archive/logs/1995.log"]) == 0
    first, second = lines(capsys.readouterr().out)
    assert [first[name] for name in ("file", "kind", "landed", "bad", "commits")] == ["1995.log", "access_log", 3, 1, 1]
    assert (second["landed"], second["commits"]) == (0, 0)
    found = account(capsys, 0)
    assert {name: found["total"][name] for name in ("records", "landed", "bad", "waiting")} == {
        "records": 0,
        "landed": 3,
        "bad": 1,
        "waiting": 3,
    }
    counters = boto3.client("dynamodb").scan(TableName="counters")["Items"]
    assert counters == []


def test_the_ledger_tells_history_from_the_stream(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Imported lines are no records that came in, nor do they hide a lane of the stream."""
    S3Bucket("lake").put("history/1995.log", LOG)
    assert backfill_events.main(["s3://lake/history/1995.log"]) == 0
    deployment.process(deployment.send(b'{"event_type":"click"}'))
    deployment.give_up(deployment.send(b'{"event_type":"click"}'))
    found = account(capsys, 0)
    assert (found["received"], found["total"]["landed"], found["disagreements"]) == (2, 4, [])


def test_a_dry_run_writes_nothing(deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It says what would land and why the rest would not."""
    path = tmp_path / "orders.csv"
    path.write_text("When;Price\n2025-01-01;1\n2025-01-02;dear\n")
    mapping = ["--map", "When=timestamp", "--map", "Price=revenue", "--set", "event_type=purchase", "--delimiter", ";"]
    assert backfill_events.main([str(path), *mapping, "--dry-run"]) == 0
    (line,) = lines(capsys.readouterr().out)
    assert (line["landed"], line["bad"], line["reasons"]) == (1, 1, {"wrong_type": 1})
    assert list(S3Bucket("lake").list("")) == []
    assert backfill_events.main([str(path), *mapping]) == 0
    (row,) = rows_under(S3Bucket("lake"), "landing/dt=2025-01-01/hour=0/")
    assert (row["event_type"], str(row["revenue"])) == ("purchase", "1.00")


def test_a_mapping_file_can_be_completed(deployment: Deployment, tmp_path: Path) -> None:
    """Options of the command line overrule the file."""
    path, stored = tmp_path / "orders.csv", tmp_path / "orders.json"
    path.write_text("When,Price\n01.02.2025,1\n")
    stored.write_text(json.dumps({"columns": {"When": "timestamp"}, "constants": {"event_type": "view"}}))
    more = ["--map", "Price=revenue", "--set", "event_type=purchase", "--time-format", "%d.%m.%Y"]
    assert backfill_events.main([str(path), "--mapping", str(stored), *more]) == 0
    (row,) = rows_under(S3Bucket("lake"), "landing/dt=2025-02-01/")
    assert row["event_type"] == "purchase"


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--map", "a=price"], 2, "no field of an event"),
        (["--map", "price"], 2, "COLUMN=FIELD"),
        (["--mapping", "absent.toml"], 2, "cannot be read"),
        ([], 1, "does not exist"),
    ],
)
def test_wrong_usage_is_told_from_failure(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, problem: str
) -> None:
    """2 before anything is looked at, 1 for a file that cannot be used; one sentence each."""
    assert backfill_events.main(["absent.csv", *arguments]) == code
    assert problem in capsys.readouterr().err


def test_a_file_that_cannot_be_read_keeps_no_other_out(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each is named, the rest is imported, and the exit code says that something is left."""
    path = tmp_path / "1995.log"
    path.write_bytes(LOG)
    assert backfill_events.main(["absent.log", "s3://lake/absent.log", str(path)]) == 1
    said = capsys.readouterr()
    assert [line["landed"] for line in lines(said.out)] == [3]
    assert said.err.count("does not exist") == 2


def test_an_interrupted_import_goes_on(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends it without a trace on the screen; the same command does the rest."""
    path = tmp_path / "1995.log"
    path.write_bytes(LOG)
    monkeypatch.setattr("clickstream.stream.importing.CHUNK_LINES", 1)
    append, calls = Ledger.append, iter(range(9))

    def interrupted(self: Ledger, commit: object) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        append(self, commit)  # type: ignore[arg-type]  # as given

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "append", interrupted)
        assert backfill_events.main([str(path)]) == INTERRUPTED
    assert "goes on after the last commit" in capsys.readouterr().err
    assert backfill_events.main([str(path)]) == 0
    (line,) = lines(capsys.readouterr().out)
    assert (line["commits"], line["epoch"]) == (2, examine(path).digest)
    assert account(capsys, 0)["total"]["landed"] == 3
