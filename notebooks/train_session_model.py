"""Train an Isolation Forest on features of sessions: which of them are easily told from all others?

    python train_session_model.py --train FOLDER --model-dir FOLDER [--trees 200] [--contamination 0.01] [--seed 7]

Reads every file below the folder (Parquet, rows of `sql/session_features.sql`; Athena gives its files no ending), and
writes `model.joblib`, `forest.npz` (the same forest as plain arrays, for who has no scikit-learn) and `metrics.json`.
The file needs nothing else of this project, so that SageMaker runs it as it is, with the scikit-learn 1.4 that its
container has: the folders come from `SM_CHANNEL_TRAIN` and `SM_MODEL_DIR`, the hyperparameters as the options above,
why it failed goes into the folder `SM_OUTPUT_DIR`, and `model_fn` loads the model to serve.

The method: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, ICDM 2008. Counts and times are skewed, so the forest
splits their logarithms.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

FEATURES = [
    "duration_s", "events", "busiest_minute_events", "page_views", "pages", "products", "searches", "cart_adds",
    "checkouts", "purchases", "agents", "mean_gap_s", "gap_variation",
]  # fmt: skip
MODEL_FILE, FOREST_FILE, METRICS_FILE = "model.joblib", "forest.npz", "metrics.json"
LEAST_SESSIONS = 100
_DECILES = [n / 10 for n in range(1, 10)]


class TrainingError(Exception):
    """The sessions cannot be trained on; the text says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Train and write. 0: done; 1: the sessions cannot be used, said on standard error; 2: wrong usage."""
    options = _parser().parse_args(argv)
    try:
        sessions = features(read_sessions(options.train))
    except TrainingError as error:
        print(f"train_session_model: {error}", file=sys.stderr)
        _tell_sagemaker(str(error))
        return 1
    model = fitted(sessions, options.trees, options.contamination, options.seed)
    metrics = measured(model, sessions, fitted(sessions, options.trees, options.contamination, options.seed + 1))
    settings = {"trees": options.trees, "contamination": options.contamination, "seed": options.seed}
    options.model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, options.model_dir / MODEL_FILE)
    np.savez_compressed(options.model_dir / FOREST_FILE, **exported(model))
    (options.model_dir / METRICS_FILE).write_text(json.dumps(settings | metrics, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(settings | {name: metrics[name] for name in ("rows", "flagged", "agreement")}))
    return 0


def read_sessions(folder: Path) -> pd.DataFrame:
    """All files below the folder. Raises `TrainingError` if there is none, one is no Parquet, or sessions are few."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    if not files:
        raise TrainingError(f"{folder} holds no file; write the rows of sql/session_features.sql there")
    try:
        sessions = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    except (ValueError, OSError) as error:  # what pyarrow raises for anything but Parquet is a ValueError
        raise TrainingError(f"{folder} holds a file that is no Parquet: {error}") from error
    if len(sessions) < LEAST_SESSIONS:
        raise TrainingError(f"{len(sessions)} sessions are too few, take a longer interval: {LEAST_SESSIONS} at least")
    return sessions


def features(sessions: pd.DataFrame) -> pd.DataFrame:
    """What the model is asked about. Null is 0: a session of one event has no gap. Raises `TrainingError`."""
    if missing := [name for name in FEATURES if name not in sessions]:
        raise TrainingError(f"the sessions have no {', '.join(missing)}; ask sql/session_features.sql again")
    return sessions[FEATURES].astype("Float64").fillna(0).astype(float)


def fitted(sessions: pd.DataFrame, trees: int, contamination: float, seed: int) -> Pipeline:
    """A forest that flags the share `contamination` of these sessions; its score is lower for odder ones."""
    logarithm = FunctionTransformer(np.log1p, feature_names_out="one-to-one")
    forest = IsolationForest(n_estimators=trees, contamination=contamination, random_state=seed)
    return make_pipeline(logarithm, forest).fit(sessions)


def measured(model: Pipeline, sessions: pd.DataFrame, other: Pipeline) -> dict[str, Any]:
    """Size, share flagged, how far a forest of another seed agrees, and the bins that drift is measured by.

    `agreement` is the part of the flagged sessions that both forests flag, of all that either does: near 1 the trees
    are enough, far below it the flags are luck.
    """
    is_odd, is_odd_to_other = model.predict(sessions) < 0, other.predict(sessions) < 0
    either = int(np.sum(is_odd | is_odd_to_other))
    return {
        "rows": len(sessions),
        "flagged": float(np.mean(is_odd)),
        "agreement": float(np.sum(is_odd & is_odd_to_other)) / either if either else 1.0,
        "reference": {name: _bins(sessions[name]) for name in FEATURES},
    }


def exported(model: Pipeline) -> dict[str, Any]:
    """The forest as arrays: the nodes of all trees in one list, the length of path that ends in each.

    The score of a session is 2 ** -(sum of its paths / scale), odd above `limit`; splits compare the logarithm in
    single precision.
    """
    forest = model[-1]
    trees = [estimator.tree_ for estimator in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])], dtype=np.int32)
    moved = [
        [np.where(nodes < 0, -1, nodes + root) for nodes in (tree.children_left, tree.children_right)]
        for tree, root in zip(trees, roots, strict=True)
    ]
    paths = [tree.compute_node_depths() - 1 + _usual_path(tree.n_node_samples) for tree in trees]
    return {
        "names": np.array(FEATURES),
        "limit": np.float64(-forest.offset_),
        "scale": np.float64(len(trees) * _usual_path(np.array([forest.max_samples_]))[0]),
        "roots": roots,
        "feature": np.concatenate([tree.feature for tree in trees]).astype(np.int16),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "left": np.concatenate([left for left, _ in moved]).astype(np.int32),
        "right": np.concatenate([right for _, right in moved]).astype(np.int32),
        "path": np.concatenate(paths),
    }


def _usual_path(samples: np.ndarray) -> np.ndarray:
    """Length of an unsuccessful search in a binary tree of so many samples: what a leaf of several hides."""
    n = np.maximum(samples, 3).astype(float)
    long = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    return np.where(samples <= 1, 0.0, np.where(samples == 2, 1.0, long))


def model_fn(model_dir: str) -> Pipeline:
    """The trained model of a folder, as SageMaker's container asks for it."""
    return joblib.load(Path(model_dir) / MODEL_FILE)


def _tell_sagemaker(reason: str) -> None:
    """Where it looks for the reason of a failure, which it shows with the job."""
    if folder := os.environ.get("SM_OUTPUT_DIR"):
        Path(folder, "failure").write_text(reason, encoding="utf-8")


def _bins(values: pd.Series) -> dict[str, list[float]]:
    edges = np.unique(np.quantile(values, _DECILES))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "shares": (counts / len(values)).tolist()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    train, model_dir = os.environ.get("SM_CHANNEL_TRAIN"), os.environ.get("SM_MODEL_DIR")
    parser.add_argument("--train", type=Path, default=train, required=not train, help="folder of Parquet files")
    parser.add_argument("--model-dir", type=Path, default=model_dir, required=not model_dir, help="where to write")
    parser.add_argument("--trees", type=int, default=200, help="trees of the forest; default 200")
    parser.add_argument("--contamination", type=float, default=0.01, help="share of sessions to flag; default 0.01")
    parser.add_argument("--seed", type=int, default=7, help="the same seed and rows give the same model; default 7")
    return parser


if __name__ == "__main__":
    sys.exit(main())
