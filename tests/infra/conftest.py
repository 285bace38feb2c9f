"""The templates of every environment, synthesised once for all tests."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from aws_cdk import App

from cdk.cloudformation.folder import write_folder
from cdk.config import Environment
from cdk.layer import TARGETS, archive_path
from cdk.options import read_config
from cdk.stack import ClickstreamStack
from tests.infra.deployed_account import account
from tests.infra.policy_template import Resolved
from tests.infra.quicksight_parts import CONTEXT as QUICKSIGHT
from tests.infra.role_scenarios import Played, play

Template = dict[str, Any]
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with empty archives in place of the installed packages."""
    folder = tmp_path_factory.mktemp("build")
    for name in TARGETS:
        archive_path(name, folder).write_bytes(EMPTY_ZIP)
    return folder


@pytest.fixture(scope="session")
def assembly(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Synthesises a stack of the given context and returns the folder of the cloud assembly."""

    @cache
    def synthesise(**context: object) -> Path:
        config = read_config(context)
        folder = tmp_path_factory.mktemp(config.environment)
        app = App(outdir=str(folder))
        ClickstreamStack(app, config.prefix, config, build)
        app.synth()
        return folder

    return synthesise


@pytest.fixture(scope="session")
def template_of(assembly: Callable[..., Path]) -> Callable[..., Template]:
    """Synthesises a stack of the given context and returns its template."""

    def synthesise(**context: object) -> Template:
        (path,) = assembly(**context).glob("*.template.json")
        found: Template = json.loads(path.read_text())
        return found

    return synthesise


@pytest.fixture(scope="session")
def templates(template_of: Callable[..., Template]) -> dict[str, Template]:
    """The template of each environment."""
    return {name: template_of(environment=name) for name in get_args(Environment)}


@pytest.fixture
def with_quicksight(template_of: Callable[..., Template]) -> Template:
    """The template of production with QuickSight."""
    return template_of(**QUICKSIGHT)


@pytest.fixture
def quicksight(with_quicksight: Template) -> Resolved:
    """The same with names and ARNs."""
    return Resolved(with_quicksight)


@pytest.fixture(scope="session")
def played(template_of: Callable[..., Template], tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Every function and batch step of production, played once for all tests under the deployed policies."""
    with account(template_of(environment="production"), tmp_path_factory.mktemp("cache")) as deployed:
        return play(deployed, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def published(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of published files: root template, nested templates and assets."""
    return write_folder(tmp_path_factory.mktemp("published"), {}, build=build).parent


@pytest.fixture(params=get_args(Environment))
def template(request: pytest.FixtureRequest, templates: dict[str, Template]) -> Template:
    """The template of every environment in turn."""
    return templates[request.param]


@pytest.fixture
def of_type() -> Callable[[Template, str], list[dict[str, Any]]]:
    """Lists the properties of all resources of a type, e.g. `DynamoDB::Table`."""
    return lambda template, kind: [
        resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == f"AWS::{kind}"
    ]


@pytest.fixture
def statements() -> Callable[[Template], Iterator[tuple[str, dict[str, Any]]]]:
    """Lists (role's policy, statement) of every permission that the stack gives."""

    def found(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::IAM::Policy":
                for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                    yield name, statement

    return found
