"""A container of SageMaker on this machine: it takes the request of a training job literally, under another root.

moto accepts a job, keeps none of its environment and runs nothing. Here the channels are laid out as files, the
entry point runs in the Python of `requirements/sagemaker.in` with nothing else at hand, and what it leaves is packed.
"""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.session import Session

PYTHON = Path(__file__).parents[2] / ".build" / "sagemaker" / "bin" / "python"
MOUNT = "/opt/ml"


class Container:
    """Runs jobs below a folder.

    Attributes:
        requests: What was asked for, in order.
        failure: Why the last job failed; empty if it did not.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._s3: Any = boto3.client("s3")
        self.requests: list[dict[str, Any]] = []
        self.failure = ""

    def run(self, params: dict[str, Any], **_: object) -> None:
        """The job from its channels to its archive, as botocore's event `provide-client-params` hands it over."""
        self.requests.append(params)
        for channel in params["InputDataConfig"]:
            self._lay_out(channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"])
        for name in ("model", "output"):
            (self._root / name).mkdir(parents=True)
        algorithm = params["AlgorithmSpecification"]
        words = [self._here(word) for word in (*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"])]
        words[0] = {"python3": str(PYTHON)}[words[0]]
        variables = {name: self._here(value) for name, value in params["Environment"].items()}
        done = subprocess.run(words, env={"PATH": os.environ["PATH"], **variables}, capture_output=True, check=False)
        if done.returncode:
            self.failure = (self._root / "output" / "failure").read_text()
        else:
            self._pack(params)

    def describe(self, parsed: dict[str, Any], **_: object) -> None:
        """What became of it, as the event `after-call` hands the answer over."""
        if self.failure:
            parsed |= {"TrainingJobStatus": "Failed", "FailureReason": f"AlgorithmError: {self.failure}"}

    def _here(self, text: str) -> str:
        return text.replace(MOUNT, str(self._root))

    def _lay_out(self, name: str, address: str) -> None:
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        for entry in self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
            path = self._root / "input" / "data" / name / entry["Key"].removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(bucket, entry["Key"], str(path))

    def _pack(self, params: dict[str, Any]) -> None:
        body = BytesIO()
        with tarfile.open(fileobj=body, mode="w:gz") as archive:
            archive.add(self._root / "model", ".")
        output = f"{params['OutputDataConfig']['S3OutputPath']}/{params['TrainingJobName']}/output/model.tar.gz"
        bucket, _, key = output.removeprefix("s3://").partition("/")
        self._s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())


@contextmanager
def container(root: Path, kind: type["Container"] | None = None) -> Iterator[Container]:
    """Jobs that anybody creates inside are run in a container below the folder; one of another kind if it is said."""
    found, create = (kind or Container)(root), Session.create_client

    def listening(session: Session, *arguments: Any, **options: Any) -> Any:
        client = create(session, *arguments, **options)
        client.meta.events.register("provide-client-params.sagemaker.CreateTrainingJob", found.run)
        client.meta.events.register("after-call.sagemaker.DescribeTrainingJob", found.describe)
        return client

    with patch.object(Session, "create_client", listening):
        yield found
