"""The erasure as a job against the AWS API: pseudonyms of every key, all stores, and a query that finds nothing."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import compact_events, erase_events
from clickstream.enrichment.pseudonyms import Pseudonym
from clickstream.lake.erasure_requests import Request
from clickstream.lake.tombstones import Name
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from clickstream.tables import LAKE_TABLES
from tests.aws.empty_stores import new_table
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, table_input
from tests.simulation.erasure_world import AFTER, CANARY, REQUEST_TIME, SESSION, Said
from tests.simulation.fake_lake import HOUR, NEXT, land, visible

KEYS = {"k1": "k" * 16, "k2": "l" * 16}
NOW = "2026-11-21T13:00:00"
TABLES = {name: f"{name}-test" for name in ("ledger", "session-metrics", "anomalies")}
LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--ledger-table", TABLES["ledger"], "--now", NOW]
STORES = [word for name in ("session-metrics", "anomalies") for word in (f"--{name}-table", TABLES[name])]
ARGUMENTS = [*LAKE, *STORES, "--workgroup", WORKGROUP, "--failure-bucket", "failures"]
UNTIL = ["--until", REQUEST_TIME.isoformat()]
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """What the stack deploys, empty."""
    with account(tmp_path):
        boto3.client("s3").create_bucket(Bucket="failures")
        for name in TABLES.values():
            new_table(name)
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": DATABASE})
        for table in LAKE_TABLES:
            glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table))
        bucket = S3Bucket(BUCKET)
        yield Lake(bucket, Ledger(DynamoTable(TABLES["ledger"]), bucket), GlueCatalog(DATABASE), lambda: AFTER)


def deploy_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that was rotated once, and the stack and function that lead to it."""
    client = boto3.client("secretsmanager")
    old, new = (json.dumps({"key_id": key_id, "key": key}) for key_id, key in KEYS.items())
    arn = client.create_secret(Name="pseudonyms", SecretString=old)["ARN"]
    client.put_secret_value(SecretId=arn, SecretString=new)
    settings = {"BUCKET": "b", "LEDGER_TABLE": "l", "COUNTERS_TABLE": "c", "PAGE_METRICS_TABLE": "p"}
    variables = {f"CLICKSTREAM_{name}": value for name, value in (settings | {"PSEUDONYM_SECRET": arn}).items()}
    monkeypatch.setattr("aws_processor.variables_of", lambda _: variables)
    monkeypatch.setattr("batch_jobs.stack.outputs", lambda _: {"ProcessEventsFunctionName": "process"})


def pseudonym(key_id: str) -> str:
    """What the lake holds for the person under a key."""
    return Pseudonym(key_id, KEYS[key_id].encode()).of(CANARY)


def bodies() -> Iterator[tuple[str, bytes]]:
    """Every object of the bucket."""
    bucket = S3Bucket(BUCKET)
    yield from ((entry.key, bucket.get(entry.key)) for entry in bucket.list(""))


def test_a_user_is_erased_under_every_key(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of the old and the new key go, live items too; the record is done, verified by query, and names nobody."""
    deploy_keys(monkeypatch)
    old, new = (Said(f"c{key_id}", 1, user_id=pseudonym(key_id), session_id=SESSION) for key_id in KEYS)
    land(lake, HOUR, [old, Said("o1", 2, user_id="somebody")])
    land(lake, NEXT, [new, Said("o2", 12, user_id="somebody")])
    assert compact_events.main(LAKE) == 0
    for name in ("session-metrics", "anomalies"):
        DynamoTable(TABLES[name]).put({"pk": SESSION, "sk": "x"})
    capsys.readouterr()
    assert erase_events.main([*ARGUMENTS, *UNTIL, "--stack", "any", "--user", CANARY]) == 0
    asked, line = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert asked["state"] == "asked"
    assert line.items() >= {"state": "done", "events": 2, "session_items": 1, "anomalies": 1, "waiting": []}.items()
    assert visible(lake) == Counter(["o1", "o2"])
    words = [word.encode() for word in (CANARY, SESSION, *map(pseudonym, KEYS))]
    assert [key for key, body in bodies() if any(word in body for word in words)] == []
    for name in TABLES.values():
        assert not any(word.decode() in repr(item) for item in DynamoTable(name).scan() for word in words)
    record = json.loads(S3Bucket(BUCKET).get(f"_erasures/{line['request']}.json"))
    assert record["verified"] == {"user_id": 0}
    assert len(record["people"]) == 3
    assert erase_events.main(ARGUMENTS) == 0
    assert capsys.readouterr().out == ""


def test_devices_and_sessions_need_no_key(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """They stand in the lake as sent; the scheduled run takes up what an open hour kept waiting."""
    land(lake, HOUR, [Said("c1", 1, session_id=SESSION), Said("o1", 2)])
    land(lake, NEXT, [Said("o2", 12)])
    early = [*ARGUMENTS, "--now", "2026-11-21T10:30:00", "--session", SESSION]
    assert erase_events.main(early) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["state"], line["waiting"]) == ("open", [f"hour {NEXT} is not over"])
    assert erase_events.main(ARGUMENTS) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "done"
    assert visible(lake) == Counter(["o1", "o2"])


def test_landing_of_others_is_kept_as_long_as_the_job_is_told(lake: Lake) -> None:
    """An erasure removes what is due everywhere, by the days of the deployment."""
    land(lake, HOUR, [Said("c1", 1, session_id=SESSION)])
    theirs = land(lake, NEXT, [Said("o2", 12)])
    assert compact_events.main(LAKE) == 0
    words = [*ARGUMENTS, "--now", "2026-11-30T00:00:00", *UNTIL, "--session", SESSION, "--landing-days"]
    for days, held in (("30", [theirs]), ("7", [])):
        assert erase_events.main([*words, days]) == 0
        assert [entry.key for entry in lake.bucket.list("landing/")] == held


def test_the_query_that_proves_it_can_fail(lake: Lake) -> None:
    """It finds rows of the person that are there, whatever column names the person, and nobody else's."""
    land(lake, HOUR, [Said("c1", 1, user_id="somebody"), Said("c2", 2, session_id="somebody"), Said("o1", 3)])
    assert compact_events.main(LAKE) == 0
    options = erase_events._parser().parse_args(ARGUMENTS)
    request = Request(
        request_id="r",
        names=(Name("user_id", "somebody"), Name("session_id", "somebody")),
        texts=("somebody",),
        request_time=REQUEST_TIME,
    )
    assert erase_events._verifier(lake, options)(request) == {"user_id": 1, "session_id": 1}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--user", CANARY], "--user needs --stack"),
        (["--session", "s", "--until", "2027-01-01"], "is in the future"),
    ],
)
def test_wrong_usage_does_nothing(
    lake: Lake, more: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the reason, and no request."""
    assert erase_events.main([*ARGUMENTS, *more]) == 2
    assert problem in capsys.readouterr().err
    assert list(DynamoTable(TABLES["ledger"]).query("erasures")) == []
