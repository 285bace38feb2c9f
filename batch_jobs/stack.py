"""Names of everything that was deployed, from the outputs of the CloudFormation stack."""

from collections.abc import Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from batch_jobs.steps import COMMON_ARGUMENTS
from clickstream.errors import ConfigError


def outputs(stack: str) -> dict[str, str]:
    """The outputs of the stack at whatever endpoint the environment names. Raises `ConfigError` if there is none."""
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        advice = "start it with `make up`, deploy it, or name another"
        raise ConfigError(f"the stack {stack} cannot be read ({error}): {advice}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def complete(given: Mapping[str, str | None], stack: str | None) -> dict[str, str]:
    """What is given, and for each name (of `COMMON_ARGUMENTS`) without a value the output of the stack.

    Raises `ConfigError` if a value is missing and no stack is named, or the stack lacks its output.
    """
    missing = [name for name, value in given.items() if not value]
    if missing and not stack:
        raise ConfigError(f"--{', --'.join(missing)} missing: give them, or --stack NAME to look them up")
    found = outputs(stack) if missing and stack else {}
    names = {name: value or found.get(COMMON_ARGUMENTS[name], "") for name, value in given.items()}
    if absent := [COMMON_ARGUMENTS[name] for name, value in names.items() if not value]:
        raise ConfigError(f"the stack {stack} has no output {', '.join(absent)}: deploy it again")
    return names
