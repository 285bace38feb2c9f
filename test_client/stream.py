"""Which stream to send to, with which client, and what an AWS error means for the person who sends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore import exceptions as aws

from test_client.errors import SendError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

DEFAULT_STACK = "clickstream-local"
_PASSING = {
    "ProvisionedThroughputExceededException", "ThrottlingException", "KMSThrottlingException", "LimitExceededException",
    "InternalFailure", "InternalFailureException", "ServiceUnavailable", "RequestTimeout", "SlowDown",
}  # fmt: skip
_CREDENTIALS = {
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException",
    "InvalidSignatureException", "MissingAuthenticationTokenException", "AccessDeniedException", "AccessDenied",
}  # fmt: skip
_CONNECT_S, _READ_S = 5, 30


class DescribesStacks(Protocol):
    """A boto3 CloudFormation client, as far as it is used here."""

    def describe_stacks(self, *, StackName: str) -> Mapping[str, Any]:  # noqa: N803 - the API's name
        """Describe a stack."""


def is_passing(error: Exception, *, is_first: bool) -> bool:
    """Whether a call may succeed when made again; an endpoint that never answered (``is_first``) is not there."""
    if isinstance(error, aws.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"].get("Code") in _PASSING or status >= 500
    if isinstance(error, aws.EndpointConnectionError):
        return not is_first
    return isinstance(error, (aws.ConnectionError, aws.HTTPClientError))


def explain(error: Exception, stream_name: str) -> str:
    """Say in one sentence what an AWS error means and what to do."""
    if isinstance(error, aws.ClientError):
        return _explain_answer(error, stream_name)
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError)):
        return "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, aws.NoRegionError):
        return "no AWS region is set: set AWS_REGION or AWS_DEFAULT_REGION"
    if isinstance(error, (aws.ConnectionError, aws.HTTPClientError)):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_KINESIS") or os.environ.get("AWS_ENDPOINT_URL") or "AWS"
        return f"{endpoint} does not answer: start the local platform, or check AWS_ENDPOINT_URL and the network"
    return f"AWS cannot be called ({error}): check the AWS settings of this shell"


def explain_refusal(code: str) -> str:
    """Say why Kinesis took a call but not this record of it."""
    if code == "ProvisionedThroughputExceededException":
        return "its shards take no more at this pace; add shards, or send slower with --rate"
    return f"Kinesis answers {code}; try again later"


def _explain_answer(error: aws.ClientError, stream_name: str) -> str:
    code, text = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code == "ResourceNotFoundException":
        return f"there is no stream named {stream_name}: deploy the stack first, or name another stream with --stream"
    if code in _CREDENTIALS:
        return f"AWS does not accept these credentials for stream {stream_name} ({code}): check profile and permissions"
    return f"AWS answered {code}: {text}"


def kinesis_client() -> KinesisClient:
    """Make a client from the environment; it does not retry by itself, since ``Sender`` does.

    Raises:
        SendError: no region is set, or the AWS settings are not readable.
    """
    import boto3  # here, because it takes a third of a second that the other commands need not pay
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=_CONNECT_S, read_timeout=_READ_S)
    try:
        return boto3.client("kinesis", config=config)
    except (aws.BotoCoreError, ValueError) as error:
        raise SendError(explain(error, "")) from error


def stream_name_of(stream: str | None, stack: str | None) -> str:
    """Find the stream: the name given, else STREAM_NAME, else output ``StreamName`` of the CloudFormation stack.

    Raises:
        SendError: the stack cannot be asked, does not exist, or names no stream.
    """
    name = stream or os.environ.get("STREAM_NAME")
    if name:
        return name
    import boto3

    stack = stack or os.environ.get("STACK_NAME") or DEFAULT_STACK
    try:
        return stack_output(boto3.client("cloudformation"), stack)
    except (aws.BotoCoreError, ValueError) as error:
        raise SendError(explain(error, stack)) from error


def stack_output(client: DescribesStacks, stack: str) -> str:
    """Return the output ``StreamName`` of a stack.

    Raises:
        SendError: the stack does not exist, may not be read, or names no stream.
    """
    try:
        description = client.describe_stacks(StackName=stack)["Stacks"][0]
    except aws.ClientError as error:
        if error.response["Error"].get("Code") == "ValidationError":
            raise SendError(f"there is no stack named {stack}: deploy it first, or use --stack or --stream") from error
        raise SendError(explain(error, stack)) from error
    for output in description.get("Outputs", []):
        if output.get("OutputKey") == "StreamName":
            return str(output["OutputValue"])
    raise SendError(f"the stack {stack} has no output StreamName: name the stream with --stream")
