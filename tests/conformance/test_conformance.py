"""The local platform, recorded as an account is, does what the documentation says, and what transcripts of AWS say.

Transcripts of AWS are made by `make conformance-aws`; where there are none, those tests are skipped and say so.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_stores import call
from clickstream.errors import InfrastructureError
from local_aws.access import tool_environment
from local_aws.emulator import EMULATOR_FOLDER
from local_aws.state import PROJECT_FOLDER
from tests.conformance import event_source, permissions, queries
from tests.conformance.scenarios import BATCHES, QUESTIONS, STATEMENTS, Batch, Question
from tests.conformance.transcripts import FOLDER, Recorder, read
from tests.end_to_end.started_platform import endpoints_of, started_platform

NOBODY = "nobody has recorded an account yet: `make conformance-aws`"
Transcript = dict[str, Any]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transcripts of the local platform, recorded now."""
    if not (EMULATOR_FOLDER / "bin" / "python").exists():
        pytest.skip("the emulator is not installed; run `make setup`")
    out = tmp_path_factory.mktemp("transcripts")
    with started_platform(tmp_path_factory.mktemp("conformance")) as state:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = inherited | tool_environment(endpoints_of(state), inherited)
        command = [sys.executable, "-m", "tests.conformance", "--out", str(out)]
        done = subprocess.run(command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        assert "left behind" not in done.stderr
    return out / "local"


def of_aws(kind: str, name: str) -> Transcript:
    """A transcript of an account; skips where there is none."""
    found = read(FOLDER / "aws", kind).get(name)
    if found is None:
        pytest.skip(NOBODY)
    assert found["recorded_on"] == "aws"
    return found


def test_everything_is_recorded_without_names(local: Path) -> None:
    """A transcript for each scenario, and nothing in them of this run's resources."""
    assert read(local, event_source.KIND).keys() == {batch.name for batch in BATCHES}
    assert read(local, queries.KIND).keys() == STATEMENTS.keys()
    assert read(local, permissions.DECISION).keys() == {question.name for question in QUESTIONS}
    assert not [path for path in local.iterdir() if "conformance" in path.read_text()]


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_batches_are_delivered_as_documented(local: Path, batch: Batch) -> None:
    """Where the documentation leaves no choice: records of each try, and what is given up."""
    found = read(local, event_source.KIND)[batch.name]
    told = event_source.comparable(found)
    if batch.documented is not None:
        assert told["invocations"] == batch.documented
    if batch.given_up is not None:
        assert [(one["first"], one["last"]) for one in told["given_up"]] == batch.given_up
        assert {one["condition"] for one in told["given_up"]} <= {"RetryAttemptsExhausted"}
    assert told["invocations"][0] == list(range(len(batch.deeds)))
    assert all(one["payload"] == list(range(one["first"], one["last"] + 1)) for one in told["given_up"])


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_batches_are_delivered_as_in_an_account(local: Path, batch: Batch) -> None:
    """The local event source makes the same invocations and the same failure objects."""
    theirs = of_aws(event_source.KIND, batch.name)
    assert event_source.comparable(read(local, event_source.KIND)[batch.name]) == event_source.comparable(theirs)


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_end_as_in_an_account(local: Path, name: str) -> None:
    """The local Athena has the same state, words and files; what it refuses aloud is not held against it."""
    ours, theirs = read(local, queries.KIND)[name], of_aws(queries.KIND, name)
    if "NOT_SUPPORTED (local engine)" in str(ours.get("reason")):
        pytest.skip("the local engine says that it does not do this")
    assert queries.comparable(ours) == queries.comparable(theirs)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_policies_decide_as_in_an_account(question: Question) -> None:
    """The evaluator by which our roles are proven says what IAM's simulator said of the same statements."""
    theirs = of_aws(permissions.DECISION, question.name)
    assert theirs["statements"] == list(question.statements)
    assert permissions.local_decision(question) == theirs["is_allowed"]


@pytest.mark.parametrize("name", permissions.CALLS)
def test_a_denial_is_a_failure_and_no_answer(name: str) -> None:
    """No refusal of a service is taken for something that is not there, or that somebody else was faster with."""
    theirs = of_aws(permissions.DENIAL, name)

    def refused() -> None:
        raise ClientError({"Error": theirs["error"]}, "Call")

    with pytest.raises(InfrastructureError, match=theirs["error"]["Code"]):
        call(refused)


def test_names_of_an_account_are_scrubbed(tmp_path: Path) -> None:
    """Account numbers, keys, random ids and names of the run, wherever they stand."""
    recorder = Recorder("aws", tmp_path, {"conformance-1a2b3c4d": "run"})
    secret = {"arn": "arn:aws:s3:us-east-1:123456789012:x", "key": ["AKIA" + "IOSFODNN7EXAMPLE"]}
    uuid = "d5b1e7aa-5b1f-4a2e-9d8c-0123456789ab"
    recorder.write("denial", "x", secret | {f"conformance-1a2b3c4d-{uuid}": f"{uuid} of 123456789012"})
    found = read(tmp_path, "denial")["x"]
    assert found.pop("recorded_on") == "aws"
    assert {name: found[name] for name in found.keys() - {"date", "boto3"}} == {
        "arn": "arn:aws:s3:us-east-1:000000000000:x",
        "key": ["<key>"],
        "run-<uuid>": "<uuid> of 000000000000",
    }
