"""What names a person, sent in every place a client can use: found where docs/security.md says, and nowhere else."""

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from aws_stores import S3Bucket
from clickstream import metrics
from local_aws.access import Endpoints
from local_aws.state import PROJECT_FOLDER, StateFolder
from tests.aws.alert_queue import listening
from tests.aws.small_forest import registered
from tests.end_to_end import canaries
from tests.end_to_end.alone.test_erasure import give_up
from tests.end_to_end.said_words import everything_said, log_lines, metric_lines
from tests.end_to_end.started_platform import command
from tests.end_to_end.stored_words import everything_stored, places_of

NAME = "clickstream-local"
STACK = ("--stack", NAME)
PAGE = PROJECT_FOLDER / "docs" / "security.md"
BEFORE = "open_partitions,audit_ledger,compact_events,build_sessions,score_sessions,mask_tables"
AFTER = "repair_catalog,check_quality,run_reports"
DIMENSIONS = {metrics.FUNCTION, metrics.EVENT_TYPE, metrics.LEDGER}
COUNTED_BY_PAGE = {"ledger", "page-metrics", "reports"}
"""Where the path of a page stays: how often it was seen, and not by whom."""
_LIMIT_S = 120.0


@pytest.fixture
def listened(deployed: dict[str, str]) -> dict[str, str]:
    """Outputs of the stack, whose topic is listened to."""
    listening(deployed["TopicArn"])
    return deployed


def documented() -> dict[str, set[str]]:
    """The table of the page: where each kind of word may be."""
    section = PAGE.read_text().partition("\n## Where names may be\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)`[^|]* \| ([^|]*) \|$", section, re.MULTILINE)
    return {kind: set(re.findall(r"`([\w-]+)`", places)) for kind, places in rows}


def found(bucket: str, others: Collection[str] = ()) -> dict[str, set[str]]:
    """Where each kind of word is stored, but for those of others: zone of the lake, name of a table, or a bucket."""
    places: dict[str, set[str]] = {kind: set() for kind in canaries.SENT}
    for place, body in everything_stored():
        table = re.match(rf"{NAME}-([\w-]+) ", place)
        zone = table[1] if table else place.removeprefix(f"{bucket}/").partition("/")[0]
        for kind, words in canaries.SENT.items():
            if any(word.encode() in body for word in words if word not in others):
                places[kind].add(zone)
    return places


def collected(url: str) -> None:
    """Requests of a browser to the collector: one with a bad event beside a good one, and one that nobody can read."""
    for body, status in ((canaries.BODY, http.HTTPStatus.OK), (canaries.UNREAD, http.HTTPStatus.BAD_REQUEST)):
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("POST", canaries.ADDRESS, body, canaries.HEADERS)
        assert connection.getresponse().status == status
        connection.close()


def fail_once(function: str, file: Path) -> None:
    """The function cannot write while the records arrive, says so in its log, and then can again."""
    functions = boto3.client("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    broken = variables | {"CLICKSTREAM_BUCKET": "no-such-bucket"}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": broken})
    command("test_client", "send", file, *STACK, "--arrival-times", "--raw")
    deadline = time.monotonic() + _LIMIT_S
    while not any(b"no-such-bucket" in line or b"NoSuchBucket" in line for _, line in log_lines()):
        assert time.monotonic() < deadline, "the function has not failed"
        time.sleep(1)
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def said_by(module: str, *words: str | Path) -> str:
    """Run a command of the project to its end; everything that it says."""
    line = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(line, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stderr or done.stdout)[-3000:]
    return done.stdout + done.stderr


def messages() -> str:
    """Everything that was published to the topic."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="alerts")["QueueUrl"]
    return repr([sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages") for _ in range(5)])


def run_state_machine(arn: str) -> None:
    """Start the batch as somebody would by hand. No Glue job runs on the platform: the machine tells that it failed."""
    machines = boto3.client("stepfunctions")
    one = machines.start_execution(stateMachineArn=arn, input='{"steps": "now"}')["executionArn"]
    deadline = time.monotonic() + _LIMIT_S
    while machines.describe_execution(executionArn=one)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_names_are_where_the_page_says_and_nowhere_else(
    listened: dict[str, str], platform_state: StateFolder, endpoints: Endpoints, tmp_path: Path
) -> None:
    """Objects, items, logs of functions and steps, metrics, alarms, messages, executions, queries; and an erasure."""
    registered(S3Bucket(listened["BucketName"]))
    fail_once(listened["ProcessEventsFunctionName"], canaries.written(tmp_path))
    collected(endpoints.collector_url)
    command("local_aws", "wait", "--state", platform_state.root, "--timeout", "300")
    boto3.client("lambda").invoke(FunctionName=listened["DetectTrafficAnomaliesFunctionName"], Payload=b"{}")
    steps = said_by("batch_jobs.run_steps", "--steps", BEFORE, *STACK, "--include-open")
    steps += said_by("batch_jobs.run_steps", "--steps", AFTER, *STACK, "--whole", "--out", tmp_path / "out")
    run_state_machine(listened["StateMachineArn"])
    places, allowed = found(listened["BucketName"]), documented()
    assert places.keys() == allowed.keys()
    assert {kind: places[kind] ^ allowed[kind] for kind in places if places[kind] != allowed[kind]} == {}

    give_up(listened)
    whole = {place.partition("/")[0] for place in places_of(*canaries.SENT["address"])}
    assert whole == {listened["FailureBucketName"], listened["BucketName"]}
    steps += said_by("batch_jobs.erase_events", *STACK, *canaries.PERSON)
    steps += said_by("batch_jobs.recover_events", *STACK)
    steps += said_by("batch_jobs.show_ledger", *STACK)
    alerts = messages()
    assert "checkout_without_journey" in alerts
    assert "startJobRun" in alerts
    _nobody_is_named(platform_state.log_folder, steps, alerts)

    later = (datetime.now(UTC) + timedelta(hours=25)).replace(tzinfo=None).isoformat(timespec="seconds")
    rebuilt = ("--steps", "compact_events,build_sessions,score_sessions,mask_tables", *STACK)
    command("batch_jobs.run_steps", *rebuilt)
    command("batch_jobs.run_steps", *rebuilt, "--now", later)
    done = command("batch_jobs.run_steps", "--steps", "erase_events", *STACK, "--now", later)
    assert '"state": "done"' in done, done
    left = {kind: zones for kind, zones in found(listened["BucketName"], canaries.COLLECTED).items() if zones}
    assert left.keys() <= {"page_path", "page_title"}
    assert set().union(*left.values()) <= COUNTED_BY_PAGE
    assert places_of(*canaries.COLLECTED)


def _nobody_is_named(log_folder: Path, steps: str, alerts: str) -> None:
    """In nothing that was said, of which each kind is there; and metrics have no dimensions but the known ones."""
    said = [*everything_said(log_folder), ("steps", steps.encode()), ("messages", alerts.encode())]
    assert {place.split()[0] for place, _ in said} >= {
        "logs",
        "platform",
        "metrics",
        "alarms",
        "executions",
        "queries",
        "catalog",
    }
    words = [word.encode() for word in chain(*canaries.SENT.values())]
    assert [(place, word) for place, text in said for word in words if word in text] == []
    names = {
        name
        for line in metric_lines()
        for directive in line["_aws"]["CloudWatchMetrics"]
        for name in chain(*directive["Dimensions"])
    }
    assert names == DIMENSIONS - {metrics.LEDGER}
