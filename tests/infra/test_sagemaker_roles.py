"""SageMaker's roles may do what is done under them, and nothing else."""

import tarfile
from collections.abc import Callable
from io import BytesIO
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from batch_jobs import train_sessions
from clickstream.lake.session_models import newest_model
from notebooks.lake_reader import LakeReader
from tests.aws import small_lake
from tests.aws.described_stack import described
from tests.aws.small_forest import forest_bytes
from tests.aws.training_container import Container, container
from tests.infra import mishaps, policy_requests, policy_sagemaker
from tests.infra.deployed_account import Deployed, account
from tests.infra.policy_guard import Guard, acting_as
from tests.infra.policy_requests import ACCOUNT, arn
from tests.infra.policy_statements import Request, allowed_by
from tests.infra.policy_template import Resolved

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
Template = dict[str, Any]
NOTEBOOK, TRAINING = "ServingSageMakerNotebookRole", "ServingSageMakerTrainingRole"
STACK = "clickstream"
OPERATIONS = {
    ("cloudformation", "DescribeStacks"): policy_sagemaker.describe_stacks,
    ("sagemaker", "CreateTrainingJob"): policy_sagemaker.create_training_job,
    ("sagemaker", "DescribeTrainingJob"): policy_sagemaker.describe_training_job,
    ("sagemaker", "CreateModelPackage"): policy_sagemaker.create_model_package,
}
SAGEMAKER = {"iam:PassedToService": ["sagemaker.amazonaws.com"]}
BY_SCRIPT = "the instance's scripts call it by the AWS command line: tests/end_to_end/test_notebook_instance.py"
UNUSED = {
    ("ReadProject", "s3:GetObject"): BY_SCRIPT,
    ("StopItself", "sagemaker:StopNotebookInstance"): BY_SCRIPT,
}
"""By statement and action."""
ASKING = {"Query", "ReadDatabase", "ReadTables", "ReadObjects", "ListObjects", "FindBucket", "WriteResults"}
"""Statements of who asks the lake; that a scientist needs each of them is proven by `test_people_grants`."""
TRAINING_STATEMENTS = {"RegisterModels", "FindKey", "Train", "PassTrainingRole", "ListModels"}


MADE = {"forest.npz": forest_bytes(), "metrics.json": b'{"rows": 3, "flagged": 0, "agreement": 1}'}


class Finished(Container):
    """Has trained already: a forest that a person can work out."""

    def run(self, params: dict[str, Any], **_: object) -> None:
        """Leave what a job leaves."""
        body = BytesIO()
        with tarfile.open(fileobj=body, mode="w:gz") as archive:
            for name, content in MADE.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, BytesIO(content))
        place = f"{params['OutputDataConfig']['S3OutputPath']}/{params['TrainingJobName']}/output/model.tar.gz"
        bucket, key = place.removeprefix("s3://").split("/", 1)
        self._s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())
        self.requests.append(params)


@pytest.fixture(scope="module")
def template(template_of: Callable[..., Template]) -> Template:
    """Production with a notebook, and a role for scientists."""
    scientist = f"arn:aws:iam::{ACCOUNT}:role/scientists"
    chosen = {"notebookInstance": "ml.t3.medium", "scientistPrincipal": scientist}
    return template_of(environment="production", serving="on", **chosen)


@pytest.fixture(scope="module")
def guard(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Guard:
    """What was asked of the notebook's role: questions to the lake, and a model trained as a job and registered."""
    folder = tmp_path_factory.mktemp("run")
    with account(template, folder / "cache") as deployed, patch.dict(policy_requests.OPERATIONS, OPERATIONS):
        bucket = mishaps.bucket(deployed)
        _filled(deployed, bucket.name)
        guard = deployed.guard(NOTEBOOK)
        outputs = {name: str(deployed.stack.value(one["Value"])) for name, one in template["Outputs"].items()}
        with container(folder, Finished), described(outputs), acting_as(guard):
            LakeReader.of_stack(STACK).ask("headline")
            assert train_sessions.main(["--stack", STACK, "--on", "sagemaker"]) == 0
        assert newest_model(bucket)
    return guard


def test_sufficient(guard: Guard) -> None:
    """Nothing that a notebook does is denied."""
    assert guard.denied == []
    assert {request.action for request in guard.made} >= {"iam:PassRole", "sagemaker:CreateModelPackage", "kms:Decrypt"}


def test_minimal(guard: Guard) -> None:
    """What no call needs is on the list of what AWS and the scripts do by the role; all that is on it is granted."""
    assert {name[:2] for name in guard.unused() if name[0] not in ASKING} == UNUSED.keys()


def test_a_scientist_asks_and_trains_alike(guard: Guard, template: Template) -> None:
    """What is granted to ask the lake, and to train a model, is the same in the notebook and outside."""
    shared = ASKING | TRAINING_STATEMENTS
    notebook, scientist = (
        sorted((grant for grant in grants if grant.sid in shared), key=lambda grant: grant.name)
        for grants in (guard.grants, Resolved(template).role("PeopleScientist"))
    )
    assert notebook == scientist
    assert {grant.sid for grant in notebook} == shared


def test_each_grant_is_needed(guard: Guard) -> None:
    """Without any single one of those that were used, a call that was made is denied."""
    used = {grant.name for request in guard.made for grant in allowed_by(guard.grants, request)}
    needed = {
        name
        for name in used
        if any(not allowed_by([g for g in guard.grants if g.name != name], request) for request in guard.made)
    }
    assert used - needed == set()


def test_what_a_notebook_cannot(guard: Guard, template: Template) -> None:
    """Payloads as they were sent, what was set aside, other roles, other instances, anything that deletes."""
    stack = Resolved(template)
    roles = [stack.arn(role) for role in stack.of_type("IAM::Role") if not role.startswith(TRAINING)]
    lake = next(stack.arn(name) for name in stack.of_type("S3::Bucket") if name.startswith("LakeBucket"))
    others = [
        *(Request("s3:GetObject", f"{lake}/{folder}/x") for folder in ("bad_events", "_identities", "quarantine")),
        Request("s3:PutObject", f"{lake}/raw_events/x"),
        Request("s3:DeleteObject", f"{lake}/models/sessions/x"),
        Request("glue:GetTable", arn("glue", "table/clickstream_production/bad_events")),
        *(Request("iam:PassRole", role, SAGEMAKER) for role in roles),
        Request("sagemaker:StopNotebookInstance", arn("sagemaker", "notebook-instance/another")),
        Request("sagemaker:CreateTrainingJob", arn("sagemaker", "training-job/another")),
    ]
    assert [request for request in others if allowed_by(guard.grants, request)] == []


def test_training(template: Template) -> None:
    """SageMaker acts by it alone: exactly what AWS documents for a job, on features, models and logs of jobs.

    Source: Amazon SageMaker Developer Guide, "How to use SageMaker AI execution roles", CreateTrainingJob, with a key.
    """
    granted: dict[str, set[str]] = {}
    for grant in Resolved(template).role(TRAINING):
        if grant.effect == "Allow":
            granted.setdefault(grant.resource.rpartition(":")[2].partition("/")[2], set()).add(grant.action)
    logs = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}
    assert granted == {
        "athena-results/session-features/*": {"s3:GetObject"},
        "models/sessions/*": {"s3:GetObject", "s3:PutObject"},
        "sagemaker-scikit-learn": {
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        },
        "aws/sagemaker/TrainingJobs": logs,
        "": {"s3:ListBucket", "ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", *logs},
        "encryptionkey3a692d6e": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    }


def _filled(deployed: Deployed, bucket: str) -> None:
    """A few events, one session of them with three."""
    (database,) = {table["DatabaseName"] for table in deployed.stack.of_type("Glue::Table").values()}
    rows = [small_lake.event("page_view", small_lake.at(f"09:0{n}"), "busy") for n in range(3)]
    with patch.multiple(small_lake, BUCKET=bucket, DATABASE=database):
        small_lake.write_hours([*rows, small_lake.event("search", small_lake.at("11:00"), "s2")])
    key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": deployed.stack.keys()[f"arn:aws:s3:::{bucket}"]}
    default: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": key}]}
    deployed.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=default)
    boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="clickstream-production-sessions")
