r"""Train a model of sessions on an interval of the lake, and register it: from then on the daily run scores by it.

    python -m batch_jobs.train_sessions --stack S [--start TIME --end TIME] [--python BIN] [-- --contamination 0.02 …]

Athena writes the features, without names of sessions, below the results of queries; `notebooks/train_session_model.py`
trains on a copy of them in an environment that has scikit-learn. What stands behind `--` goes to that script. With
`--start` and `--end` left out it is the densest run of days in the lake. Once registered, a model is never changed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from batch_jobs import lake_interval, session_features
from batch_jobs.command_line import interruptible
from batch_jobs.queries import interval_values
from batch_jobs.statement_run import StatementRun, add_stack
from clickstream.errors import ClickstreamError, ConfigError
from clickstream.lake import session_models
from clickstream.lake.intervals import received_hours
from clickstream.lake.session_forest import read_forest
from clickstream.lake.session_models import FOREST_FILE, METRICS_FILE, Model

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "notebooks" / "train_session_model.py"
PYTHON = ROOT / ".build" / "notebooks" / "bin" / "python"
FEATURES = (
    *("duration_s", "events", "busiest_minute_events", "page_views", "pages", "products", "searches", "cart_adds"),
    *("checkouts", "purchases", "agents", "mean_gap_s", "gap_variation"),
)
"""Columns of `sql/session_features.sql` that are trained on; what the script reads, and no name of a session."""


def main(argv: Sequence[str] | None = None) -> int:
    """Train and register. 0: the model is registered; 1: it is not, said on standard error."""
    options = _parser().parse_args(argv)
    try:
        model = train(StatementRun.of_options(options), options.python, options.more)
    except ClickstreamError as error:
        print(f"train_sessions: {error}", file=sys.stderr)
        return 1
    said = {name: model.metrics[name] for name in ("rows", "flagged", "agreement")}
    print(
        json.dumps({"model": model.version, "start": f"{model.start:%Y-%m-%d}", "end": f"{model.end:%Y-%m-%d}", **said})
    )
    return 0


def train(run: StatementRun, python: Path, words: Sequence[str]) -> Model:
    """Features from Athena, a model from the script, and the next version in the registry.

    Raises `ConfigError` if the script refuses the sessions or cannot be run.
    """
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    asked = session_features.statement(FEATURES)
    hours = received_hours(run.bucket, run.interval.start, run.interval.end)
    values = interval_values(asked, {"start": run.interval.start, "end": run.interval.end})
    files = session_features.unload(run.guard, run.bucket, asked, hours, values, run_id)
    with tempfile.TemporaryDirectory(prefix="session-model-") as name:
        sessions, made = Path(name, "train"), Path(name, "model")
        sessions.mkdir()
        for number, path in enumerate(session_features.downloaded(run.bucket, files)):
            shutil.copyfile(path, sessions / f"{number}.parquet")
        _fit(python, sessions, made, words)
        metrics = _stored(run, made, run_id)
    inputs = {commit.hour: commit.generation for commit in run.commits if commit.hour in hours}
    return session_models.register(
        run.bucket,
        Model(
            version=0,
            run_id=run_id,
            registered_time=datetime.now(UTC),
            start=run.interval.start,
            end=run.interval.end,
            inputs=inputs,
            statement=hashlib.sha256(asked.sql.encode()).hexdigest(),
            code_version=os.environ.get("CLICKSTREAM_CODE_VERSION", "dev"),
            metrics=metrics,
        ),
    )


def _fit(python: Path, sessions: Path, made: Path, words: Sequence[str]) -> None:
    command = [str(python), str(SCRIPT), "--train", str(sessions), "--model-dir", str(made), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ConfigError(
            f"{python} cannot be run ({error}): name a Python with scikit-learn, or use `make train`"
        ) from error
    if done.returncode:
        raise ConfigError(f"the script ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def _stored(run: StatementRun, made: Path, run_id: str) -> dict[str, object]:
    """Upload what was trained, if it can be read; its metrics."""
    read_forest((made / FOREST_FILE).read_bytes())
    for name in (FOREST_FILE, METRICS_FILE):
        run.bucket.upload(made / name, f"{session_models.folder(run_id)}{name}")
    metrics: dict[str, object] = json.loads((made / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("train_sessions", "Train a model of sessions and register it.", is_optional=True)
    add_stack(parser)
    parser.add_argument("--python", type=Path, default=PYTHON, help="a Python with scikit-learn")
    parser.add_argument("more", nargs="*", metavar="-- OPTION", help="options of notebooks/train_session_model.py")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
