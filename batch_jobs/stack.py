"""Names of everything that was deployed, from the outputs of the CloudFormation stack."""

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from clickstream.errors import ConfigError


def outputs(stack: str) -> dict[str, str]:
    """The outputs of the stack at whatever endpoint the environment names. Raises `ConfigError` if there is none."""
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        raise ConfigError(f"the stack {stack} cannot be read ({error}); deploy it, or name another") from error
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
