"""A platform of its own for each file of tests: they count or search what is in it, so nothing else may be."""

from collections.abc import Iterator

import pytest

from local_aws.access import Endpoints
from local_aws.state import StateFolder
from tests.end_to_end.started_platform import deployed_stack, endpoints_of, started_platform


@pytest.fixture(scope="module")
def platform_state(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateFolder]:
    """A platform that forgets everything, for the tests of one file."""
    with started_platform(tmp_path_factory.mktemp("alone")) as state:
        yield state


@pytest.fixture(scope="module")
def endpoints(platform_state: StateFolder) -> Endpoints:
    """Where it answers."""
    return endpoints_of(platform_state)


@pytest.fixture
def deployed(platform_state: StateFolder, aws_environment: dict[str, str]) -> dict[str, str]:
    """Outputs of the stack."""
    return deployed_stack(platform_state)
