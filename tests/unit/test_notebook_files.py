"""The notebooks as files: nothing of a run in them, and their statements keep the rules of `sql/`."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clickstream.lake.statements import load_statement
from notebooks import sample_days
from tests.unit.sql_rules import SQL, lint

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["01_explore_events", "02_funnels_and_retention", "03_tune_anomaly_detector", "04_session_features_and_model"]
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def contents(path: Path) -> dict[str, Any]:
    """The file as JSON."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def sources(path: Path, kind: str = "code") -> list[str]:
    """The texts of the cells of one kind."""
    return ["".join(cell["source"]) for cell in contents(path)["cells"] if cell["cell_type"] == kind]


def asked(path: Path, method: str) -> Iterator[str]:
    """The first argument of each call of a method of this name."""
    for source in sources(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                text = ast.literal_eval(node.args[0])
                assert isinstance(text, str)
                yield text


def test_all_four_are_there() -> None:
    """The tests below read every notebook."""
    assert [path.stem for path in PATHS] == NAMES


@each_notebook
def test_nothing_of_a_run_is_kept(path: Path) -> None:
    """No output, no count, nothing about the machine; docs/notebooks.md has the command that clears them."""
    notebook = contents(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["id"] for cell in notebook["cells"] if cell["metadata"]] == []
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert {"kernelspec": kernel} | notebook["metadata"] == {"kernelspec": kernel, "language_info": {"name": "python"}}


@each_notebook
def test_cells_keep_their_names(path: Path) -> None:
    """Format 4.5, in which every cell has an id of its own, so that a difference shows the cell that changed."""
    notebook = contents(path)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len(ids) == len(set(ids))


@each_notebook
def test_prose_leads_and_cells_are_short(path: Path) -> None:
    """A title and why, then code in cells that a screen holds; what is longer is a module with tests."""
    assert contents(path)["cells"][0]["cell_type"] == "markdown"
    assert sources(path, "markdown")[0].startswith("# ")
    assert max(len(source.splitlines()) for source in sources(path)) <= 30


@each_notebook
def test_statements_exist_and_keep_the_rules(path: Path) -> None:
    """A named statement is a file of `sql/`; one that is written here names partitions, interval and zone."""
    assert [name for name in asked(path, "ask") if not (SQL / f"{name}.sql").exists()] == []
    for text in asked(path, "ask_text"):
        statement = load_statement(path.stem, text)
        assert lint(statement.sql, is_bounded=True) == []
        assert ":time_zone" in statement.sql


@pytest.mark.parametrize("endpoint", ["", "https://s3.us-east-1.amazonaws.com"])
def test_simulated_days_stay_out_of_an_account(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a local platform in the environment nothing is asked and nothing written: wrong usage."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert sample_days.main([]) == 2
    assert "only for the local platform" in capsys.readouterr().err
