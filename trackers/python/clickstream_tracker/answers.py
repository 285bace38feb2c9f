"""What an AWS error means for who sends, and whether the call is worth making again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from botocore import exceptions as aws

from clickstream_tracker.errors import SendError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_PASSING = {
    "ProvisionedThroughputExceededException", "ThrottlingException", "KMSThrottlingException", "LimitExceededException",
    "InternalFailure", "InternalFailureException", "ServiceUnavailable", "RequestTimeout", "SlowDown",
}  # fmt: skip
_CREDENTIALS = {
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException",
    "InvalidSignatureException", "MissingAuthenticationTokenException", "AccessDeniedException", "AccessDenied",
}  # fmt: skip


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
        return "its shards take no more at this pace; add shards, or send slower"
    return f"Kinesis answers {code}; try again later"


def _explain_answer(error: aws.ClientError, stream_name: str) -> str:
    code, text = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code == "ResourceNotFoundException":
        return f"there is no stream named {stream_name}: deploy the stack first, or name another stream"
    if code in _CREDENTIALS:
        return f"AWS does not accept these credentials for stream {stream_name} ({code}): check profile and permissions"
    return f"AWS answered {code}: {text}"


def kinesis_client(*, connect_s: float = 5, read_s: float = 30) -> KinesisClient:
    """Make a client from the environment; it does not retry by itself, since ``Sender`` does.

    Args:
        connect_s: longest wait for a connection, seconds.
        read_s: longest wait for an answer, seconds.

    Raises:
        SendError: no region is set, or the AWS settings are not readable.
    """
    import boto3  # here, because it takes a third of a second that who brings a client need not pay
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=connect_s, read_timeout=read_s)
    try:
        return boto3.client("kinesis", config=config)
    except (aws.BotoCoreError, ValueError) as error:
        raise SendError(explain(error, "")) from error
