"""What a person may choose when a published template is deployed: CloudFormation parameters in place of context keys.

Their defaults and what they allow come from `cdk.config`; every other way to deploy takes them from the root template.
"""

from dataclasses import dataclass
from typing import get_args

from aws_cdk import CfnMapping, CfnParameter, Fn, Token
from constructs import Construct

from cdk.config import BUSY_SHARD_BYTES, LEAST_MEMORY_MB, Config, Environment
from cdk.options import MEMORY_SIZES_MB, RETENTION_DAYS, SHARD_COUNTS

Declaration = dict[str, object]
ENVIRONMENT = "Environment"
SHARDS = "StreamShardCount"
MEMORY = "LambdaMemorySize"
RETENTION = "DataRetentionDays"
BUCKET = "AssetBucket"
PREFIX = "AssetPrefix"
DEFAULT_PREFIX = "clickstream/"
PUBLISHED = tuple(name for name in get_args(Environment) if name != "local")
"""Environments that the root template offers; `local` is the emulator's."""
_MEMORY_TABLE = "FunctionMemory"
_DEFAULTS = Config()
_WORDS = {"Type": "type", "Default": "default", "AllowedValues": "allowed_values", "Description": "description"} | {
    "MinValue": "min_value",
    "MaxValue": "max_value",
}


def root_parameters() -> dict[str, Declaration]:
    """Declare the parameters of the root template, in the order in which a console shows them."""
    environment: Declaration = {
        "Type": "String",
        "Default": _DEFAULTS.environment,
        "AllowedValues": list(PUBLISHED),
        "Description": "Names the stream, the tables and everything else. dev is deleted with its data, the others not",
    }
    bucket: Declaration = {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "must be the name of a bucket in this region, or empty",
        "Description": "Bucket that `make publish` filled; empty for clickstream-assets-<account>-<region>",
    }
    prefix: Declaration = {
        "Type": "String",
        "Default": DEFAULT_PREFIX,
        "AllowedPattern": "^$|^[A-Za-z0-9._/-]*/$",
        "ConstraintDescription": "must be empty or end with a slash",
        "Description": "Start of the names of its objects",
    }
    return {ENVIRONMENT: environment, **size_parameters(), BUCKET: bucket, PREFIX: prefix}


def size_parameters() -> dict[str, Declaration]:
    """Declare the parameters that the nested templates share with the root."""
    return {
        SHARDS: {
            **_whole(SHARD_COUNTS, _DEFAULTS.stream_shard_count),
            "Description": "Shards of the stream; one takes 1 MB and 1,000 records a second",
        },
        MEMORY: {
            "Type": "Number",
            "Default": _DEFAULTS.requested_memory_mb,
            "AllowedValues": list(MEMORY_SIZES_MB),
            "Description": f"MB of each function; less than {LEAST_MEMORY_MB} is raised to {LEAST_MEMORY_MB}, "
            "which a full batch needs",
        },
        RETENTION: {
            **_whole(RETENTION_DAYS, _DEFAULTS.data_retention_days),
            "Description": "Days until live counters and session metrics leave DynamoDB",
        },
    }


def _whole(allowed: range, default: int) -> Declaration:
    return {"Type": "Number", "Default": default, "MinValue": allowed[0], "MaxValue": allowed[-1]}


@dataclass(frozen=True)
class ParameterConfig(Config):
    """A configuration whose sizes are chosen when the template is deployed."""

    @property
    def memory_mb(self) -> float:
        """What was asked for, or the floor: a template cannot compare numbers, so it looks the size up."""
        return Token.as_number(Fn.find_in_map(_MEMORY_TABLE, Fn.ref(MEMORY), "Megabytes"))

    @property
    def retention_days(self) -> str:
        """The parameter."""
        return Fn.ref(RETENTION)

    @property
    def stream_buckets(self) -> str:
        """The parameter."""
        return Fn.ref(SHARDS)

    @property
    def busy_stream_bytes(self) -> float:
        """The number of shards with zeros appended."""
        zeros = str(BUSY_SHARD_BYTES).removeprefix("1")
        return Token.as_number(Fn.join("", [Fn.ref(SHARDS), zeros]))


def with_parameters(fields: dict[str, object]) -> ParameterConfig:
    """Make the fields of a configuration one that leaves its sizes to parameters."""
    shards = Token.as_number(Fn.ref(SHARDS))
    return ParameterConfig(**{**fields, "stream_shard_count": shards})  # type: ignore[arg-type]  # a number all the same


def declare(scope: Construct) -> None:
    """Add the parameters, and the table of memory sizes, to a stack that uses them."""
    for name, declaration in size_parameters().items():
        CfnParameter(scope, name, **_arguments(declaration))  # type: ignore[arg-type]  # as declared above
    for name in (BUCKET, PREFIX):
        CfnParameter(scope, name, type="String", description="Where the assets are; the root template passes it")
    raised = {str(size): {"Megabytes": max(size, LEAST_MEMORY_MB)} for size in MEMORY_SIZES_MB}
    CfnMapping(scope, _MEMORY_TABLE, mapping=raised)


def _arguments(declaration: Declaration) -> dict[str, object]:
    """The declaration as the CDK wants it: numbers to choose from are text there, and then so is the default."""
    arguments = {_WORDS[key]: value for key, value in declaration.items()}
    if isinstance(sizes := declaration.get("AllowedValues"), list):
        arguments |= {"allowed_values": [str(size) for size in sizes], "default": str(declaration["Default"])}
    return arguments
