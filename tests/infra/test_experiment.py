"""The experiment with faults: what it does to which function, what ends it, and what its role may do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk import checks
from cdk.experiment import STOPS
from cdk.options import read_config
from clickstream.errors import ConfigError

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def with_faults(template_of: Callable[..., Template]) -> Template:
    """A staging stack with the experiment."""
    return template_of(environment="staging", faultInjection="on")


def test_three_faults_one_after_the_other(with_faults: Template, of_type: OfType) -> None:
    """Slow, failed before the work, failed after it: ten minutes each, half of the invocations of one function."""
    (experiment,) = of_type(with_faults, "FIS::ExperimentTemplate")
    actions = experiment["Actions"]
    assert [(name, action["ActionId"], action.get("StartAfter")) for name, action in actions.items()] == [
        ("Slow", "aws:lambda:invocation-add-delay", None),
        ("FailsBefore", "aws:lambda:invocation-error", ["Slow"]),
        ("FailsAfter", "aws:lambda:invocation-error", ["FailsBefore"]),
    ]
    assert {action["Parameters"]["duration"] for action in actions.values()} == {"PT10M"}
    assert [action["Parameters"].get("preventExecution") for action in actions.values()] == [None, "true", "false"]
    (target,) = experiment["Targets"].values()
    (function,) = target["ResourceArns"]
    assert with_faults["Resources"][function["Fn::GetAtt"][0]]["Properties"]["Handler"] == "process_events.handler"


def test_what_must_not_happen_ends_it(with_faults: Template, of_type: OfType) -> None:
    """Loss, a late consumer and a ledger or counters that do not add up; errors do not, they are wanted."""
    (experiment,) = of_type(with_faults, "FIS::ExperimentTemplate")
    ids = [condition["Value"]["Fn::GetAtt"][0] for condition in experiment["StopConditions"]]
    names = [with_faults["Resources"][each]["Properties"]["AlarmName"] for each in ids]
    assert names == [f"clickstream-staging-{name}" for name in STOPS]


def test_the_function_finds_its_faults(with_faults: Template, of_type: OfType) -> None:
    """Extension, wrapper and folder are those of the service, and in this one function alone."""
    functions = {one["Handler"]: one for one in of_type(with_faults, "Lambda::Function")}
    processor = functions.pop("process_events.handler")
    variables = processor["Environment"]["Variables"]
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/aws-fis/bootstrap"
    assert variables["AWS_FIS_CONFIGURATION_LOCATION"]["Fn::Join"][1][-1] == "/FisConfigs/"
    (layer,) = [layer for layer in processor["Layers"] if layer["Ref"] in with_faults["Parameters"]]
    parameter = with_faults["Parameters"][layer["Ref"]]
    assert parameter["Default"] == "/aws/service/fis/lambda-extension/AWS-FIS-extension-x86_64/1.x.x"
    assert not any("AWS_LAMBDA_EXEC_WRAPPER" in one["Environment"]["Variables"] for one in functions.values())


def test_the_role_is_of_the_service_and_small(with_faults: Template, of_type: OfType) -> None:
    """It writes into one folder, and reads one function; only this account's experiments may take it."""
    policies = [one["PolicyDocument"]["Statement"] for one in of_type(with_faults, "IAM::Policy")]
    (statements,) = [each for each in policies if any(one["Sid"] == "WriteFaults" for one in each)]
    granted = {one["Sid"]: one["Action"] for one in statements}
    assert granted == {
        "WriteFaults": ["s3:PutObject", "s3:DeleteObject"],
        "ReadFunction": "lambda:GetFunction",
        "FindTargets": "tag:GetResources",
        "EncryptWithKey": "kms:GenerateDataKey",
    }
    trusts = [one["AssumeRolePolicyDocument"]["Statement"][0] for one in of_type(with_faults, "IAM::Role")]
    (trust,) = [one for one in trusts if one["Principal"].get("Service") == "fis.amazonaws.com"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_without_the_switch_there_is_nothing_of_it(template: Template) -> None:
    """Not even the layer."""
    assert "FIS" not in str(template)
    assert "aws-fis" not in str(template)


def test_gates_find_nothing_in_it(tmp_path: Path) -> None:
    """The packs and rules that hold for the stack hold for the experiment."""
    app = checks.application(tmp_path, ("staging",), faultInjection="on")
    assert checks.findings(app, tmp_path / "out") == []


def test_no_emulator_injects_faults() -> None:
    """The refusal says what to do instead."""
    with pytest.raises(ConfigError, match=r"faultInjection=on needs AWS: .* `make simulate` plays them here"):
        read_config({"environment": "local", "faultInjection": "on"})
