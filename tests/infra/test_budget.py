"""The budget: what it watches, whom it tells, and who lets it."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk.budget import STACK_TAG
from cdk.options import read_config
from clickstream.errors import ConfigError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "aws.md"
PYTHON = ROOT / ".build" / "security" / "bin" / "python"
"""Of the environment that holds cfn-lint."""
REGION = re.compile(r"\b[a-z]{2}-[a-z]+-\d\b")
OTHER_PARTITIONS = ("cn-", "eu-isoe-", "eusc-", "us-gov-", "us-iso")
Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
HERE = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
ADDED_BY_CDK = "CustomS3AutoDeleteObjects"
UNTAGGED = {
    *("AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::IAM::Policy", "AWS::Lambda::LayerVersion"),
    *("AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Glue::Database", "AWS::Glue::Table"),
    *("AWS::S3::BucketPolicy", "AWS::Scheduler::Schedule", "AWS::SNS::TopicPolicy"),
}
"""Types that take no tag by CloudFormation. None has a price of its own."""


@pytest.fixture
def budgeted(template_of: Callable[..., Template]) -> Template:
    """Staging, which has a key, with a budget."""
    return template_of(environment="staging", monthlyBudgetDollars=200)


def test_no_budget_unless_asked(template: Template) -> None:
    """There is none by default, and nothing lets it publish or use the key."""
    assert "udgets" not in json.dumps(template)


def test_a_budget_only_adds(template_of: Callable[..., Template], budgeted: Template) -> None:
    """What is there without it stays, but for the policies of the topic and of the key."""
    without = template_of(environment="staging")["Resources"]
    changed = {one["Type"] for name, one in without.items() if budgeted["Resources"].get(name) != one}
    assert changed == {"AWS::SNS::TopicPolicy", "AWS::KMS::Key"}
    (added,) = budgeted["Resources"].keys() - without.keys()
    assert {"RealtimeAlertsPolicy0DF3BE4C"} < set(budgeted["Resources"][added]["DependsOn"])


def test_when_it_tells(budgeted: Template, of_type: OfType) -> None:
    """At 80 % and 100 % spent and at a forecast of more than 100 %, the stack's topic is told."""
    (found,) = of_type(budgeted, "Budgets::Budget")
    (topic,) = [name for name, one in budgeted["Resources"].items() if one["Type"] == "AWS::SNS::Topic"]
    told = [(one["Notification"]["NotificationType"], one["Notification"]["Threshold"]) for one in _notified(found)]
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    subscribers = [one["Subscribers"] for one in _notified(found)]
    assert subscribers == [[{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]] * 3


def test_what_it_watches(budgeted: Template, template_of: Callable[..., Template], of_type: OfType) -> None:
    """The account, without credits and refunds; or what has the stack's tag."""
    (account,) = of_type(budgeted, "Budgets::Budget")
    assert account["Budget"]["BudgetLimit"] == {"Amount": 200, "Unit": "USD"}
    assert account["Budget"]["CostTypes"] == {"IncludeCredit": False, "IncludeRefund": False}
    assert "CostFilters" not in account["Budget"]
    by_tag = template_of(environment="staging", monthlyBudgetDollars=200, budgetScope="stack")
    (stack,) = of_type(by_tag, "Budgets::Budget")
    assert stack["Budget"]["CostFilters"] == {"TagKeyValue": [f"user:{STACK_TAG}$clickstream-staging"]}


def test_everything_with_a_price_has_the_tag(template: Template) -> None:
    """Whatever type takes a tag carries the name of the stack; but for what CDK adds to empty a bucket of dev."""
    (name,) = {resource["Properties"]["Name"] for resource in template["Resources"].values() if _is_stream(resource)}
    value = name.removesuffix("-events")
    ours = {id_: one for id_, one in template["Resources"].items() if not id_.startswith(ADDED_BY_CDK)}
    found = {one["Type"] for one in ours.values() if not _has_tag(one, value)}
    assert found - {"Custom::S3AutoDeleteObjects"} <= UNTAGGED


def test_budgets_may_publish(budgeted: Template, of_type: OfType) -> None:
    """Topic and key let budgets of this account, beside its alarms, and no other service more."""
    (policy,), (key,) = of_type(budgeted, "SNS::TopicPolicy"), of_type(budgeted, "KMS::Key")
    for document, actions in (
        (policy["PolicyDocument"], "sns:Publish"),
        (key["KeyPolicy"], ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ):
        (statement,) = [one for one in document["Statement"] if one.get("Sid") == "Budgets"]
        assert statement["Principal"] == {"Service": "budgets.amazonaws.com"}
        assert (statement["Effect"], statement["Action"], statement["Condition"]) == ("Allow", actions, HERE)


def test_without_a_key_only_the_topic_lets_it(template_of: Callable[..., Template], of_type: OfType) -> None:
    """In dev there is no key to use."""
    dev = template_of(environment="dev", monthlyBudgetDollars=200)
    assert of_type(dev, "KMS::Key") == []
    assert len(of_type(dev, "Budgets::Budget")) == 1


def test_nothing_has_a_price_here() -> None:
    """The local platform refuses a budget, and says where the price is."""
    with pytest.raises(ConfigError, match=r"monthlyBudgetDollars is for AWS: .* `make cost`"):
        read_config({"environment": "local", "monthlyBudgetDollars": 200})


def test_regions_without_budgets_are_named() -> None:
    """The page lists exactly the regions in which CloudFormation would refuse the template."""
    if not PYTHON.exists():
        pytest.skip("cfn-lint is not installed; run `make security-tools`")
    (named,) = re.findall(r"knows no budgets in\s(.*?)\.\s", PAGE.read_text(), re.DOTALL)
    script = (
        "from cfnlint.helpers import REGIONS; from cfnlint.schema import PROVIDER_SCHEMA_MANAGER as known; "
        "print(*(one for one in REGIONS if 'AWS::Budgets::Budget' not in known.get_resource_types(one)))"
    )
    result = subprocess.run([PYTHON, "-c", script], capture_output=True, text=True, check=True)
    unknown = {region for region in result.stdout.split() if not region.startswith(OTHER_PARTITIONS)}
    assert set(REGION.findall(named)) == unknown
    assert unknown


def _notified(budget: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = budget["NotificationsWithSubscribers"]
    return found


def _is_stream(resource: dict[str, Any]) -> bool:
    return str(resource["Type"]) == "AWS::Kinesis::Stream"


def _has_tag(resource: dict[str, Any], value: str) -> bool:
    tags = resource.get("Properties", {}).get("Tags", [])
    pairs = tags.items() if isinstance(tags, dict) else ((tag["Key"], tag["Value"]) for tag in tags)
    return (STACK_TAG, value) in pairs
