"""Every kind of statement through unmodified boto3, with its effect."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.athena_lake import serving
from tests.aws.statement_checks import STATEMENTS

PAGE = Path(__file__).parents[2] / "docs/athena-differences.md"


@pytest.fixture(scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The lake, served."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


@pytest.mark.usefixtures("_endpoint")
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_has_its_effect(name: str) -> None:
    """In the catalog, among the objects, and for the query that follows."""
    STATEMENTS[name]()


def test_the_page_lists_the_statements() -> None:
    """And counts them."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Statements\n")[1].split("\n## ")[0]

    assert f"{len(STATEMENTS)} kinds of statements" in section
    assert set(re.findall(r"`([A-Z][^`]+)`", section.split("\nRefused: ")[0])) == STATEMENTS.keys()
