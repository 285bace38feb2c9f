"""A real Trino's answers, live where `TRINO_URL` names one and as recorded, are those the local Athena is held to."""

import pytest

from tests.aws.athena_answers.events import ANSWERS
from tests.aws.athena_answers.events import FOLDER as QUERY_FOLDER
from tests.aws.test_athena_queries import QUERIES, are_same
from tests.trino.asking import make_clicks, server, value
from tests.trino.trino import Trino
from tests.unit.athena_outcomes import FOLDER, files, outcomes, probes, same


@pytest.fixture(scope="module")
def trino() -> Trino:
    """The server of the environment, with the table of clicks."""
    found = server()
    if found is None:
        pytest.skip("TRINO_URL names no Trino server")
    make_clicks(found)
    return found


def test_trino_has_the_values_that_are_expected(trino: Trino) -> None:
    """Every expression of the data files, failures included."""
    wrong = [outcome for outcome in outcomes(lambda text: value(trino, text)) if outcome.kind != "same"]

    assert wrong == []


@pytest.mark.parametrize("name", [name for name in QUERIES if name in ANSWERS])
def test_trino_answers_a_query_as_plain_python_does(trino: Trino, name: str) -> None:
    """In the query's order."""
    got = trino.rows(QUERIES[name].strip().removesuffix(";"))

    assert are_same(got, ANSWERS[name]()), got


def test_recorded_values_are_those_expected() -> None:
    """Of the same expressions in the same order."""
    if not (FOLDER / "trino").exists():
        pytest.skip("no answers of a Trino server are kept; `make record-goldens` records them")
    wrong = []
    for path in files():
        for (expression, wanted), (recorded, got) in zip(
            probes(path), probes(FOLDER / "trino" / path.name), strict=True
        ):
            if expression != recorded or not same(got, wanted):
                wrong.append((expression, wanted, got))

    assert wrong == []


def test_recorded_rows_are_those_expected() -> None:
    """Of every query that has an answer."""
    folder = QUERY_FOLDER / "trino"
    if not folder.exists():
        pytest.skip("no answers of a Trino server are kept; `make record-goldens` records them")
    recorded = {name: next(probes(folder / f"{name}.json"))[1] for name in QUERIES if name in ANSWERS}

    assert [
        name for name, rows in recorded.items() if not are_same([tuple(row) for row in rows], ANSWERS[name]())
    ] == []
