"""`make smoke` on the local platform: it proves a stack that works, and names the stage where one part is missing."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local_aws.access import tool_environment
from local_aws.state import PROJECT_FOLDER
from tests.end_to_end.started_platform import endpoints_of, started_platform

STACK = "clickstream-local"
PROCESS, DETECT = f"{STACK}-process-events", f"{STACK}-detect-anomalies"
STAGES = ["stack", "send", "commit", "counters", "sessions", "compaction", "query", "report", "erasure"]
SHORT_S = 20
"""Long enough for a function that is warm."""
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def environment(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a platform of its own, with the stack deployed: these tests take parts of it away."""
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    folder = tmp_path_factory.mktemp("platform")
    with started_platform(folder) as state:
        command = [sys.executable, "-m", "local_aws", "deploy", "--state", str(folder)]
        subprocess.run(command, cwd=PROJECT_FOLDER, check=True, capture_output=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        yield inherited | tool_environment(endpoints_of(state), inherited)


@pytest.fixture(scope="module")
def client(environment: dict[str, str]) -> Client:
    """Makes clients of the platform."""
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=environment["AWS_REGION"]
    )

    def of_service(service: str) -> Any:
        address = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}", environment["AWS_ENDPOINT_URL"])
        return session.client(service, endpoint_url=address)  # type: ignore[call-overload]

    return of_service


def smoke(environment: dict[str, str], timeout_s: int = 120) -> subprocess.CompletedProcess[str]:
    """`make smoke` as a person types it."""
    command = ["make", "-s", "-o", ".venv/installed", "smoke", f"STACK={STACK}", f"TIMEOUT={timeout_s}"]
    return subprocess.run(command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False)


def test_a_stack_that_works(environment: dict[str, str]) -> None:
    """Every stage is timed and says what it saw; the events end up erased."""
    done = smoke(environment)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^│ (\w+) +│ [\d.]+ ", done.stdout, re.MULTILINE) == STAGES
    for seen in ("20 records in 2 of 2 open shards", "20 rows, each event once", "20 events and 2 sessions are erased"):
        assert seen in done.stdout


def test_a_function_that_fails(environment: dict[str, str], client: Client) -> None:
    """The stage is that of commits; the sentence holds what the function said."""
    functions = client("lambda")
    variables = functions.get_function_configuration(FunctionName=PROCESS)["Environment"]["Variables"]
    broken = variables | {"CLICKSTREAM_BUCKET": "no-such-bucket"}
    functions.update_function_configuration(FunctionName=PROCESS, Environment={"Variables": broken})
    try:
        done = smoke(environment, 45)
    finally:
        functions.update_function_configuration(FunctionName=PROCESS, Environment={"Variables": variables})
    assert done.returncode == 2, done.stdout
    assert "stage commit: 20 of 20 records are in no commit of the ledger after 45 s" in done.stderr
    assert re.search(rf"{PROCESS} failed: .*bucket.*see the log group /aws/lambda/{PROCESS}", done.stderr)
    assert re.search(rf"stay until `make erase ANONYMOUS=smoke-\w+ STACK={STACK}`", done.stderr)


def test_a_mapping_that_is_gone(environment: dict[str, str], client: Client) -> None:
    """The stage is that of sessions, which the function without a mapping keeps."""
    functions = client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=DETECT)["EventSourceMappings"]
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    try:
        done = smoke(environment, SHORT_S)
    finally:
        kept = ("BatchSize", "StartingPosition", "FunctionResponseTypes", "DestinationConfig")
        again = {name: mapping[name] for name in kept}
        arn = mapping["EventSourceArn"]
        functions.create_event_source_mapping(FunctionName=DETECT, EventSourceArn=arn, Enabled=False, **again)
    assert done.returncode == 2, done.stdout
    assert f"stage sessions: not all of 2 sessions are in {STACK}-session-metrics after {SHORT_S} s" in done.stderr
    assert f"{DETECT} has no event source mapping: deploy the stack again" in done.stderr


def test_a_workgroup_that_is_gone(environment: dict[str, str], client: Client) -> None:
    """The stage is that of the query, after all before it; nothing else asks Athena until then."""
    client("athena").delete_work_group(WorkGroup=STACK, RecursiveDeleteOption=True)
    done = smoke(environment)
    assert done.returncode == 2, done.stdout
    assert f"stage query: the Athena workgroup {STACK} cannot be read" in done.stderr
    assert "│ compaction" in done.stdout


def test_a_stack_that_is_not_there(environment: dict[str, str]) -> None:
    """Nothing is sent."""
    command = [sys.executable, "-m", "batch_jobs.prove_stack", "--stack", "clickstream-dev"]
    done = subprocess.run(command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stage stack: the stack clickstream-dev cannot be read" in done.stderr
