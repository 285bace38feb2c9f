"""What calls of SageMaker, and those around them, need to be allowed; see `policy_requests`.

Source: Service Authorization Reference, Amazon SageMaker, AWS IAM (PassRole) and AWS CloudFormation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.policy_requests import arn
from tests.infra.policy_statements import Request

Params = Mapping[str, Any]


def describe_stacks(_: object, params: Params) -> Iterator[Request]:
    """The stack, whatever its id."""
    yield Request("cloudformation:DescribeStacks", arn("cloudformation", f"stack/{params['StackName']}/1a2b3c4d"))


def create_training_job(_: object, params: Params) -> Iterator[Request]:
    """The job, and the role that it is handed."""
    yield Request("sagemaker:CreateTrainingJob", arn("sagemaker", f"training-job/{params['TrainingJobName']}"))
    yield Request("iam:PassRole", params["RoleArn"], {"iam:PassedToService": ["sagemaker.amazonaws.com"]})


def describe_training_job(_: object, params: Params) -> Iterator[Request]:
    """The job."""
    yield Request("sagemaker:DescribeTrainingJob", arn("sagemaker", f"training-job/{params['TrainingJobName']}"))


def create_model_package(_: object, params: Params) -> Iterator[Request]:
    """The group, and the package that will be in it."""
    group = params["ModelPackageGroupName"]
    for name in (f"model-package-group/{group}", f"model-package/{group}/1"):
        yield Request("sagemaker:CreateModelPackage", arn("sagemaker", name))
