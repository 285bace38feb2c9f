"""Registered models of sessions: immutable files, and a manifest each, numbered from 1.

    models/sessions/<run>/forest.npz, metrics.json      what was trained
    models/sessions/manifests/00000001.json             the commit point: what it was trained on, by which code

The newest one is used. To go back, register the files of an older one again.
"""

from datetime import datetime
from typing import Any

import msgspec

from clickstream.errors import Conflict, LakeError
from clickstream.ports import Bucket
from clickstream.tables import MODELS_PREFIX, RESULTS_PREFIX

FOREST_FILE, METRICS_FILE = "forest.npz", "metrics.json"
FOLDER = f"{MODELS_PREFIX}/sessions/"
FEATURES_FOLDER = f"{RESULTS_PREFIX}/session-features/"
"""Features of sessions, which Athena writes: for training, and for scoring."""
TRAINING_ROLE_OUTPUT, PACKAGE_GROUP_OUTPUT = "TrainingRoleArn", "ModelPackageGroupName"
"""Outputs of a stack in which SageMaker trains and lists models."""
TRAINING_REPOSITORY = "sagemaker-scikit-learn"
"""Of the container in which it trains."""
_MANIFESTS = f"{FOLDER}manifests/"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    version: int
    run_id: str
    registered_time: datetime
    start: datetime
    """First event time of the sessions that it was trained on, UTC."""
    end: datetime
    """Excluded."""
    inputs: dict[str, int]
    """Generation of every received hour that these sessions were read from."""
    statement: str
    """SHA-256 of the statement that made the features."""
    code_version: str
    metrics: dict[str, Any]
    """What the training script said of it."""

    @property
    def forest_key(self) -> str:
        """Key of the forest."""
        return f"{folder(self.run_id)}{FOREST_FILE}"


def folder(run_id: str) -> str:
    """Prefix of the files of one training run."""
    return f"{FOLDER}{run_id}/"


def manifest_key(version: int) -> str:
    """Key of the manifest of a version."""
    return f"{_MANIFESTS}{version:08}.json"


def register(bucket: Bucket, model: Model) -> Model:
    """Give it the next free number; its files are there already. Returns the model with its number."""
    while True:
        newest = newest_model(bucket)
        numbered = msgspec.structs.replace(model, version=newest.version + 1 if newest else 1)
        try:
            bucket.put_new(manifest_key(numbered.version), msgspec.json.encode(numbered))
        except Conflict:
            if (stored := _read(bucket, manifest_key(numbered.version))).run_id != model.run_id:
                continue
            return stored
        return numbered


def newest_model(bucket: Bucket) -> Model | None:
    """The model with the highest number, None if there is none. Raises `LakeError` for an unreadable manifest."""
    keys = [entry.key for entry in bucket.list(_MANIFESTS)]
    return _read(bucket, max(keys)) if keys else None


def _read(bucket: Bucket, key: str) -> Model:
    try:
        return msgspec.json.decode(bucket.get(key), type=Model)
    except msgspec.DecodeError as error:
        raise LakeError(f"{bucket.name}/{key} is no manifest of a model: {error}") from error
