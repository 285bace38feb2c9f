"""The platform as its users meet it: real processes, a real emulator, functions made through the Lambda API."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local_aws.__main__ import main
from local_aws.access import Endpoints, client_config, local_session
from local_aws.background import is_stale
from local_aws.deploy import is_bootstrapped
from local_aws.errors import PlatformError
from local_aws.node import find_cdk
from local_aws.server_record import ServerRecord, is_locked, load_record
from local_aws.state import PROJECT_FOLDER, StateFolder

ROLE = "arn:aws:iam::000000000000:role/function"
HANDLER = """
import base64, json, os
import boto3

TABLE = boto3.client("dynamodb")

def add(name, number):
    TABLE.update_item(TableName=os.environ["TABLE"], Key={"name": {"S": name}},
                      UpdateExpression="ADD amount :n", ExpressionAttributeValues={":n": {"N": str(number)}})

def handler(event, context):
    records = [(r["kinesis"]["sequenceNumber"], json.loads(base64.b64decode(r["kinesis"]["data"])), r["kinesis"])
               for r in event["Records"]]
    if any(body.get("poison") for _, body, _ in records[:1]):
        add("tries", 1)
        raise ValueError("poison")
    for position, (number, body, _) in enumerate(records):
        if body.get("poison"):
            add("done", position)
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    add("done", len(records))
    add("hours", len({int(k["approximateArrivalTimestamp"] // 3600) for _, _, k in records}))
"""


@dataclass
class Pipeline:
    """A stream, a table, a bucket for failures, and functions that count what they receive."""

    endpoints: Endpoints
    name: str = field(default_factory=lambda: f"test-{uuid4().hex[:8]}")

    def client(self, service: str) -> Any:
        """Connect to a service of the platform."""
        return local_session().client(service, endpoint_url=self.endpoints.aws_url, config=client_config())  # type: ignore[call-overload]  # the name is not a literal

    def create(self, *, shards: int) -> None:
        """Create the stream and the bucket."""
        self.client("kinesis").create_stream(StreamName=self.name, ShardCount=shards)
        self.client("s3").create_bucket(Bucket=self.name)

    def add_function(self, number: int = 0, **mapping: Any) -> None:
        """Create a table and a function that counts into it, fed by the stream."""
        name = f"{self.name}-{number}"
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        functions = self.client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="count.handler",
            Code={"ZipFile": _zip("count.py", HANDLER)},
            Timeout=60,
            Environment={"Variables": {"TABLE": name}},
        )
        words = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10_000, "Enabled": False} | mapping
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=self.stream_arn, **words)

    @property
    def stream_arn(self) -> str:
        """ARN of the stream."""
        return f"arn:aws:kinesis:us-east-1:000000000000:stream/{self.name}"

    def send(
        self, count: int, *, poison: int | None = None, key: str | None = None, is_all_poison: bool = False
    ) -> None:
        """Put records, one of them or all of them poisoned, with one key or a key each."""
        kinesis = self.client("kinesis")
        records = [
            {
                "Data": json.dumps({"number": n, "poison": is_all_poison or n == poison}).encode(),
                "PartitionKey": key or f"key-{n}",
            }
            for n in range(count)
        ]
        for start in range(0, count, 500):
            kinesis.put_records(StreamName=self.name, Records=records[start : start + 500])

    def count(self, name: str, number: int = 0) -> int:
        """Read one of the function's counters."""
        item = self.client("dynamodb").get_item(
            TableName=f"{self.name}-{number}", Key={"name": {"S": name}}, ConsistentRead=True
        )
        return int(item["Item"]["amount"]["N"]) if "Item" in item else 0

    def failures(self) -> list[dict[str, Any]]:
        """Read the invocation records in the failure bucket, by position."""
        s3 = self.client("s3")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=self.name).get("Contents", [])]
        assert all(re.match(r"aws/lambda/[0-9a-f-]{36}/shardId-\d{12}/\d{4}/\d\d/\d\d/", key) for key in keys)
        records = [json.loads(s3.get_object(Bucket=self.name, Key=key)["Body"].read()) for key in keys]
        return sorted(records, key=lambda record: str(record["KinesisBatchInfo"]["startSequenceNumber"]))


def _zip(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def _local_aws(state: StateFolder, *words: str) -> int:
    return main([words[0], "--state", str(state.root), *words[1:]])


def _wait(state: StateFolder) -> None:
    assert _local_aws(state, "wait", "--timeout", "60") == 0


@pytest.fixture
def pipeline(endpoints: Endpoints) -> Pipeline:
    """Give each test a stream and a bucket of its own."""
    pipeline = Pipeline(endpoints)
    pipeline.create(shards=2)
    return pipeline


def test_every_record_is_counted_once_by_every_consumer(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """Two functions on two shards count what was sent; the emulator's poller is switched off where it was on."""
    pipeline.add_function(0)
    pipeline.add_function(1, Enabled=True, MaximumBatchingWindowInSeconds=300)
    _wait(platform_state)
    pipeline.send(3_000)
    _wait(platform_state)
    assert [pipeline.count("done", number) for number in (0, 1)] == [3_000, 3_000]


def test_a_poison_record_is_isolated_and_kept(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """The report saves what came first, splitting saves what came after, and the bucket gets the one record whole."""
    pipeline.add_function(
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{pipeline.name}"}},
    )
    pipeline.send(200, poison=57, key="one-shard")
    _wait(platform_state)
    (failure,) = pipeline.failures()
    assert pipeline.count("done") == 199
    assert failure["KinesisBatchInfo"]["batchSize"] == 1
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    (event,) = json.loads(failure["payload"])["Records"]
    assert event["kinesis"]["sequenceNumber"] == failure["KinesisBatchInfo"]["startSequenceNumber"]


def test_a_function_that_always_raises_is_tried_retries_plus_one_times(
    pipeline: Pipeline, platform_state: StateFolder
) -> None:
    """Two poison records are split apart, tried three times each, and kept one by one."""
    pipeline.add_function(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{pipeline.name}"}},
    )
    pipeline.send(2, is_all_poison=True, key="one-shard")
    _wait(platform_state)
    failures = pipeline.failures()
    assert [failure["KinesisBatchInfo"]["batchSize"] for failure in failures] == [1, 1]
    assert pipeline.count("done") == 0
    singles, splits = 2 * 3, 1
    assert pipeline.count("tries") == singles + splits


def test_simulated_arrival_times_reach_the_function(pipeline: Pipeline, platform_state: StateFolder) -> None:
    """Records of two simulated hours arrive in one invocation and still belong to two hours."""
    pipeline.add_function()
    kinesis = pipeline.client("kinesis")
    hour_ms = 3_600_000
    records = [{"Data": b"{}", "PartitionKey": f"k@{n * hour_ms}", "ExplicitHashKey": "0"} for n in (400_000, 400_001)]
    kinesis.put_records(StreamName=pipeline.name, Records=records)
    _wait(platform_state)
    assert pipeline.count("hours") == 2


@pytest.fixture
def own_state(installed_emulator: None, tmp_path: Path) -> Iterator[StateFolder]:
    """Give a test a platform folder that it may start, stop and kill."""
    state = StateFolder.at(tmp_path)
    yield state
    _local_aws(state, "down")


def _processes_of(record: ServerRecord) -> set[int]:
    """List a process and everything it started, from the process table."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in table.splitlines())}
    family = {record.pid}
    while found := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= found
    return family


def _await_end(processes: set[int]) -> None:
    deadline = time.monotonic() + 30
    while alive := {pid for pid in processes if _is_alive(pid)}:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def _start(state: StateFolder) -> ServerRecord:
    command = [sys.executable, "-m", "local_aws", "up", "--state", str(state.root)]
    shown = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True).stdout
    record = load_record(state)
    assert record is not None
    assert f"export AWS_ENDPOINT_URL={record.aws_url}" in shown.splitlines()
    return record


def test_a_restart_neither_repeats_nor_skips(own_state: StateFolder) -> None:
    """Streams, functions, tables and checkpoints survive; ports stay; a second `up` changes nothing; all ends."""
    first = _start(own_state)
    pipeline = Pipeline(first.endpoints)
    pipeline.create(shards=1)
    pipeline.add_function()
    pipeline.send(100)
    _wait(own_state)
    assert _start(own_state) == first
    family = _processes_of(first)
    assert _local_aws(own_state, "down") == 0
    _await_end(family)
    assert len(family) >= 4
    second = _start(own_state)
    assert second.endpoints == first.endpoints
    pipeline.send(50)
    _wait(own_state)
    assert pipeline.count("done") == 150


def test_a_busy_port_is_one_clear_sentence(own_state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, no traceback, nothing left behind."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert _local_aws(own_state, "up", "--port", str(port)) == 1
    assert not is_locked(own_state)
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith(f"Port {port} on 127.0.0.1 is in use;")


def _serve(state: StateFolder, **popen: Any) -> "tuple[subprocess.Popen[bytes], ServerRecord]":
    words = ["serve", "--state", str(state.root), "--in-memory"]
    process = subprocess.Popen([sys.executable, "-m", "local_aws", *words], cwd=PROJECT_FOLDER, **popen)
    return process, _await_server(state, process)


def _await_server(state: StateFolder, process: "subprocess.Popen[bytes]") -> ServerRecord:
    deadline = time.monotonic() + 60
    while (record := load_record(state)) is None:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return record


def test_a_killed_server_leaves_no_process(own_state: StateFolder) -> None:
    """Not even `kill -9` orphans the emulator, and the end is noticed."""
    process, record = _serve(own_state, stdout=subprocess.DEVNULL)
    family = _processes_of(record)
    process.kill()
    process.wait(60)
    _await_end(family)
    assert (is_locked(own_state), is_stale(own_state)) == (False, True)


def test_a_tied_server_ends_with_its_parent(own_state: StateFolder) -> None:
    """A test runner that is killed leaves no platform behind."""
    words = [sys.executable, "-m", "local_aws", "serve", "--state", str(own_state.root), "--exit-with-parent"]
    script = f"import subprocess, sys; sys.exit(subprocess.call({words!r}))"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT_FOLDER, stdout=subprocess.DEVNULL)
    record = _await_server(own_state, parent)
    family = _processes_of(record)
    parent.kill()
    parent.wait(60)
    _await_end(family)
    assert not own_state.server_file.exists()


def test_ctrl_c_stops_everything(own_state: StateFolder) -> None:
    """In the foreground an interrupt is a clean end."""
    process, record = _serve(own_state, stdout=subprocess.DEVNULL)
    family = _processes_of(record)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    _await_end(family)
    assert not own_state.environment_file.exists()


def test_the_end_of_the_emulator_ends_the_server_with_a_message(own_state: StateFolder) -> None:
    """A platform without its emulator does not pretend to run."""
    process, record = _serve(own_state, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    emulator = max(_processes_of(record))
    os.kill(emulator, signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"The emulator stopped unexpectedly" in said) == (1, True)


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Write a synthesised CDK app of one topic, so that no test waits for a synthesis."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "deployed"}}},
        "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
    }
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://000000000000/us-east-1",
        "properties": {"templateFile": "Small.template.json"},
    }
    folder = tmp_path / "assembly"
    folder.mkdir()
    (folder / "Small.template.json").write_text(json.dumps(template))
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"Small": stack}}))
    return folder


def test_the_real_cdk_deploys(platform_state: StateFolder, endpoints: Endpoints, assembly: Path) -> None:
    """Bootstrap and deploy by the real command line, outputs in the state folder, resources on the platform."""
    try:
        find_cdk()
    except PlatformError as error:
        pytest.skip(str(error))
    assert _local_aws(platform_state, "deploy", "--app", str(assembly)) == 0
    topics = Pipeline(endpoints).client("sns").list_topics()["Topics"]
    arn = json.loads(platform_state.outputs_file.read_text())["Small"]["Arn"]
    assert {"TopicArn": arn} in topics
    assert is_bootstrapped(endpoints)
