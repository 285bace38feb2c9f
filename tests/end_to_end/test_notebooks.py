"""The notebooks, executed headless by Jupyter on a local platform with simulated days, as `make notebook` starts it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.queries import Answer, Guard
from clickstream.lake.statements import Statement
from local_aws.access import tool_environment
from local_aws.server_record import load_record
from local_aws.state import PROJECT_FOLDER
from notebooks.lake_reader import LakeReader
from tests.end_to_end.started_platform import started_platform

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
FOLDER = PROJECT_FOLDER / "notebooks"
JUPYTER = PROJECT_FOLDER / ".build" / "notebooks"
STACK = ("--stack", "clickstream-local")
COST = re.compile(r"(?m)^([\w ]+): ([\d,]+) rows?, .+ read, ")
Executed = Callable[[str], "Output"]


class Output:
    """What an executed notebook shows."""

    def __init__(self, path: Path) -> None:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        parts = [output.get("text") or output.get("data", {}).get("text/plain", []) for output in outputs]
        self.text = "\n".join("".join(part) for part in parts)
        self.charts = sum("image/png" in output.get("data", {}) for output in outputs)
        self.rows = {name: int(rows.replace(",", "")) for name, rows in COST.findall(self.text)}
        """Rows of the last answer to each statement."""


@pytest.fixture(scope="module")
def platform(installed_emulator: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a platform of its own: other tests count what is in theirs."""
    if not (JUPYTER / "installed").exists():
        pytest.skip("Jupyter is not installed in .build/notebooks; run `make test` or `make notebook`")
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    folder = tmp_path_factory.mktemp("notebooks")
    with started_platform(folder / "platform") as state:
        record = load_record(state)
        assert record is not None
        own = {"IPYTHONDIR": str(folder / "ipython"), "MPLCONFIGDIR": str(folder / "matplotlib")}
        environment = {**os.environ, **tool_environment(record.endpoints, os.environ), **own}
        environment = {name: value for name, value in environment.items() if name not in {"AWS_PROFILE", "STACK"}}
        python(environment, "local_aws", "deploy", "--state", state.root)
        size = ("--events", "24000", "--days", "3", "--end", "2026-11-22")
        python(environment, "notebooks.sample_days", *STACK, *size)
        yield environment


@pytest.fixture
def executed(platform: dict[str, str], tmp_path: Path) -> Executed:
    """Executes a notebook of the folder from its first cell to its last."""

    def execute(name: str) -> Output:
        out = tmp_path / f"{name}.ipynb"
        words = [str(JUPYTER / "bin" / "jupyter"), "execute", str(FOLDER / f"{name}.ipynb"), f"--output={out}"]
        result = subprocess.run(words, env=platform, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr[-3000:]
        return Output(out)

    return execute


def python(environment: Mapping[str, str], module: str, *words: str | Path) -> str:
    """Run a command of the project; its standard output."""
    command = [sys.executable, "-m", module, *map(str, words)]
    result = subprocess.run(command, env=environment, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def answer(environment: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    """The rows of a statement, asked from here, over the same interval."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in environment.items():
            patch.setenv(variable, value)
        return Answer(LakeReader.of_stack(STACK[1]).ask(name), "", 0, 0.0).rows()


def asked(environment: Mapping[str, str], sql: str) -> list[dict[str, Any]]:
    """The rows of a question of one's own."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in environment.items():
            patch.setenv(variable, value)
        guard = Guard("clickstream_local", "clickstream-local")
        return guard.ask(Statement("asked", "", {}, (), sql), (), {}).rows()


def test_explore_events(platform: dict[str, str], executed: Executed) -> None:
    """It shows the lake's own number of events, each hour, and both charts."""
    output = executed("01_explore_events")
    (headline,) = answer(platform, "headline")
    assert re.search(rf"all_events +{headline['all_events']}\b", output.text)
    assert 60 < output.rows["hourly_metrics"] <= 72
    assert "this statement" in output.rows
    assert output.charts == 2


def test_funnels_and_retention(platform: dict[str, str], executed: Executed) -> None:
    """The sessions of each step are those of the report; there is a funnel, its windows, and the cohorts."""
    output = executed("02_funnels_and_retention")
    for step in answer(platform, "funnel"):
        assert re.search(rf"{step['event_type']} +{step['sessions']}\b", output.text)
    assert output.rows["retention"] >= 6
    assert output.charts == 3


def test_tune_anomaly_detector(executed: Executed) -> None:
    """The model scored by hand alarms in the same minutes as the deployed rule; all incidents are judged."""
    output = executed("03_tune_anomaly_detector")
    assert "the same minutes as above: True" in output.text
    assert re.search(r"outage +[\d.]+ +\d+ +[1-9]", output.text)
    assert output.charts == 2


def test_session_features_and_model(executed: Executed) -> None:
    """The script trains on the sessions before the last day, and a sudden change of speed is the largest drift."""
    output = executed("04_session_features_and_model")
    trained = json.loads(re.findall(r"^\{.*\}$", output.text, re.MULTILINE)[0])
    assert trained["rows"] == output.rows["session_features"] > 300
    assert trained["flagged"] == pytest.approx(trained["contamination"], abs=0.005)
    assert re.search(r"\n0 +mean_gap_s +[1-9]\.", output.text)
    assert output.charts == 2


def test_a_model_is_trained_registered_and_asked_with_sql(platform: dict[str, str]) -> None:
    """Features leave Athena as files, scikit-learn trains on them, and the step scores each date once, without it."""
    steps = ("batch_jobs.run_steps", "--steps", "score_sessions", *STACK)
    assert "no model is registered" in python(platform, *steps)
    trained = json.loads(python(platform, "batch_jobs.train_sessions", *STACK))
    assert (trained["model"], trained["rows"] > 300) == (1, True)
    lines = [json.loads(line) for line in python(platform, *steps).splitlines() if line.startswith('{"job"')]
    sessions, odd = (sum(line.get(name, 0) for line in lines) for name in ("sessions", "odd"))
    rows = asked(platform, "SELECT COUNT(*) AS n, COUNT_IF(is_odd) AS odd, MAX(model_version) AS v FROM session_scores")
    assert rows == [{"n": sessions, "odd": odd, "v": 1}]
    assert 0 < odd < 0.05 * sessions
    assert '"date"' not in python(platform, *steps)
