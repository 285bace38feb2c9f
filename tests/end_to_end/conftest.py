"""One local platform for all end-to-end tests, on free ports and in a temporary folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local_aws.access import Endpoints, tool_environment
from local_aws.emulator import EMULATOR_FOLDER
from local_aws.state import PROJECT_FOLDER, StateFolder
from tests.end_to_end import chromium
from tests.end_to_end.chromium import Page
from tests.end_to_end.recorded_site import Site, recorded_site
from tests.end_to_end.started_platform import endpoints_of, started_platform, wait_for_collector
from tests.end_to_end.tracked_pages import ROOT, pages


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
def collecting_platform(
    installed_emulator: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[StateFolder, dict[str, str]]]:
    """A platform of its own for what comes in by HTTP, with the stack deployed, and the environment that names it."""
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    with started_platform(tmp_path_factory.mktemp("collecting")) as state:
        environment = tool_environment(endpoints_of(state), os.environ)
        words = [sys.executable, "-m", "local_aws", "deploy", "--state", str(state.root)]
        deployed = subprocess.run(
            words, cwd=PROJECT_FOLDER, env=os.environ | environment, capture_output=True, text=True, check=False
        )
        assert deployed.returncode == 0, deployed.stderr[-3000:]
        wait_for_collector(environment["COLLECTOR_URL"])
        yield state, environment


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


@pytest.fixture(scope="session")
def tracker_script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tracker of browsers as `make tracker` builds it."""
    out = tmp_path_factory.mktemp("tracker")
    subprocess.run(["make", "-s", "tracker", f"OUT={out}"], cwd=ROOT, check=True)
    return (out / "clickstream.min.js").read_text()


@pytest.fixture
def site(tracker_script: str) -> Iterator[Site]:
    """Pages with the tracker, and the requests that they made."""
    with recorded_site(pages(tracker_script)) as served:
        yield served


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    """A browser that has been nowhere."""
    with chromium.opened(tmp_path / "profile") as page:
        yield page
