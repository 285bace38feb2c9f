"""The training script of the session model, run as SageMaker runs it: in an environment that has scikit-learn."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from batch_jobs.train_sessions import FEATURES
from clickstream.lake.session_forest import read_forest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".build" / "notebooks" / "bin" / "python"
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


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not PYTHON.exists():
        pytest.skip("scikit-learn is not installed in .build/notebooks; run `make test` or `make notebook`")


def sessions() -> pd.DataFrame:
    """Two hundred ordinary sessions, a few without gaps, and last five that read everything in no time."""
    chance = random.Random(3)  # noqa: S311  a seeded draw, no secret
    names = (*COUNTS, *OTHERS)
    rows: list[dict[str, Any]] = [{name: chance.randrange(1, 9) for name in names} for _ in range(200)]
    rows += [dict.fromkeys(COUNTS, 500 + place) | dict.fromkeys(OTHERS, 0) for place in range(ODD)]
    frame = pd.DataFrame(rows).astype("Int64")
    frame.loc[:3, "mean_gap_s"] = pd.NA
    return frame


def run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with only the notebooks folder at hand, as a container has it."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SCRIPT.parent), **variables}
    return subprocess.run([str(PYTHON), *map(str, words)], env=environment, capture_output=True, text=True, check=False)


def test_the_odd_sessions_are_the_oddest(tmp_path: Path) -> None:
    """Folders come from SageMaker's variables; the served model ranks the five first; the same seed, the same model."""
    train, once, twice = tmp_path / "train", tmp_path / "once", tmp_path / "twice"
    train.mkdir()
    file = train / "part-0.parquet"
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


def test_the_exported_forest_answers_as_scikit_learn(tmp_path: Path) -> None:
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


def test_sessions_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    """A missing feature is named with what to do, and no model is written."""
    sessions().drop(columns="agents").to_parquet(tmp_path / "sessions.parquet")
    result = run(SCRIPT, "--train", tmp_path, "--model-dir", tmp_path / "model")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.strip() == (
        "train_session_model: the sessions have no agents; ask sql/session_features.sql again"
    )
    assert not (tmp_path / "model").exists()
