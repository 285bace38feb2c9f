"""SageMaker's part of `-c serving=on`: what is there, how it is closed, and every gate with a notebook."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_jobs.sagemaker_images import ACCOUNTS, training_image
from cdk import checks
from cdk.acknowledgements import CHECKOV
from cdk.cloudformation.folder import ROOT_FILE, write_folder
from cdk.cloudformation.root import BODY_LIMIT_BYTES
from cdk.config import Config
from cdk.options import read_config
from cdk.sagemaker_findings import of_notebook, wildcards
from clickstream.errors import ConfigError
from tests.infra.policy_template import Resolved
from tests.infra.test_checkov import findings, scan

Template = dict[str, Any]
NOTEBOOK = {"serving": "on", "notebookInstance": "ml.t3.medium"}
LINT = Path(__file__).parents[2] / ".build" / "security" / "bin" / "cfn-lint"
LIFECYCLE_LIMIT = 16_384
"""Letters of a script in base64. Source: SageMaker API reference, NotebookInstanceLifecycleHook."""
KEPT = {
    "AWS::SageMaker::ModelPackageGroup ServingSageMakerModelsE84968D6 clickstream-production-sessions",
    "AWS::SageMaker::NotebookInstance ServingSageMakerNotebookInstance3297BD1D clickstream-production-notebook",
}
"""What CloudFormation would replace, with packages or people's files in it, under another id or name."""


@pytest.fixture
def with_notebook(template_of: Callable[..., Template]) -> Template:
    """Production with a notebook."""
    return template_of(environment="production", **NOTEBOOK)


def test_no_notebook_unless_asked(template_of: Callable[..., Template]) -> None:
    """It costs by the hour: `serving=on` alone brings the role and the registry, which cost nothing."""
    template = template_of(environment="production", serving="on")
    kinds = [one["Type"] for one in template["Resources"].values() if "SageMaker" in one["Type"]]
    assert kinds == ["AWS::SageMaker::ModelPackageGroup"]
    assert {"TrainingRoleArn", "ModelPackageGroupName"} <= template["Outputs"].keys()
    assert "NotebookInstanceName" not in template["Outputs"]


def test_the_instance_is_closed(with_notebook: Template) -> None:
    """No root, no credentials by the old metadata service, the key of the account on its volume."""
    (instance,) = Resolved(with_notebook).of_type("SageMaker::NotebookInstance").values()
    assert instance["InstanceType"] == "ml.t3.medium"
    assert instance["RootAccess"] == "Disabled"
    assert instance["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "2"}
    assert instance["KmsKeyId"].startswith("encryptionkey")
    assert with_notebook["Outputs"]["NotebookInstanceName"]["Value"] == instance["NotebookInstanceName"]


def test_the_script_of_a_start_fits(with_notebook: Template) -> None:
    """With names of any length, which are known when it is deployed, it stays far below the limit."""
    (lifecycle,) = Resolved(with_notebook).of_type("SageMaker::NotebookInstanceLifecycleConfig").values()
    text = json.dumps(lifecycle["OnStart"][0]["Content"]["Fn::Base64"])
    assert len(base64.b64encode(text.encode())) + 1_000 < LIFECYCLE_LIMIT


def test_what_is_in_it_keeps_its_identity(with_notebook: Template) -> None:
    """Under another id or name, packages would be left behind and people's files go."""
    names = ("ModelPackageGroupName", "NotebookInstanceName")
    found = {
        f"{one['Type']} {place} {one['Properties'][name]}"
        for place, one in with_notebook["Resources"].items()
        for name in names
        if one["Type"] == f"AWS::SageMaker::{name.removesuffix('Name')}"
    }
    assert found == KEPT


def test_the_emulator_has_none() -> None:
    """It is refused with serving, before anything is deployed."""
    with pytest.raises(ConfigError, match="serving=on is for AWS"):
        read_config({"environment": "local", **NOTEBOOK})


def test_checks_find_nothing(tmp_path: Path) -> None:
    """cdk-nag and our own rules, with the key of the account and without; and every reason that we keep is needed."""
    app = checks.application(tmp_path, ("dev", "production"), **NOTEBOOK)
    assert checks.findings(app, tmp_path / "out") == []
    report = json.loads((tmp_path / "out" / checks.REPORT).read_text())
    used = {one["acknowledgedId"] for plugin in report["pluginReports"] for one in plugin["suppressedViolations"]}
    for environment in ("dev", "production"):
        config = read_config({"environment": environment, **NOTEBOOK})
        assert {rule for rule, _ in of_notebook(config)} <= used
        assert {rule for rule, _ in wildcards(config, "LakeBucketB1D32E10")} <= used
    assert list(of_notebook(Config())) == []


def test_the_rules_of_cloudformation(assembly: Callable[..., Path], build: Path, tmp_path: Path) -> None:
    """cfn-lint finds nothing in the template of the CDK, nor in the published ones, whose root fits into a request."""
    if not LINT.exists():
        pytest.skip("cfn-lint is not installed; run `make security-tools`")
    root = write_folder(tmp_path / "out", NOTEBOOK, ["dev", "production"], build)
    assert (root.name, root.stat().st_size < BODY_LIMIT_BYTES) == (ROOT_FILE, True)
    assert "NotebookInstanceName" in yaml.safe_load(root.read_text())["Outputs"]
    by_cdk = assembly(environment="production", **NOTEBOOK).glob("*.template.json")
    files = [*map(str, by_cdk), str(root), *map(str, (tmp_path / "out" / "assets").glob("*.json"))]
    command = [str(LINT), "--ignore-checks", "W3005", "--", *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (len(files), result.returncode, result.stdout) == (4, 0, "")


def test_checkov_finds_nothing_new(assembly: Callable[..., Path]) -> None:
    """In production, where the volume has a key of the account, SageMaker's part has no finding at all."""
    found = findings(scan(assembly(environment="production", **NOTEBOOK).glob("*.template.json")))
    assert {one for one in found if one[2].startswith("Serving")} == set()
    assert {check for check, _, _ in found} == {check for check, _ in CHECKOV}


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("eu-central-1", "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"),
        ("cn-north-1", "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.4-2-cpu-py3"),
    ],
)
def test_the_container(region: str, address: str) -> None:
    """Each region has a registry of its own; China another domain."""
    assert training_image(region) == address
    assert all(len(account) == 12 and account.isdigit() for account in ACCOUNTS.values())


def test_a_region_without_a_container() -> None:
    """The message says what to do instead."""
    with pytest.raises(ConfigError, match="no container with scikit-learn in mx-central-1: train here instead"):
        training_image("mx-central-1")
