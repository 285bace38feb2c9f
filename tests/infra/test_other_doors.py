"""The other ways to deploy: each asks for the parameters of the root template, and gives all of its outputs."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from cdk.cloudformation.folder import ROOT_FILE
from cdk.cloudformation.parameters import MEMORY, RETENTION, SHARDS
from cdk.config import Config
from cdk.options import OPTIONS

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "cdk" / "terraform"
TYPESCRIPT = ROOT / "cdk" / "typescript"
QUIET = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": os.devnull}
Block = dict[str, Any]


@pytest.fixture(scope="module")
def root(published: Path) -> Block:
    """The root template."""
    found: Block = yaml.safe_load((published / ROOT_FILE).read_text())
    return found


def _named(file: str, kind: str) -> dict[str, Block]:
    """The blocks of a kind in a Terraform file, by name."""
    with (TERRAFORM / file).open() as text:
        blocks = _plain(hcl2.load(text)).get(kind, [])
    return {name: body for block in blocks for name, body in block.items()}


def _plain(part: Any) -> Any:
    """Texts without the quotes that the parser keeps, blocks without its notes."""
    if isinstance(part, dict):
        return {_plain(key): _plain(value) for key, value in part.items() if key != "__is_block__"}
    if isinstance(part, list):
        return [_plain(item) for item in part]
    return part.removeprefix('"').removesuffix('"') if isinstance(part, str) else part


def _snake(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def test_context_keys_are_the_parameters(root: Block) -> None:
    """`cdk deploy -c` takes the same names in its own spelling, with the same defaults and bounds."""
    defaults = Config()
    for name in ("Environment", SHARDS, MEMORY, RETENTION):
        option = OPTIONS[_camel(name)]
        declaration = root["Parameters"][name]
        assert getattr(defaults, option.field) == declaration["Default"]
        allowed = declaration.get("AllowedValues") or [declaration["MinValue"], declaration["MaxValue"]]
        assert [option.read(str(value)) for value in allowed] == allowed


def test_terraform_asks_for_the_parameters(root: Block) -> None:
    """Every parameter has its variable with the same default, and is passed on."""
    variables = _named("variables.tf", "variable")
    stack = _named("main.tf", "resource")["aws_cloudformation_stack"]["clickstream"]
    assert stack["capabilities"] == ["CAPABILITY_IAM"]
    assert stack["parameters"].keys() == root["Parameters"].keys()
    for name, declaration in root["Parameters"].items():
        assert variables[_snake(name)]["default"] == declaration["Default"]
        assert stack["parameters"][name] == f"${{var.{_snake(name)}}}"
    assert variables.keys() - {_snake(name) for name in root["Parameters"]} == {"stack_name", "template_file"}


def test_terraform_gives_the_outputs(root: Block) -> None:
    """`terraform output -raw stream_name` and all others: the names of the template in snake case."""
    outputs = _named("outputs.tf", "output")
    assert outputs == {
        _snake(name): {"value": f'${{aws_cloudformation_stack.clickstream.outputs["{name}"]}}'}
        for name in root["Outputs"]
    }


@pytest.fixture(scope="module")
def terraform() -> str:
    """The program; skipped where it is not installed."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not installed")
    return found


def test_terraform_is_formatted(terraform: str) -> None:
    """`terraform fmt` would change nothing."""
    command = [terraform, "fmt", "-check", "-diff", "-no-color", str(TERRAFORM)]
    result = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_terraform_allows_what_the_template_allows(terraform: str, tmp_path: Path) -> None:
    """Defaults and bounds pass Terraform's own checks; one step beyond each bound does not.

    The variables alone need no provider, so this needs no network.
    """
    shutil.copy(TERRAFORM / "variables.tf", tmp_path)
    (tmp_path / "main.tf").write_text('output "environment" {\n  value = var.environment\n}\n')
    _run(terraform, tmp_path, "init", "-input=false")
    assert _planned(terraform, tmp_path, {}) == ""
    largest = {"environment": "production", "stream_shard_count": 500}
    assert _planned(terraform, tmp_path, {**largest, "lambda_memory_size": 10240, "data_retention_days": 3650}) == ""
    beyond = {"environment": "prod", "stream_shard_count": 501, "lambda_memory_size": 3000, "data_retention_days": 0}
    refused = _planned(terraform, tmp_path, beyond)
    assert [name for name in beyond if f"var.{name} is" not in refused] == []


def _planned(terraform: str, folder: Path, values: dict[str, object]) -> str:
    """What `terraform plan` complains about."""
    words = [f"-var={name}={value}" for name, value in values.items()]
    return _run(terraform, folder, "plan", "-input=false", "-no-color", *words).stderr


def _run(terraform: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [terraform, *words], cwd=folder, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False
    )


def test_typescript_asks_for_the_parameters(root: Block) -> None:
    """Every parameter is a typed property and a context key; only the environment must be named."""
    source = (TYPESCRIPT / "clickstream-stack.ts").read_text()
    keys = (TYPESCRIPT / "app.ts").read_text().partition("const KEYS = [")[2].partition("]")[0]
    for name, declaration in root["Parameters"].items():
        assert f"{name}: props.{_camel(name)}," in source
        assert f"'{_camel(name)}'" in keys
        if name != "Environment":
            kind = "number" if declaration["Type"] == "Number" else "string"
            assert f"readonly {_camel(name)}?: {kind};" in source
    allowed = root["Parameters"]["Environment"]["AllowedValues"]
    assert f"ENVIRONMENTS = {allowed!s} as const" in source


def test_typescript_pins_what_python_pins() -> None:
    """Both use the same CDK library and command line, and the lock names no registry."""
    package = json.loads((TYPESCRIPT / "package.json").read_text())
    python = (ROOT / "requirements" / "dev.in").read_text()
    for name in ("aws-cdk-lib", "constructs"):
        assert f"{name}=={package['dependencies'][name]}\n" in python
    assert (
        package["devDependencies"]["aws-cdk"]
        == json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    )
    locked = json.loads((TYPESCRIPT / "package-lock.json").read_text())["packages"]
    for name, tool in locked.items():
        if name and not tool.get("inBundle"):
            assert tool["integrity"].startswith("sha512-")
            assert "resolved" not in tool
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version


@pytest.fixture(scope="module")
def installed_typescript() -> Path:
    """The folder of the app; skipped where its packages are not installed."""
    if not (TYPESCRIPT / "node_modules" / "aws-cdk-lib").is_dir():
        pytest.skip("cdk/typescript is not installed; run `make cdk/typescript/node_modules/installed`")
    return TYPESCRIPT


def _synthesise(folder: Path, published: Path, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Compile strictly and run `cdk synth` on the templates of the tests."""
    command = ["npx", "cdk", "synth", "--quiet", "--output", str(out), *words]
    environment = {
        **os.environ,
        "CLICKSTREAM_TEMPLATE": str(published / ROOT_FILE),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_typescript_synthesises(installed_typescript: Path, published: Path, root: Block, tmp_path: Path) -> None:
    """The stack is the root template with the given values in place of its parameters, and all of its outputs."""
    given = ("-c", "environment=production", "-c", "streamShardCount=4", "-c", "lambdaMemorySize=512")
    result = _synthesise(installed_typescript, published, tmp_path / "out", *given)
    assert result.returncode == 0, result.stderr
    template = json.loads((tmp_path / "out" / "clickstream-production.template.json").read_text())
    nested = template["Resources"]["Clickstream"]["Properties"]
    ours = root["Resources"]["Clickstream"]["Properties"]
    assert nested["Parameters"] == {**ours["Parameters"], SHARDS: "4", MEMORY: "512"}
    assert template["Parameters"].keys() == root["Parameters"].keys() - {"Environment", SHARDS, MEMORY}
    assert template["Outputs"] == root["Outputs"]
    address, values = nested["TemplateURL"]["Fn::Sub"]
    assert address == ours["TemplateURL"]["Fn::Sub"][0]
    assert values["Name"] == {"Fn::FindInMap": ["Templates", "production", "Name"]}


def test_typescript_refuses_a_misspelt_key(installed_typescript: Path, published: Path, tmp_path: Path) -> None:
    """As in Python, an unknown key ends with one sentence that lists the known ones."""
    result = _synthesise(installed_typescript, published, tmp_path / "out", "-c", "enviroment=dev")
    assert result.returncode != 0
    assert "clickstream: unknown context key enviroment; known are environment, streamShardCount" in result.stderr
