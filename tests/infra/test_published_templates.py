"""The published templates: the same stack as by `cdk deploy`, with parameters that CloudFormation checks."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk.cloudformation.__main__ import main
from cdk.cloudformation.folder import ASSETS, ROOT_FILE, write_folder
from cdk.cloudformation.parameters import PUBLISHED, size_parameters
from cdk.cloudformation.root import BODY_LIMIT_BYTES
from clickstream.errors import ConfigError
from tests.infra.published_templates import comparable, with_values

ROOT = Path(__file__).parents[2]
LINT = ROOT / ".build" / "security" / "bin" / "cfn-lint"
CDK_BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
Template = dict[str, Any]


@pytest.fixture(scope="module")
def root(published: Path) -> Template:
    """The root template."""
    found: Template = yaml.safe_load((published / ROOT_FILE).read_text())
    return found


@pytest.fixture(scope="module")
def nested(published: Path, root: Template) -> dict[str, Template]:
    """The template of each environment, as the root finds it."""
    names = {key: row["Name"] for key, row in root["Mappings"]["Templates"].items()}
    return {key: json.loads((published / ASSETS / name).read_text()) for key, name in names.items()}


def test_the_root_can_be_sent_with_the_request(published: Path) -> None:
    """It is below the limit of `--template-body`, and YAML that CloudFormation reads: without aliases."""
    text = (published / ROOT_FILE).read_text()
    assert len(text.encode()) < BODY_LIMIT_BYTES
    assert "*id" not in text
    assert "&id" not in text


def test_parameters(root: Template) -> None:
    """The root asks for the four names of the documentation with their defaults, and for the place of the assets."""
    defaults = {name: declaration["Default"] for name, declaration in root["Parameters"].items()}
    assert defaults == {
        "Environment": "dev",
        "StreamShardCount": 2,
        "LambdaMemorySize": 256,
        "DataRetentionDays": 30,
        "AssetBucket": "",
        "AssetPrefix": "clickstream/",
    }
    assert root["Parameters"]["Environment"]["AllowedValues"] == ["dev", "staging", "production"]
    shown = root["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in shown for name in group["Parameters"]] == list(root["Parameters"])


def test_the_nested_templates_allow_what_the_root_allows(root: Template, nested: dict[str, Template]) -> None:
    """A value that passed the root is not refused half-way, and the root passes every parameter on."""
    passed = root["Resources"]["Clickstream"]["Properties"]["Parameters"]
    for template in nested.values():
        assert passed.keys() == template["Parameters"].keys()
        for name in size_parameters():
            ours = {k: str(v) for k, v in root["Parameters"][name].items() if k != "AllowedValues"}
            theirs = {k: str(v) for k, v in template["Parameters"][name].items() if k != "AllowedValues"}
            assert theirs == ours
        allowed = [int(size) for size in template["Parameters"]["LambdaMemorySize"]["AllowedValues"]]
        assert allowed == root["Parameters"]["LambdaMemorySize"]["AllowedValues"]


def test_outputs(root: Template, nested: dict[str, Template], templates: dict[str, Template]) -> None:
    """Every output that `cdk deploy` gives is an output of the nested stack and of the root."""
    for name, template in nested.items():
        assert root["Outputs"].keys() == template["Outputs"].keys() == templates[name]["Outputs"].keys()
    for name, output in root["Outputs"].items():
        assert output["Value"] == {"Fn::GetAtt": ["Clickstream", f"Outputs.{name}"]}


@pytest.mark.parametrize(
    ("environment", "shards", "memory", "days"), [*((name, 2, 256, 30) for name in PUBLISHED), ("staging", 4, 2048, 90)]
)
def test_the_same_stack_as_by_cdk(
    nested: dict[str, Template],
    template_of: Callable[..., Template],
    environment: str,
    shards: int,
    memory: int,
    days: int,
) -> None:
    """With values for its parameters, a published template has exactly the resources of the CDK's own."""
    values = {"StreamShardCount": str(shards), "LambdaMemorySize": str(memory), "DataRetentionDays": str(days)}
    deployed = with_values(nested[environment], {**values, "AssetBucket": CDK_BUCKET, "AssetPrefix": ""})
    by_cdk = template_of(
        environment=environment, streamShardCount=shards, lambdaMemorySize=memory, dataRetentionDays=days
    )
    assert comparable(deployed) == comparable(with_values(by_cdk, {}))


def test_one_capability_is_enough(nested: dict[str, Template]) -> None:
    """CAPABILITY_IAM suffices: no role has a name, nothing is a macro; and no bootstrap is asked for."""
    for template in nested.values():
        roles = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
        assert roles
        assert not any("RoleName" in role for role in roles)
        assert not {"Transform", "Rules"} & template.keys()
        assert "BootstrapVersion" not in template["Parameters"]
        assert "hnb659fds" not in json.dumps(template)


def test_every_asset_is_in_the_folder(published: Path, nested: dict[str, Template]) -> None:
    """What the templates take from the bucket is what publishing puts there, and nothing else."""
    files = {path.name for path in (published / ASSETS).iterdir()}
    text = json.dumps(nested)
    code = {name for name in files if not name.endswith(".json")}
    assert code
    assert [name for name in code if f"${{AssetPrefix}}{name}" not in text] == []
    assert text.count("${AssetPrefix}") == sum(text.count(f"${{AssetPrefix}}{name}") for name in code)
    assert len(files - code) == len(PUBLISHED)


def test_equal_content_has_equal_names_and_bytes(published: Path, build: Path, tmp_path: Path) -> None:
    """Written again, one environment's files are the same, so nothing is published twice."""
    write_folder(tmp_path / "again", {}, ["staging"], build)
    for path in (tmp_path / "again" / ASSETS).iterdir():
        assert path.read_bytes() == (published / ASSETS / path.name).read_bytes()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("streamShardCount=4", "streamShardCount: a parameter of the template"),
        ("environment=dev", "environment: a parameter of the template"),
        ("streamMode=on-demand", "streamMode=on-demand is not for published templates"),
        ("alertEmail=nobody", "alertEmail=nobody: an e-mail address"),
    ],
)
def test_refused_context(tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, message: str) -> None:
    """What is a parameter is not fixed while writing; a wrong key or value is one sentence and exit code 2."""
    assert main(["template", "--folder", str(tmp_path / "out"), "-c", word]) == 2
    assert capsys.readouterr().err.startswith(f"clickstream: {message}")


def test_other_keys_are_in_every_environment(build: Path, tmp_path: Path) -> None:
    """A context key that is no parameter is decided when the templates are written."""
    write_folder(tmp_path / "mail", {"alertEmail": "team@example.com"}, ["dev"], build)
    (template,) = (tmp_path / "mail" / ASSETS).glob("*.json")
    assert "team@example.com" in template.read_text()


def test_a_word_that_is_no_key(tmp_path: Path) -> None:
    """An unknown key is refused as by `cdk deploy`."""
    with pytest.raises(ConfigError, match="unknown context key enviroment"):
        write_folder(tmp_path / "out", {"enviroment": "dev"})


def test_the_rules_of_cloudformation(published: Path) -> None:
    """cfn-lint finds nothing in root and nested templates.

    W3005 is left out: it calls dependencies on a role needless because the role is referred to, but they also wait for
    the role's policy.
    """
    if not LINT.exists():
        pytest.skip("cfn-lint is not installed; run `make security-tools`")
    files = [str(path) for path in (published / ROOT_FILE, *(published / ASSETS).glob("*.json"))]
    command = [str(LINT), "--ignore-checks", "W3005", "--regions", "us-east-1", "eu-central-1", "--", *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
