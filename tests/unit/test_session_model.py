"""The training script of the session model: with the newest scikit-learn, and with that of SageMaker's container."""

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from batch_jobs.train_sessions import FEATURES
from clickstream.lake.session_forest import read_forest

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("notebooks", "sagemaker")
SCRIPT = ROOT / "notebooks" / "train_session_model.py"
COUNTS = ("events", "busiest_minute_events", "page_views", "pages", "products", "searches", "cart_adds")
OTHERS = ("checkouts", "purchases", "agents", "duration_s", "mean_gap_s", "gap_variation")
ODD = 5

SCORING = """
import sys
import pandas as pd
from train_session_model import features, model_fn
sessions = pd.read_parquet(sys.argv[1])
print([int(place) for place in model_fn(sys.argv[2]).decision_function(features(sessions)).argsort()])
"""

JUDGING = """
import json, sys
import pandas as pd
from train_session_model import features, model_fn
asked, model = features(pd.read_parquet(sys.argv[1])), model_fn(sys.argv[2])
odd = [bool(one) for one in model.predict(asked) < 0]
print(json.dumps({"scores": list(-model.score_samples(asked)), "odd": odd}))
"""


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=ENVIRONMENTS)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs Python of one environment after the other, with only the notebooks folder at hand, as a container has it."""
    python = ROOT / ".build" / request.param / "bin" / "python"
    if not python.exists():
        pytest.skip(f"scikit-learn is not installed in .build/{request.param}; run `make test`")

    def run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SCRIPT.parent), **variables}
        command = [str(python), *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def sessions() -> pd.DataFrame:
    """Two hundred ordinary sessions, a few without gaps, and last five that read everything in no time."""
    chance = random.Random(3)  # noqa: S311  a seeded draw, no secret
    names = (*COUNTS, *OTHERS)
    rows: list[dict[str, Any]] = [{name: chance.randrange(1, 9) for name in names} for _ in range(200)]
    rows += [dict.fromkeys(COUNTS, 500 + place) | dict.fromkeys(OTHERS, 0) for place in range(ODD)]
    frame = pd.DataFrame(rows).astype("Int64")
    frame.loc[:3, "mean_gap_s"] = pd.NA
    return frame


def test_the_odd_sessions_are_the_oddest(run: Run, tmp_path: Path) -> None:
    """Folders come from SageMaker's variables; the served model ranks the five first; the same seed, the same model."""
    train, once, twice = tmp_path / "train", tmp_path / "once", tmp_path / "twice"
    train.mkdir()
    file = train / "20261121_091500_00001_a1b2c"  # as Athena names what it unloads
    sessions().to_parquet(file)
    options = ("--trees", "50", "--contamination", "0.03")
    result = run(SCRIPT, *options, SM_CHANNEL_TRAIN=str(train), SM_MODEL_DIR=str(once))
    assert result.returncode == 0, result.stderr
    metrics = json.loads((once / "metrics.json").read_text())
    assert metrics["rows"] == 205
    assert metrics["flagged"] == pytest.approx(0.03, abs=0.005)
    assert metrics["agreement"] > 0.5
    assert sum(metrics["reference"]["events"]["shares"]) == pytest.approx(1)
    assert run(SCRIPT, *options, "--train", train, "--model-dir", twice).returncode == 0
    assert json.loads((twice / "metrics.json").read_text()) == metrics
    ranked = json.loads(run("-c", SCORING, file, once).stdout)
    assert sorted(ranked[:ODD]) == list(range(200, 205))


def test_the_exported_forest_answers_as_scikit_learn(run: Run, tmp_path: Path) -> None:
    """Without scikit-learn the scores are its own to the ninth decimal, and the same sessions are odd."""
    file = tmp_path / "sessions.parquet"
    sessions().to_parquet(file)
    assert run(SCRIPT, "--train", tmp_path, "--model-dir", tmp_path / "model").returncode == 0
    judged = json.loads(run("-c", JUDGING, file, tmp_path / "model").stdout)
    forest = read_forest((tmp_path / "model" / "forest.npz").read_bytes())
    assert forest.names == FEATURES
    scores = forest.scores(sessions()[list(forest.names)].astype("Float64").fillna(0).astype(float).to_numpy())
    assert np.abs(scores - np.array(judged["scores"])).max() < 1e-9
    assert (scores > forest.limit).tolist() == judged["odd"]
    assert sum(judged["odd"]) > 1


def test_sessions_that_cannot_be_used_are_refused(run: Run, tmp_path: Path) -> None:
    """A missing feature is named with what to do, to SageMaker too, and no model is written."""
    sessions().drop(columns="agents").to_parquet(tmp_path / "sessions.parquet")
    out = tmp_path / "output"
    out.mkdir()
    result = run(SCRIPT, "--train", tmp_path, "--model-dir", tmp_path / "model", SM_OUTPUT_DIR=str(out))
    assert (result.returncode, result.stdout) == (1, "")
    reason = "the sessions have no agents; ask sql/session_features.sql again"
    assert result.stderr.strip() == f"train_session_model: {reason}"
    assert (out / "failure").read_text() == reason
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("", "holds no file; write the rows"), ("notes.txt", "holds a file that is no Parquet")]
)
def test_what_is_no_table_is_refused(run: Run, tmp_path: Path, name: str, reason: str) -> None:
    """An empty folder, or a file of something else, is one sentence and no traceback."""
    if name:
        (tmp_path / name).write_text("sessions of last week")
    result = run(SCRIPT, "--train", tmp_path, "--model-dir", tmp_path / "model")
    assert result.returncode == 1
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
