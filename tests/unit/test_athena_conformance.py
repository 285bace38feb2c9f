"""How far the local engine answers as Athena does, counted, and each difference told in the docs."""

import re
from functools import partial
from pathlib import Path

import pytest

from tests.unit.athena_outcomes import Outcome, outcomes
from tests.unit.athena_values import opened, value_of

PAGE = Path(__file__).parents[2] / "docs/athena-differences.md"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Every expression of the data files, asked once."""
    with opened(tmp_path_factory.mktemp("athena")) as database:
        return outcomes(partial(value_of, database))


def cells_of(heading: str) -> list[list[str]]:
    """Return the rows of the table below a heading of the page, the expressions as they are asked."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in rows]


def test_nearly_all_expressions_have_the_answer_of_trino(found: list[Outcome]) -> None:
    """A wrong answer is worse than none: at most four may differ without a word."""
    kinds = [outcome.kind for outcome in found]

    assert (len(found), len({outcome.expression for outcome in found})) == (313, 313)
    assert kinds.count("same") >= 290
    assert kinds.count("different") <= 4


def test_the_page_lists_every_wrong_answer_with_both_answers(found: list[Outcome]) -> None:
    """And none that is right by now."""
    wrong = [[o.expression, str(o.wanted), str(o.got)] for o in found if o.kind == "different"]

    assert [row[:3] for row in cells_of("Answers that differ")] == wrong


def test_the_page_lists_every_refusal(found: list[Outcome]) -> None:
    """What fails here and not in Athena, with the error that one sees."""
    refused = [[o.expression, o.got.split(": ")[0]] for o in found if o.kind == "refused"]

    assert cells_of("Refusals") == refused


def test_the_page_has_the_figures(found: list[Outcome]) -> None:
    """The summary counts what the tables list."""
    kinds = [outcome.kind for outcome in found]
    same, different, refused = (kinds.count(kind) for kind in ("same", "different", "refused"))

    assert f"{len(found)} expressions: {same} the same, {different} different, {refused} refused" in PAGE.read_text()
