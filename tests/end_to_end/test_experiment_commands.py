"""The commands of docs/aws.md that break a stack on purpose, with the real AWS command line, on moto's FIS.

It keeps the experiment that the template asks for, and injects nothing: what faults do is played by `make simulate`.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cdk.cloudformation.folder import ASSETS, write_folder
from cdk.layer import TARGETS, archive_path
from local_aws.state import PROJECT_FOLDER
from tests.end_to_end.nesting_account import TOOLS, nesting_account

PAGE = (PROJECT_FOLDER / "docs" / "aws.md").read_text(encoding="utf-8")
STACK = "clickstream-staging"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The properties of the synthesised experiment."""
    build, folder = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("published")
    for name in TARGETS:
        archive_path(name, build).write_bytes(EMPTY_ZIP)
    write_folder(folder, {"faultInjection": "on"}, ["staging"], build)
    (path,) = (folder / ASSETS).glob("staging-*.json")
    resources = json.loads(path.read_text())["Resources"].values()
    found: dict[str, Any]
    (found,) = (one["Properties"] for one in resources if one["Type"] == "AWS::FIS::ExperimentTemplate")
    return found


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, experiment: dict[str, Any]) -> Iterator[dict[str, str]]:
    """An account with the experiment, and a stack whose output names it."""
    if not (TOOLS / "moto_server").exists():
        pytest.skip("the AWS command line is not installed; run `make .build/aws-tools/installed`")
    with nesting_account(tmp_path_factory.mktemp("account") / "server.log") as environment:
        access = (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        session = boto3.Session(*access, region_name=environment["AWS_DEFAULT_REGION"])
        address = environment["AWS_ENDPOINT_URL"]
        fis: Any = session.client("fis", endpoint_url=address)
        arguments = _as_called(
            experiment, fis.meta.service_model.operation_model("CreateExperimentTemplate").input_shape
        )
        made = fis.create_experiment_template(clientToken="once", **arguments)
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {"ExperimentTemplateId": {"Value": made["experimentTemplate"]["id"]}},
        }
        stacks = session.client("cloudformation", endpoint_url=address)
        stacks.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
        yield environment


def test_the_experiment_is_started_and_listed(account: dict[str, str]) -> None:
    """The commands as written: the id comes from the stack's output, and the list shows what was started."""
    section = PAGE.partition("\n## Break it on purpose\n")[2].partition("\n## ")[0]
    commands = [line for line in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0].splitlines() if "aws" in line]
    assert len(commands) == 2
    (output,) = re.findall(r"^output\(\).*$", PAGE, re.MULTILINE)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join((f"STACK={STACK}", output, *commands))],
        env=account,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    started, listed = re.split(r"(?<=^\})\n(?=\[)", done.stdout, maxsplit=1, flags=re.MULTILINE)
    told = json.loads(started)["experiment"]
    assert list(told["actions"]) == ["Slow", "FailsBefore", "FailsAfter"]
    ((listed_id, state),) = json.loads(listed)
    assert listed_id == told["id"]
    assert state in {"pending", "initiating", "running", "completed"}


def _as_called(value: Any, shape: Any) -> Any:
    """Properties of CloudFormation as an argument of this shape: other first letters; references become some ARN."""
    if isinstance(value, dict) and value.keys() & {"Ref", "Fn::GetAtt", "Fn::Join"}:
        return f"arn:aws:lambda:us-east-1:123456789012:{re.sub(r'[^A-Za-z]', '', str(value))[:40]}"
    if shape.type_name == "structure":
        called = {name[0].lower() + name[1:]: inner for name, inner in value.items()}
        return {name: _as_called(inner, shape.members[name]) for name, inner in called.items()}
    if shape.type_name == "map":
        return {name: _as_called(inner, shape.value) for name, inner in value.items()}
    return [_as_called(inner, shape.member) for inner in value] if shape.type_name == "list" else value
