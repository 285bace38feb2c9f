r"""Train a model of sessions on an interval of the lake, and register it: from then on the daily run scores by it.

    python -m batch_jobs.train_sessions --stack S [--start TIME --end TIME] [--on here|sagemaker] [-- --trees 300 …]

Athena writes the features, without names of sessions, below the results of queries; `notebooks/train_session_model.py`
trains on them: on a copy here, in an environment that has scikit-learn (`--python BIN`), or as a job of SageMaker on an
`--instance` of its own, where the stack has `serving=on`. What stands behind `--` goes to that script. With `--start`
and `--end` left out it is the densest run of days in the lake. Once registered, a model is never changed; a stack with
`serving=on` lists it as a model package, too.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from batch_jobs import lake_interval, session_features, stack
from batch_jobs.command_line import interruptible
from batch_jobs.model_packages import ARCHIVE, Packages, write_archive
from batch_jobs.queries import interval_values
from batch_jobs.sagemaker_training import INSTANCE, TrainingOnSageMaker
from batch_jobs.statement_run import StatementRun, add_stack
from batch_jobs.training_here import PYTHON, TrainingHere
from clickstream.errors import ClickstreamError
from clickstream.lake import session_models
from clickstream.lake.intervals import received_hours
from clickstream.lake.session_forest import read_forest
from clickstream.lake.session_models import FOREST_FILE, METRICS_FILE, PACKAGE_GROUP_OUTPUT, Model
from clickstream.ports import Bucket

FEATURES = (
    *("duration_s", "events", "busiest_minute_events", "page_views", "pages", "products", "searches", "cart_adds"),
    *("checkouts", "purchases", "agents", "mean_gap_s", "gap_variation"),
)
"""Columns of `sql/session_features.sql` that are trained on; what the script reads, and no name of a session."""


class Trainer(Protocol):
    """Where the script runs."""

    def fit(self, bucket: Bucket, files: Sequence[str], run_id: str, made: Path) -> None:
        """Run it on the files with these keys, which have a folder of their own, and leave its own in `made`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Train and register. 0: the model is registered; 1: it is not, or not everywhere, said on standard error."""
    options = _parser().parse_args(argv)
    try:
        names = _names(options)
        packages = Packages(names[PACKAGE_GROUP_OUTPUT]) if PACKAGE_GROUP_OUTPUT in names else None
        run = StatementRun.of_options(options)
        model = train(run, _trainer(options, names))
        package = {"package": packages.add(run.bucket, model)} if packages else {}
    except ClickstreamError as error:
        print(f"train_sessions: {error}", file=sys.stderr)
        return 1
    said = {name: model.metrics[name] for name in ("rows", "flagged", "agreement")} | package
    print(
        json.dumps({"model": model.version, "start": f"{model.start:%Y-%m-%d}", "end": f"{model.end:%Y-%m-%d}", **said})
    )
    return 0


def train(run: StatementRun, trainer: Trainer) -> Model:
    """Features from Athena, a model from the script, and the next version in the registry.

    Raises `ConfigError` if the script refuses the sessions or cannot be run.
    """
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    asked = session_features.statement(FEATURES)
    hours = received_hours(run.bucket, run.interval.start, run.interval.end)
    values = interval_values(asked, {"start": run.interval.start, "end": run.interval.end})
    files = session_features.unload(run.guard, run.bucket, asked, hours, values, run_id)
    with tempfile.TemporaryDirectory(prefix="session-model-") as name:
        made = Path(name, "model")
        trainer.fit(run.bucket, files, run_id, made)
        metrics = _stored(run.bucket, made, run_id)
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


def _names(options: argparse.Namespace) -> dict[str, str]:
    """The outputs of the stack; none where all that is needed is given by hand."""
    given = (options.bucket, options.database, options.workgroup)
    return {} if all(given) else stack.outputs(options.stack)


def _trainer(options: argparse.Namespace, names: dict[str, str]) -> Trainer:
    if options.on == "here":
        return TrainingHere(options.python, options.more)
    return TrainingOnSageMaker.of_stack(names, options.stack, options.instance, options.more)


def _stored(bucket: Bucket, made: Path, run_id: str) -> dict[str, object]:
    """Upload what was trained, if it can be read; its metrics."""
    read_forest((made / FOREST_FILE).read_bytes())
    archive = made.with_name(ARCHIVE)
    write_archive(made, archive)
    for path in (made / FOREST_FILE, made / METRICS_FILE, archive):
        bucket.upload(path, f"{session_models.folder(run_id)}{path.name}")
    metrics: dict[str, object] = json.loads((made / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics


def _parser() -> argparse.ArgumentParser:
    parser = lake_interval.parser("train_sessions", "Train a model of sessions and register it.", is_optional=True)
    add_stack(parser)
    parser.add_argument("--on", choices=("here", "sagemaker"), default="here", help="where to train; default here")
    parser.add_argument("--python", type=Path, default=PYTHON, help="here: a Python with scikit-learn")
    parser.add_argument("--instance", default=INSTANCE, help="sagemaker: type of the machine; default %(default)s")
    parser.add_argument("more", nargs="*", metavar="-- OPTION", help="options of notebooks/train_session_model.py")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
