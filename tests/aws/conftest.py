"""The AWS account in memory that the tests of single API calls use."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from aws_stores import S3Bucket
from batch_jobs import ledger_tools
from clickstream.ports import Bucket, Table
from tests.aws.empty_stores import new_table
from tests.aws.ledger_stack import NAMES, SETTINGS, Deployment
from tests.simulation.fakes import MemoryBucket, MemoryTable


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in us-east-1 with credentials that no real service would take."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture(params=["memory", "boto3"])
def table(request: pytest.FixtureRequest, aws: None) -> Table:
    """An empty table."""
    if request.param == "memory":
        return MemoryTable()
    return new_table()


@pytest.fixture(params=["memory", "boto3"])
def bucket(request: pytest.FixtureRequest, aws: None) -> Bucket:
    """An empty bucket."""
    if request.param == "memory":
        return MemoryBucket()
    boto3.client("s3").create_bucket(Bucket="lake")
    return S3Bucket("lake")


@pytest.fixture
def deployment(aws: None, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Everything that a stack names."""
    monkeypatch.setattr(ledger_tools, "outputs", lambda _: NAMES)
    monkeypatch.setattr(ledger_tools, "variables_of", lambda _: {})
    monkeypatch.setattr(ledger_tools, "settings_of", lambda _: SETTINGS)
    monkeypatch.setattr("batch_jobs.stream_reading.PAUSE_S", 0)
    return Deployment()
