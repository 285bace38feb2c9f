"""Which stream to send to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

from botocore import exceptions as aws

from clickstream_tracker.answers import explain
from clickstream_tracker.errors import SendError

DEFAULT_STACK = "clickstream-local"


class DescribesStacks(Protocol):
    """A boto3 CloudFormation client, as far as it is used here."""

    def describe_stacks(self, *, StackName: str) -> Mapping[str, Any]:  # noqa: N803 - the API's name
        """Describe a stack."""


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
