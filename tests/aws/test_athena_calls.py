"""Calls of unmodified awswrangler and boto3 against an account in memory; `end_to_end` has them on the platform."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.athena_lake import serving
from tests.aws.wrangler_calls.making import MISSING, REFUSED, differing, outcomes
from tests.aws.wrangler_calls.place import CALLS, Place

PAGE = Path(__file__).parents[2] / "docs/athena-differences.md"

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The (copy|inplace) keyword:DeprecationWarning")


@pytest.fixture
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The local Athena, served."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


@pytest.mark.usefixtures("_endpoint")
def test_every_call_passes_but_those_that_aws_refuses_too() -> None:
    """One call is missing in the account."""
    assert differing(outcomes(Place("shop"))) == {}


def test_the_page_counts_the_calls_and_names_those_that_do_not_pass() -> None:
    """Each once, with what comes of it."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Calls\n")[1].split("\n## ")[0]
    passing = len(CALLS) - len(REFUSED) - len(MISSING)
    figures = f"{len(REFUSED)} are refused as on AWS, {len(MISSING)} is missing in the emulators"

    assert f"{len(CALLS)} calls: {passing} pass, {figures}" in section
    assert re.findall(r"^\| `(.+?)` \| (?:refused|missing): ", section, re.MULTILINE) == [*REFUSED, *MISSING]
