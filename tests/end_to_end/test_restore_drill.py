"""The drill, and the steps of docs/recovery.md after an object was lost, executed: all is as it was."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from local_aws.access import tool_environment
from local_aws.state import PROJECT_FOLDER, StateFolder
from tests.end_to_end.nesting_account import TOOLS
from tests.end_to_end.started_platform import endpoints_of, started_platform

STACK = "clickstream-local"
DOCS = PROJECT_FOLDER / "docs"
FIRST = 60
"""Events that are sent."""


class Account(NamedTuple):
    """A platform with the stack deployed, and the environment in which commands use it."""

    state: StateFolder
    environment: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program in the project."""
        return subprocess.run(
            list(map(str, command)),
            cwd=PROJECT_FOLDER,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def do(self, *command: str | Path) -> str:
        """Run a program that must succeed; its standard output."""
        done = self.run(*command)
        assert done.returncode == 0, (done.stderr or done.stdout)[-3000:]
        return done.stdout

    def job(self, module: str, *words: str | Path) -> str:
        """Run a command of the project on the stack."""
        return self.do(sys.executable, "-m", module, "--stack", STACK, *words)

    def session(self) -> boto3.Session:
        """Makes clients of the platform."""
        access = (self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"])
        return boto3.Session(*access, region_name=self.environment["AWS_REGION"])

    def make(self, verb: str, *values: str) -> subprocess.CompletedProcess[str]:
        """A verb as a person types it."""
        return self.run("make", "-s", "-o", ".venv/installed", verb, f"STACK={STACK}", *values)


@pytest.fixture(scope="module")
def account(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A platform of its own: tables of it are deleted."""
    if not (TOOLS / "aws").exists():
        pytest.skip("the AWS command line is not installed; run `make .build/aws-tools/installed`")
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    with started_platform(tmp_path_factory.mktemp("drill")) as state:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
        variables = tool_environment(endpoints_of(state), inherited)
        made = Account(state, {**inherited, **variables, "PATH": path, "AWS_CONFIG_FILE": os.devnull})
        made.do(sys.executable, "-m", "local_aws", "deploy", "--state", state.root)
        yield made


@pytest.fixture
def dynamodb(account: Account) -> Any:
    """DynamoDB of the platform, with what the deployed template asks for and the emulator's CloudFormation drops."""
    client = account.session().client("dynamodb", endpoint_url=account.environment["AWS_ENDPOINT_URL"])
    for name in client.list_tables()["TableNames"]:
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    return client


def send(account: Account, folder: Path, first: int, count: int) -> None:
    """Send events of an hour that is long over, wait for the functions, and compact."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    lines = []
    for number in range(first, first + count):
        time = (hour + timedelta(seconds=number)).isoformat()
        event = {"event_type": "page_view", "event_id": f"e{number}", "session_id": f"s{number % 7}"}
        lines.append(json.dumps(event | {"timestamp": time, "sent_at": time, "page_url": "https://x.test/"}))
    path = folder / f"from-{first}.ndjson"
    path.write_text("\n".join(lines) + "\n")
    account.do(sys.executable, "-m", "test_client", "send", path, "--stack", STACK, "--arrival-times", "--raw")
    wait(account)
    account.job("batch_jobs.run_steps", "--steps", "open_partitions,audit_ledger,compact_events")


def wait(account: Account) -> None:
    """Wait until every record was taken."""
    account.do(sys.executable, "-m", "local_aws", "wait", "--state", account.state.root, "--timeout", "240")


def totals(account: Account) -> dict[str, int]:
    """What the ledger adds up to; every identity holds."""
    books = json.loads(account.job("batch_jobs.show_ledger", "--whole-stream", "--json"))
    assert books["disagreements"] == []
    return {name: books["total"][name] for name in ("records", "landed", "rows")}


def live(dynamodb: Any) -> int:
    """Events that the counters know."""
    pages = dynamodb.scan(TableName=f"{STACK}-counters")["Items"]
    return sum(int(page["events"]["N"]) for page in pages)


def test_the_drill_leaves_everything_as_it_is(account: Account, dynamodb: Any, tmp_path: Path) -> None:
    """Every table is restored beside itself and equal, the hour comes out of landing, and no copy is left."""
    send(account, tmp_path, 0, FIRST)
    tables = dynamodb.list_tables()["TableNames"]
    done = account.make("drill")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"│ ([\w-]+) +│ [\d,]+ +│ 0 +│ 0 +│ restored │", done.stdout) == [
        f"{STACK}-{name}"
        for name in ("ledger", "counters", "page-metrics", "session-metrics", "traffic-states", "anomalies")
    ]
    assert re.search(rf"│ raw_events \S+ +│ {FIRST} .*│ remade +│", done.stdout)
    assert dynamodb.list_tables()["TableNames"] == tables
    assert totals(account)["rows"] == live(dynamodb) == FIRST


def test_a_table_without_recovery_is_named(account: Account, dynamodb: Any) -> None:
    """The drill fails before anything is restored."""
    off = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName=f"{STACK}-anomalies", PointInTimeRecoverySpecification=off)
    done = account.make("drill", "TABLES=anomalies")
    assert done.returncode == 2
    assert f"{STACK}-anomalies has no point-in-time recovery" in done.stderr


def test_a_lost_file_is_made_anew(account: Account, tmp_path: Path) -> None:
    """A file of `raw_events` is deleted; the page's two commands bring the same rows back."""
    send(account, tmp_path, 0, FIRST)
    before = totals(account)
    s3 = account.session().client("s3", endpoint_url=account.environment["AWS_ENDPOINT_URL"])
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    (bucket,) = (name for name in names if "lakebucket" in name)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="raw_events/")
    newest = max(entry["Key"] for page in pages for entry in page.get("Contents", ()))
    s3.delete_object(Bucket=bucket, Key=newest)
    date, hour = re.findall(r"dt=(\S+)/hour=(\d+)/", newest)[0]
    told = account.run(sys.executable, "-m", "batch_jobs.show_ledger", "--stack", STACK)
    assert told.returncode == 1
    assert f"{newest} does not exist" in told.stdout
    section = (DOCS / "recovery.md").read_text().partition("\n## After an object was lost\n")[2]
    replay, swap = re.findall(r"`make (replay \S+)`", section.partition("\n## ")[0])
    prepared = account.make(*replay.replace("2026-11-21T09", f"{date}T{int(hour):02}").split())
    assert "does not exist" in prepared.stderr
    assert "1 hours are in raw_events_replay" in prepared.stdout
    swapped = account.make(*swap.split())
    assert swapped.returncode == 0, swapped.stderr
    assert totals(account) == before
