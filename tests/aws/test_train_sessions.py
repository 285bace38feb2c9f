"""Training as a job of SageMaker, against the AWS API: features by Athena, a container, both registries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_stores import S3Bucket
from batch_jobs import train_sessions
from batch_jobs.model_packages import data_version
from clickstream.lake.session_forest import read_forest
from clickstream.lake.session_models import newest_model
from tests.aws.described_stack import described
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, at, event, fill
from tests.aws.training_container import PYTHON, Container, container

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
SESSIONS = 120
ROLE = "arn:aws:iam::123456789012:role/training"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
ARGUMENTS = ["--stack", "lake-test", "--start", "2026-11-21", "--end", "2026-11-22", "--on", "sagemaker"]
OUTPUTS = {"BucketName": BUCKET, "DatabaseName": DATABASE, "WorkgroupName": WORKGROUP, "TrainingRoleArn": ROLE} | {
    "ModelPackageGroupName": "sessions"
}


def trained(*words: str, outputs: dict[str, str] = OUTPUTS) -> int:
    """Train on the stack with these outputs; the exit code."""
    with described(outputs):
        return train_sessions.main([*ARGUMENTS, *words, "--", "--trees", "20"])


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Container]:
    """Ordinary sessions and a busy one, in a bucket with a key of the account, beside a group of model packages."""
    if not PYTHON.exists():
        pytest.skip("the libraries of SageMaker's container are not in .build/sagemaker; run `make test`")
    with account(tmp_path / "cache"):
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
        encryption: Any = {"Rules": [default]}
        boto3.client("s3").put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encryption)
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="sessions")
        rows = [event("page_view", at(f"{n % 24}:{n % 50}"), f"s{n}") for n in range(SESSIONS)]
        fill([*rows, *(event("page_view", at(f"9:00:{second:02}"), "busy") for second in range(40))])
        with container(tmp_path / "opt-ml") as found:
            yield found


def test_a_job_trains_and_both_registries_know(lake: Container, capsys: pytest.CaptureFixture[str]) -> None:
    """The container's forest scores here; the package names data, metrics and archive, each of which is there."""
    assert trained("--instance", "ml.m5.xlarge") == 0
    _asked(*lake.requests)
    said = json.loads(capsys.readouterr().out)
    bucket = S3Bucket(BUCKET)
    model = newest_model(bucket)
    assert model
    assert (said["model"], said["rows"], model.metrics["trees"]) == (1, SESSIONS + 1, 20)
    assert read_forest(bucket.get(model.forest_key)).names == train_sessions.FEATURES
    package = boto3.client("sagemaker").describe_model_package(ModelPackageName=said["package"])
    assert (package["ModelPackageGroupName"], package["ModelApprovalStatus"]) == ("sessions", "Approved")
    told = package["CustomerMetadataProperties"]
    assert (told["version"], told["data_version"]) == ("1", data_version(model.inputs))
    (archive,) = package["InferenceSpecification"]["Containers"]
    metrics = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    places = [archive["ModelDataUrl"], metrics, told["manifest"]]
    sizes = [len(bucket.get(place.removeprefix(f"s3://{BUCKET}/"))) for place in places]
    assert min(sizes) > 100
    assert json.loads(bucket.get(metrics.removeprefix(f"s3://{BUCKET}/"))) == model.metrics


def test_a_failed_job_says_why(lake: Container, capsys: pytest.CaptureFixture[str]) -> None:
    """The script's own reason arrives; nothing is registered, so the old model goes on scoring."""
    assert trained("--start", "2026-11-21T05:00", "--end", "2026-11-21T06:00") == 1
    error = capsys.readouterr().err
    assert "has failed: AlgorithmError: 5 sessions are too few" in error
    assert newest_model(S3Bucket(BUCKET)) is None


def test_a_stack_without_serving_cannot(lake: Container, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no role for training, and the message says how to get one."""
    assert trained(outputs={name: OUTPUTS[name] for name in ("BucketName", "DatabaseName", "WorkgroupName")}) == 1
    assert "has no output TrainingRoleArn: deploy it with -c serving=on" in capsys.readouterr().err


def test_a_package_that_is_refused(lake: Container, capsys: pytest.CaptureFixture[str]) -> None:
    """The model is registered and will score; the message says so, and what is missing."""
    assert trained(outputs=OUTPUTS | {"ModelPackageGroupName": "nowhere"}) == 1
    assert "model 1 is registered and will score, but nowhere has no package of it" in capsys.readouterr().err
    assert newest_model(S3Bucket(BUCKET))


def _asked(request: dict[str, Any]) -> None:
    """The container has no network, the role of the stack and the bucket's key."""
    assert (request["EnableNetworkIsolation"], request["RoleArn"]) == (True, ROLE)
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert request["AlgorithmSpecification"]["TrainingImage"] == (
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
    )
