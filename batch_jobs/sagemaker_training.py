"""Training as a job of SageMaker: it hands the features and the script to a container, and fetches what comes out.

The script is a channel of its own beside the features, so the container needs no network, and gets none. Source:
Amazon SageMaker Developer Guide, "How Amazon SageMaker provides training information" (folders of a container), and
API reference, CreateTrainingJob.
"""

import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from aws_stores import call
from batch_jobs.query_watch import Pause
from batch_jobs.sagemaker_images import training_image
from batch_jobs.training_here import SCRIPT
from clickstream.errors import ConfigError, InfrastructureError
from clickstream.lake.catalog import uri
from clickstream.lake.session_models import PACKAGE_GROUP_OUTPUT, TRAINING_ROLE_OUTPUT, folder
from clickstream.ports import Bucket

INSTANCE = "ml.m5.large"
MOUNT = "/opt/ml"
LONGEST_S = 3_600
"""A job that takes longer hangs: a hundred thousand sessions are a minute."""
DISK_GB = 10
LOOK_S = 15.0


@dataclass(frozen=True)
class TrainingOnSageMaker:
    """Runs the script under the stack's role for training.

    Attributes:
        client: boto3's client of SageMaker.
        names: Outputs of the stack.
        image: Address of the container.
        key: KMS key of what comes out; empty for that of AWS.
        instance: Type of the machine.
        words: Options of the script.
        pause: Waits between two looks at the job.
    """

    client: Any
    names: Mapping[str, str]
    image: str
    key: str
    instance: str
    words: Sequence[str]
    pause: Pause = time.sleep

    @classmethod
    def of_stack(
        cls, names: Mapping[str, str], stack: str, instance: str, words: Sequence[str]
    ) -> "TrainingOnSageMaker":
        """As the stack has it. Raises `ConfigError` if it has no role for training, or the region no container."""
        if TRAINING_ROLE_OUTPUT not in names:
            raise ConfigError(f"the stack {stack} has no output {TRAINING_ROLE_OUTPUT}: deploy it with -c serving=on")
        session = boto3.Session()
        image = training_image(session.region_name or "")
        return cls(session.client("sagemaker"), names, image, _key(names["BucketName"]), instance, words)

    def fit(self, bucket: Bucket, files: Sequence[str], run_id: str, made: Path) -> None:
        """Run the job and leave the script's files in the folder `made`.

        Raises `ConfigError` if there is no session or the job failed, with its reason; `InfrastructureError` if
        SageMaker refuses it.
        """
        if not files:
            raise ConfigError("the interval holds no session: take another one")
        bucket.upload(SCRIPT, f"{_code(run_id)}{SCRIPT.name}")
        request = self.request(bucket, f"{files[0].rpartition('/')[0]}/", run_id)
        call(self.client.create_training_job, **request)
        job = self._ended(request["TrainingJobName"])
        archive = made.with_suffix(".tar.gz")
        bucket.download(job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(uri(bucket, "")), archive)
        _unpack(archive, made)

    def request(self, bucket: Bucket, features: str, run_id: str) -> dict[str, Any]:
        """What SageMaker is asked for."""
        output = {"S3OutputPath": uri(bucket, folder(run_id)).rstrip("/")}
        container = {"ContainerEntrypoint": ["python3", f"{MOUNT}/input/data/code/{SCRIPT.name}"]}
        return {
            "TrainingJobName": f"{self.names[PACKAGE_GROUP_OUTPUT]}-{run_id}",
            "AlgorithmSpecification": {
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                **container,
                **({"ContainerArguments": list(self.words)} if self.words else {}),
            },
            "RoleArn": self.names[TRAINING_ROLE_OUTPUT],
            "InputDataConfig": [_channel("train", uri(bucket, features)), _channel("code", uri(bucket, _code(run_id)))],
            "OutputDataConfig": output | ({"KmsKeyId": self.key} if self.key else {}),
            "ResourceConfig": {"InstanceType": self.instance, "InstanceCount": 1, "VolumeSizeInGB": DISK_GB},
            "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST_S},
            "EnableNetworkIsolation": True,
            # The names that SageMaker's own tools give them, so that the script runs under these as well.
            "Environment": {
                "SM_CHANNEL_TRAIN": f"{MOUNT}/input/data/train",
                "SM_MODEL_DIR": f"{MOUNT}/model",
                "SM_OUTPUT_DIR": f"{MOUNT}/output",
            },
        }

    def _ended(self, name: str) -> Mapping[str, Any]:
        """Wait for the end of the job."""
        while True:
            job: Mapping[str, Any] = call(self.client.describe_training_job, TrainingJobName=name)
            status = job["TrainingJobStatus"]
            if status == "Completed":
                return job
            if status in {"Failed", "Stopped"}:
                raise ConfigError(f"the training job {name} has {status.lower()}: {job.get('FailureReason', '')}")
            self.pause(LOOK_S)


def _channel(name: str, location: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": location, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _code(run_id: str) -> str:
    """Where the script of a run is kept, beside what it made."""
    return f"{folder(run_id)}code/"


def _key(bucket: str) -> str:
    """The key of the bucket's own encryption: without it SageMaker would name that of AWS, which the bucket refuses."""
    found = call(boto3.client("s3").get_bucket_encryption, Bucket=bucket)["ServerSideEncryptionConfiguration"]
    default = found["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    return str(default.get("KMSMasterKeyID", ""))


def _unpack(archive: Path, made: Path) -> None:
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(made, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise InfrastructureError(f"what the training job wrote cannot be read ({error}): run it again") from error
