"""Roles for people in the template: only those that were asked for, who may assume them, and what goes with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk import checks
from cdk.cloudformation.folder import ASSETS, write_folder
from cdk.people_acknowledgements import wildcards
from tests.infra.people_account import PRINCIPALS

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
OUTPUTS = {
    "analystPrincipal": {"AnalystRoleArn", "AnalystWorkgroupName"},
    "scientistPrincipal": {"ScientistRoleArn"},
    "onCallPrincipal": {"OnCallRoleArn"},
    "recoveryPrincipal": {"RecoveryRoleArn"},
}
"""What each option adds."""


@pytest.fixture
def with_people(template_of: Callable[..., Template]) -> Template:
    """Production with every role for people."""
    return template_of(environment="production", **PRINCIPALS)


def trusts(template: Template) -> dict[str, dict[str, Any]]:
    """Who may assume the roles for people, by the start of their logical ids."""
    found = {name: one for name, one in template["Resources"].items() if name.startswith("People")}
    return {
        name[len("People") : -8]: one["Properties"] for name, one in found.items() if one["Type"] == "AWS::IAM::Role"
    }


def test_nobody_unless_named(template: Template) -> None:
    """Without the options there is no role for people and no output of one."""
    assert trusts(template) == {}
    assert not template["Outputs"].keys() & set().union(*OUTPUTS.values())


@pytest.mark.parametrize("option", OUTPUTS)
def test_each_comes_alone(template_of: Callable[..., Template], with_people: Template, option: str) -> None:
    """An option adds its role and what goes with it, and changes nothing that is there without it."""
    plain = template_of(environment="local")
    template = template_of(environment="local", **{option: PRINCIPALS[option]})
    assert {name: template["Resources"].get(name) for name in plain["Resources"]} == plain["Resources"]
    assert template["Outputs"].keys() - plain["Outputs"].keys() == OUTPUTS[option]
    assert len(trusts(template)) == 1
    assert OUTPUTS[option] <= with_people["Outputs"].keys()


def test_only_who_was_named_may_assume_them(with_people: Template) -> None:
    """One principal each, for an hour; a user must have proven a second factor, of a role it cannot be asked."""
    found = trusts(with_people)
    assert found.keys() == {"Analyst", "Scientist", "OnCall", "Recovery"}
    for name, role in found.items():
        option = f"{name[0].lower()}{name[1:]}Principal"
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert (statement["Action"], statement["Principal"]) == ("sts:AssumeRole", {"AWS": PRINCIPALS[option]})
        second_factor = {"Bool": {"aws:MultiFactorAuthPresent": "true"}} if ":user/" in PRINCIPALS[option] else None
        assert statement.get("Condition") == second_factor
        assert (role["MaxSessionDuration"], "RoleName" in role) == (3600, False)


def test_analysts_have_a_workgroup_of_their_own(with_people: Template, of_type: OfType) -> None:
    """As guarded as that of the lake; only the folder of its answers differs."""
    own, of_lake = (
        next(one for one in of_type(with_people, "Athena::WorkGroup") if one["Name"] == name)
        for name in ("clickstream-production-analyst", "clickstream-production")
    )
    folders = [
        one["WorkGroupConfiguration"]["ResultConfiguration"].pop("OutputLocation")["Fn::Join"][1][-1]
        for one in (own, of_lake)
    ]
    assert folders == ["/athena-results/analyst/", "/athena-results/"]
    assert own["WorkGroupConfiguration"] == of_lake["WorkGroupConfiguration"]


def test_everything_at_once_is_listed_without_resources(with_people: Template, of_type: OfType) -> None:
    """What is for every resource only lists, counts or describes; no action has a wildcard."""
    statements = [
        one for policy in of_type(with_people, "IAM::Policy") for one in policy["PolicyDocument"]["Statement"]
    ]
    allowed = [one for one in statements if one["Resource"] == "*" and one["Action"] != "cloudwatch:PutMetricData"]
    actions = {
        action for one in allowed for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert actions == {
        *("athena:ListDataCatalogs", "athena:ListWorkGroups", "lambda:ListEventSourceMappings"),
        *("cloudwatch:GetMetricData", "cloudwatch:ListDashboards", "cloudwatch:ListMetrics"),
    }
    assert all(one["Effect"] == "Allow" for one in statements)


@pytest.mark.parametrize("key", ["on", "off"])
def test_gates_find_nothing(tmp_path: Path, key: str) -> None:
    """cdk-nag and our rules, with and without a key of the account; every acknowledgement of the roles is needed."""
    app = checks.application(tmp_path, ("production",), customerKey=key, **PRINCIPALS)
    assert checks.findings(app, tmp_path / "out") == []
    report = (tmp_path / "out" / checks.REPORT).read_text()
    assert [one for one, _ in wildcards("LakeBucketB1D32E10", "clickstream-production") if one not in report] == []


def test_published_templates_have_them(build: Path, tmp_path: Path) -> None:
    """The options are decided when templates are written, and the root hands the outputs on."""
    root = write_folder(tmp_path / "published", PRINCIPALS, ["staging"], build)
    (nested,) = (root.parent / ASSETS).glob("staging-*.json")
    for principal in PRINCIPALS.values():
        assert principal in nested.read_text()
    assert all(f"Outputs.{name}" in root.read_text() for names in OUTPUTS.values() for name in names)
