"""The stores of a simulated schedule: the real adapters on the services that moto plays."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from aws_stores import CONFIG, DynamoTable, S3Bucket
from clickstream.ports import Item
from tests.simulation.boto_faults import wired
from tests.simulation.faults import Gate
from tests.simulation.stores import TABLES, OpenTable, Stores


class RealTable(DynamoTable):
    """The adapter of DynamoDB."""

    def everything(self) -> list[Item]:
        """All items; outside an actor nothing fails."""
        return list(self.scan())


class RealBucket(S3Bucket):
    """The adapter of S3."""

    @property
    def objects(self) -> list[str]:
        """All keys; outside an actor nothing fails."""
        return [entry.key for entry in self.list("")]


@cache
def clients() -> tuple[Any, Any]:
    """Of DynamoDB and S3, as the adapters make them; once per process, for that takes longer than a schedule."""
    return boto3.client("dynamodb", config=CONFIG), boto3.client("s3", config=CONFIG)


def on_moto(seed: int) -> Stores:
    """The real adapters; `services` must last. Tables and bucket are new ones."""
    gate = Gate()
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    dynamo, s3 = clients()
    for name in TABLES:
        dynamo.create_table(
            TableName=f"{name}-{seed}",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        )
    s3.create_bucket(Bucket=f"lake-{seed}")
    tables: dict[str, OpenTable] = {name: RealTable(f"{name}-{seed}", dynamo) for name in TABLES}
    return Stores(gate, tables, RealBucket(f"lake-{seed}", s3), wired(gate, seed))


@contextmanager
def services() -> Iterator[None]:
    """Services of moto, empty, with credentials that are good for nothing else; never those that the shell names."""
    with patch.dict(os.environ), mock_aws():
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL") or name == "AWS_PROFILE"]:
            del os.environ[name]
        boto3.setup_default_session(region_name="us-east-1")
        yield
