"""What `-c quicksightPrincipal=…` adds: source, datasets, analysis and dashboard, as the API's own model has them."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack

from cdk import checks
from cdk.budget import STACK_TAG
from cdk.cloudformation.folder import ASSETS, ROOT_FILE, write_folder
from cdk.cloudformation.root import BODY_LIMIT_BYTES
from cdk.options import read_config
from cdk.quicksight_datasets import DATASETS
from clickstream.errors import ConfigError
from tests.infra.policy_requests import ACCOUNT, REGION
from tests.infra.policy_template import Resolved
from tests.infra.quicksight_parts import CONTEXT, PRINCIPAL, faults, input_of, of_kind
from tests.infra.test_published_templates import LINT

Template = dict[str, Any]
WITHOUT_ENVIRONMENT = {"serving": "on", "quicksightPrincipal": PRINCIPAL}
TEMPLATE_LIMIT_BYTES = 1_000_000


def test_nothing_of_it_without_a_principal(template_of: Callable[..., Template], with_quicksight: Template) -> None:
    """With one, QuickSight is added, and only the state machine and its role change."""
    without = template_of(environment="production", serving="on")["Resources"]
    assert not any("QuickSight" in one["Type"] for one in without.values())
    changed = {name for name in without if with_quicksight["Resources"][name] != without[name]}
    assert {name.rstrip("0123456789ABCDEF") for name in changed} == {
        "BatchWorkflowRoleDefaultPolicy",
        "BatchWorkflowStateMachine",
    }
    added = [one["Type"] for name, one in with_quicksight["Resources"].items() if name not in without]
    assert Counter(added) == {
        "AWS::Athena::WorkGroup": 1,
        "AWS::IAM::Role": 1,
        "AWS::IAM::Policy": 1,
        "AWS::QuickSight::DataSource": 1,
        "AWS::QuickSight::DataSet": len(DATASETS),
        "AWS::QuickSight::Analysis": 1,
        "AWS::QuickSight::Dashboard": 1,
    }


def test_people_are_told_where_it_is(with_quicksight: Template, quicksight: Resolved) -> None:
    """The output has the id of the dashboard, in the region of the stack."""
    url = quicksight.value(with_quicksight["Outputs"]["QuickSightDashboardUrl"]["Value"])
    (dashboard,) = quicksight.of_type("QuickSight::Dashboard").values()
    assert url == f"https://{REGION}.quicksight.aws.amazon.com/sn/dashboards/{dashboard['DashboardId']}"


@pytest.mark.parametrize(
    "principal",
    [
        "ana",
        "arn:aws:iam::123456789012:user/ana",
        "arn:aws:quicksight:us-east-1:123456789012:namespace/default",
        "arn:aws:quicksight:us-east-1:123456789012:user/default/",
        "arn:aws:quicksight:us-east-1:12345:user/default/ana",
    ],
)
def test_who_is_no_principal(principal: str) -> None:
    """The message says how to find the right one."""
    with pytest.raises(ConfigError, match=r"quicksightPrincipal=.*aws quicksight list-users"):
        read_config({"serving": "on", "quicksightPrincipal": principal})


@pytest.mark.parametrize(
    "principal",
    [
        PRINCIPAL,
        "arn:aws:quicksight:eu-central-1:123456789012:group/default/analysts",
        "arn:aws:quicksight:us-east-1:123456789012:user/default/Analyst/ana@example.com",
        "arn:aws-us-gov:quicksight:us-gov-west-1:123456789012:user/shop/ana",
    ],
)
def test_who_is_a_principal(principal: str) -> None:
    """Users and groups of any name space and partition, and those who sign in by a role."""
    assert read_config({"serving": "on", "quicksightPrincipal": principal}).quicksight_principal == principal


def test_a_principal_alone_is_a_contradiction() -> None:
    """Nothing is deployed for analysts without `serving=on`."""
    with pytest.raises(ConfigError, match="quicksightPrincipal has no meaning without serving=on"):
        read_config({"quicksightPrincipal": PRINCIPAL})


def test_columns_are_those_of_the_glue_table(quicksight: Resolved) -> None:
    """In order, the day first; only flags are left out, and every column is asked for by name.

    That the types are those of Athena's answer is in tests/aws/test_quicksight_datasets.py.
    """
    types = {dataset.report.table.name: dataset.types for dataset in DATASETS}
    tables = {one["TableInput"]["Name"]: one["TableInput"] for one in quicksight.of_type("Glue::Table").values()}
    assert len(DATASETS) == len(quicksight.of_type("QuickSight::DataSet"))
    for dataset in quicksight.of_type("QuickSight::DataSet").values():
        query = dataset["PhysicalTableMap"]["report"]["CustomSql"]
        name = query["SqlQuery"].split('"')[3]
        table = tables[name]
        columns = [*table["PartitionKeys"], *table["StorageDescriptor"]["Columns"]]
        wanted = [one["Name"] for one in columns if one["Type"] != "boolean"]
        assert [one["Name"] for one in query["Columns"]] == wanted
        assert {one["Name"]: one["Type"] for one in query["Columns"]} == types[name]
        assert query["SqlQuery"].split(" FROM ")[0] == "SELECT " + ", ".join(wanted)


def test_source_and_datasets_are_what_the_api_takes(quicksight: Resolved) -> None:
    """Word by word, but for the policy on waiting, which is of CloudFormation; and the source is asked by TLS."""
    assert of_kind(quicksight, "DataSource")["SslProperties"] == {"DisableSsl": False}
    for kind in ("DataSource", "DataSet"):
        for given in quicksight.of_type(f"QuickSight::{kind}").values():
            given.pop("IngestionWaitPolicy", None)
            assert faults(given, input_of(kind)) == []


def test_only_the_principal_has_rights(quicksight: Resolved) -> None:
    """As owner of what is shown, and for the source, whose role they must not change, as user. All has the tag."""
    for kind in ("DataSource", "DataSet", "Analysis", "Dashboard"):
        for one in quicksight.of_type(f"QuickSight::{kind}").values():
            assert one["Tags"] == [{"Key": STACK_TAG, "Value": "clickstream-production"}]
            (granted,) = one["Permissions"]
            assert granted["Principal"] == PRINCIPAL
            assert (f"quicksight:Update{kind}" in granted["Actions"]) is (kind != "DataSource")


def test_a_deployment_waits_for_the_role_and_for_no_row(with_quicksight: Template) -> None:
    """Source after policy and workgroup, dataset after its table; the first import goes on by itself."""
    resources = with_quicksight["Resources"]
    (source,) = [one for one in resources.values() if one["Type"] == "AWS::QuickSight::DataSource"]
    assert {resources[name]["Type"] for name in source["DependsOn"]} >= {"AWS::IAM::Policy", "AWS::Athena::WorkGroup"}
    for one in resources.values():
        if one["Type"] == "AWS::QuickSight::DataSet":
            assert [resources[name]["Type"] for name in one["DependsOn"]] == ["AWS::Glue::Table"]
            assert one["Properties"]["IngestionWaitPolicy"] == {"WaitForSpiceIngestion": False}


def test_the_schemas_of_the_resources_are_kept(assembly: Callable[..., Path], tmp_path: Path) -> None:
    """CDK's own validation finds no wrong or deprecated property of QuickSight, and would find a wrong word."""
    assert "QuickSight" not in (assembly(**CONTEXT) / checks.REPORT).read_text()
    app = App(outdir=str(tmp_path))
    source = {"AwsAccountId": ACCOUNT, "DataSourceId": "x", "Name": "x", "Type": "ATENA"}
    CfnResource(Stack(app, "Wrong"), "Source", type="AWS::QuickSight::DataSource", properties=source)
    app.synth()
    assert "ATENA" in (tmp_path / checks.REPORT).read_text()


def test_published_templates_hold_it(build: Path, tmp_path: Path) -> None:
    """Below the sizes that CloudFormation takes, and to the liking of cfn-lint."""
    root = write_folder(tmp_path / "published", WITHOUT_ENVIRONMENT, ["staging"], build)
    assert len((root.parent / ROOT_FILE).read_bytes()) < BODY_LIMIT_BYTES
    (nested,) = (root.parent / ASSETS).glob("*.json")
    assert nested.stat().st_size < TEMPLATE_LIMIT_BYTES
    types = Counter(one["Type"] for one in json.loads(nested.read_text())["Resources"].values())
    assert types["AWS::QuickSight::DataSet"] == len(DATASETS)
    if not LINT.exists():
        pytest.skip("cfn-lint is not installed; run `make security-tools`")
    command = [str(LINT), "--ignore-checks", "W3005", "--regions", "us-east-1", "eu-central-1", "--", str(nested)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
