"""One local platform for all end-to-end tests, on free ports and in a temporary folder."""

import os
from collections.abc import Iterator

import boto3
import pytest

from local_aws.access import Endpoints, tool_environment
from local_aws.emulator import EMULATOR_FOLDER
from local_aws.state import StateFolder
from tests.end_to_end.started_platform import endpoints_of, started_platform


@pytest.fixture(scope="session")
def installed_emulator() -> None:
    """Skip where the emulator has not been installed."""
    if not (EMULATOR_FOLDER / "bin" / "python").exists():
        pytest.skip("the emulator is not installed; run `make setup`")


@pytest.fixture(scope="session")
def platform_state(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateFolder]:
    """Start a platform that forgets everything, and stop it after the last test."""
    with started_platform(tmp_path_factory.mktemp("platform")) as state:
        yield state


@pytest.fixture(scope="session")
def endpoints(platform_state: StateFolder) -> Endpoints:
    """Give the base URLs of the platform."""
    return endpoints_of(platform_state)


@pytest.fixture
def aws_environment(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Point AWS tools in this process (boto3, awswrangler) and its children at the platform."""
    # boto3 keeps the credentials that its first client found: those of this platform must not outlive the test.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    variables = tool_environment(endpoints, os.environ)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables
