"""A registered model in SageMaker's registry: where it is, what it was trained on, and how it was judged.

Scoring takes the newest manifest on S3 and never asks this registry: docs/decisions/0043-sagemaker-beside-the-lake.md.
"""

import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import msgspec

from aws_stores import call
from batch_jobs.sagemaker_images import training_image
from clickstream.errors import InfrastructureError
from clickstream.lake.catalog import uri
from clickstream.lake.session_models import METRICS_FILE, Model, folder, manifest_key
from clickstream.ports import Bucket

ARCHIVE = "model.tar.gz"


class Packages:
    """The group of model packages of a stack.

    Attributes:
        group: Its name.
    """

    def __init__(self, group: str, session: boto3.Session | None = None) -> None:
        self.group = group
        session = session or boto3.Session()
        self._image = training_image(session.region_name or "")
        self._client: Any = session.client("sagemaker")

    def add(self, bucket: Bucket, model: Model) -> str:
        """Make the package of a model whose archive is there; its ARN.

        Raises `InfrastructureError` if SageMaker refuses it: the model is registered and used all the same.
        """
        try:
            made = call(self._client.create_model_package, **self.request(bucket, model))
        except InfrastructureError as error:
            raise InfrastructureError(
                f"model {model.version} is registered and will score, but {self.group} has no package of it: {error}"
            ) from error
        return str(made["ModelPackageArn"])

    def request(self, bucket: Bucket, model: Model) -> dict[str, Any]:
        """What SageMaker is told of it."""
        container = {"Image": self._image, "ModelDataUrl": uri(bucket, f"{folder(model.run_id)}{ARCHIVE}")}
        statistics = {"ContentType": "application/json", "S3Uri": uri(bucket, f"{folder(model.run_id)}{METRICS_FILE}")}
        return {
            "ModelPackageGroupName": self.group,
            "ModelPackageDescription": f"Sessions from {model.start:%Y-%m-%d} to {model.end:%Y-%m-%d}, excluded",
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
            # It is what scores from now on.
            "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": properties(bucket, model),
            "ClientToken": model.run_id,
        }


def properties(bucket: Bucket, model: Model) -> dict[str, str]:
    """What tells the package apart: each a text of at most 256 letters, so the hours are in the manifest."""
    return {
        "version": str(model.version),
        "run_id": model.run_id,
        "data_version": data_version(model.inputs),
        "hours": str(len(model.inputs)),
        "start": model.start.isoformat(),
        "end": model.end.isoformat(),
        "statement": model.statement,
        "code_version": model.code_version,
        "manifest": uri(bucket, manifest_key(model.version)),
        **{name: str(model.metrics[name]) for name in ("rows", "flagged", "agreement") if name in model.metrics},
    }


def data_version(inputs: Mapping[str, int]) -> str:
    """A hash of every received hour that was read and its generation: equal for equal data."""
    return hashlib.sha256(msgspec.json.encode(sorted(inputs.items()))).hexdigest()[:16]


def write_archive(made: Path, path: Path) -> None:
    """Everything that the script left in the folder, as SageMaker keeps models."""
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(made.iterdir()):
            archive.add(file, file.name)
