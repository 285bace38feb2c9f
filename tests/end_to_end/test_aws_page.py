"""The commands of docs/aws.md with the real AWS command line, on a published template that the local platform deploys.

The platform nests no stacks, so the template that the root would pick is deployed itself.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cdk.cloudformation.folder import ASSETS, write_folder
from cdk.cloudformation.publishing import publish
from local_aws.access import ACCOUNT, REGION, tool_environment
from local_aws.state import PROJECT_FOLDER
from tests.end_to_end.nesting_account import TOOLS
from tests.end_to_end.started_platform import endpoints_of, started_platform

PAGE = PROJECT_FOLDER / "docs" / "aws.md"
STACK = "clickstream-analytics"
NOBODY = "http://127.0.0.1:9"
"""An address at which nothing listens."""
PARAMETERS = {"StreamShardCount": "3", "LambdaMemorySize": "512", "DataRetentionDays": "90"}


@pytest.fixture(scope="module")
def account(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a platform on which the template is deployed."""
    if not (TOOLS / "aws").exists():
        pytest.skip("the AWS command line is not installed; run `make .build/aws-tools/installed`")
    with started_platform(tmp_path_factory.mktemp("platform")) as state:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        variables = tool_environment(endpoints_of(state), inherited)
        path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
        environment = {**inherited, **variables, "PATH": path, "AWS_CONFIG_FILE": os.devnull}
        _deploy(environment, tmp_path_factory.mktemp("published"))
        yield environment


def _deploy(environment: dict[str, str], folder: Path) -> None:
    write_folder(folder, {}, ["local"])
    session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", environment["AWS_ENDPOINT_URL"])
        list(publish(session, folder, "", "lake/"))
    bucket = f"clickstream-assets-{ACCOUNT}-{REGION}"
    (template,) = (folder / ASSETS).glob("local-*.json")
    parameters = {**PARAMETERS, "AssetBucket": bucket, "AssetPrefix": "lake/"}
    words = [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
    # The platform finds a template by this form of its address alone.
    address = f"https://s3.{REGION}.amazonaws.com/{bucket}/lake/{template.name}"
    create = ("create-stack", "--stack-name", STACK, "--template-url", address, "--capabilities", "CAPABILITY_IAM")
    for command in ((*create, "--parameters", *words), ("wait", "stack-create-complete", "--stack-name", STACK)):
        result = _bash(environment, " ".join(("aws", "cloudformation", *command)))
        assert result.returncode == 0, result.stderr


def _bash(environment: dict[str, str], script: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command,
        cwd=PROJECT_FOLDER,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _block(heading: str, number: int = 0) -> str:
    """The commands of a section of the page, as written."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return blocks[number]


def test_commands_that_watch(account: dict[str, str]) -> None:
    """Logs, table, function and stream answer by the names of the outputs; the sizes are those of the parameters."""
    result = _bash(account, _block("Watch it"))
    assert result.returncode == 0, result.stderr
    assert "/aws/lambda/clickstream-local-process-events" in result.stdout
    for line in ('"ACTIVE"', "1024", "#dashboards:name=clickstream-local"):
        assert line in result.stdout
    summary = "aws kinesis describe-stream-summary --stream-name clickstream-local-events --output text --query"
    shards = _bash(account, f"{summary} StreamDescriptionSummary.OpenShardCount")
    assert shards.stdout.strip() == "3"
    function = "aws lambda get-function --function-name clickstream-local-process-events"
    days = _bash(account, f"{function} --query Configuration.Environment.Variables.CLICKSTREAM_RETENTION_DAYS")
    assert days.stdout.strip() == '"90"'


def test_an_alarm_of_ones_own(account: dict[str, str]) -> None:
    """The alarm of the page is accepted and found again; the stack's own knows the number of shards."""
    script = "FUNCTION_NAME=clickstream-local-process-events\n" + _block("Watch it", 1)
    result = _bash(account, script)
    assert result.returncode == 0, result.stderr
    thresholds = "aws cloudwatch describe-alarms --output text --query"
    own = _bash(account, f"{thresholds} \"MetricAlarms[?AlarmName=='ClickstreamHighErrorCount'].Threshold\"")
    assert float(own.stdout) == 5
    busy = _bash(account, f"{thresholds} \"MetricAlarms[?AlarmName=='clickstream-local-StreamHalfFull'].Threshold\"")
    assert float(busy.stdout) == 3e8


def test_a_stack_is_protected(account: dict[str, str]) -> None:
    """The command that the page gives for the doors which cannot protect a stack is taken, and seen."""
    result = _bash(account, _block("CloudFormation", 1))
    assert result.returncode == 0, result.stderr
    asked = f"aws cloudformation describe-stacks --stack-name {STACK} --output text --query"
    assert _bash(account, f"{asked} 'Stacks[0].EnableTerminationProtection'").stdout.strip() == "True"


@pytest.mark.parametrize(("heading", "number"), [("A budget", 0), ("A budget", 1), ("Limits of a new account", 0)])
def test_commands_that_no_emulator_answers(account: dict[str, str], heading: str, number: int) -> None:
    """The command line takes each as written: it gets as far as to call a service, which is not there."""
    for command in re.findall(r"^aws .*(?:\n .*)*", _block(heading, number), re.MULTILINE):
        result = _bash({**account, "AWS_MAX_ATTEMPTS": "1"}, f"{command} --endpoint-url {NOBODY}")
        assert f'Could not connect to the endpoint URL: "{NOBODY}' in result.stderr, (command, result.stderr)


def test_what_clean_up_asks(account: dict[str, str]) -> None:
    """The lists that show what is left are lists of what is there."""
    lists = _block("Take it away").partition("aws kinesis")
    result = _bash(account, "".join(lists[1:]))
    assert result.returncode == 0, result.stderr
    for name in ("events", "counters", "process-events"):
        assert f"clickstream-local-{name}" in result.stdout
