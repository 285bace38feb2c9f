"""A stack with a stream of one shard, on AWS in memory, and what the commands on its ledger say."""

import json
from datetime import UTC
from typing import Any

import boto3
import pytest

from aws_processor import build
from aws_stores import S3Bucket
from batch_jobs import show_ledger
from clickstream.intake.kinesis import Batch, Record
from clickstream.positions import padded
from clickstream.settings import ProcessEventsSettings
from clickstream.stream.failures import PREFIX, failed_keys
from tests.aws.empty_stores import new_table
from tests.simulation.recovery_parts import invocation_record

FUNCTION, OTHER = "process-events", "detect-anomalies"
SETTINGS = ProcessEventsSettings("lake", "ledger", "counters", "page-metrics")
NAMES = {
    "LedgerTableName": "ledger",
    "CountersTableName": "counters",
    "PageMetricsTableName": "page-metrics",
    "BucketName": "lake",
    "FailureBucketName": "failures",
    "StreamName": "events",
    "ProcessEventsFunctionName": FUNCTION,
}
STEP = ["--bucket", "lake", "--stream", "events", "--ledger-table", "ledger", "--counters-table", "counters"]
STEP += ["--page-metrics-table", "page-metrics"]


class Deployment:
    """A stream of one shard, the stores, and a failure bucket."""

    def __init__(self) -> None:
        self.kinesis: Any = boto3.client("kinesis")
        self.kinesis.create_stream(StreamName="events", ShardCount=1)
        for name in ("ledger", "counters", "page-metrics"):
            new_table(name)
        for bucket in ("lake", "failures"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        summary = self.kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
        self.arn: str = summary["StreamARN"]
        self.shard_id: str = self.kinesis.list_shards(StreamName="events")["Shards"][0]["ShardId"]
        self.failures = S3Bucket("failures")

    def send(self, *payloads: bytes) -> Batch:
        """Put records, and give them as a batch."""
        for data in payloads:
            self.kinesis.put_record(StreamName="events", Data=data, PartitionKey="key")
        where = {"StreamName": "events", "ShardId": self.shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**where)["ShardIterator"]
        found = self.kinesis.get_records(ShardIterator=iterator)["Records"][-len(payloads) :]
        return Batch(self.arn, self.shard_id, tuple(map(_record, found)))

    def process(self, batch: Batch) -> None:
        """What the function does."""
        build(SETTINGS).process(batch, "run")

    def give_up(self, batch: Batch, function: str = FUNCTION) -> None:
        """What Lambda does with a batch that the function's mapping gave up."""
        number = len(failed_keys(self.failures))
        self.failures.put(f"{PREFIX}{function}/{self.shard_id}/{number}", invocation_record(batch, function))


def _record(found: dict[str, Any]) -> Record:
    number, arrived = found["SequenceNumber"], found["ApproximateArrivalTimestamp"]
    return Record(number, padded(number), arrived.astimezone(UTC), found["Data"])


def account(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    """What `show_ledger --json` says, and that it ends with this code."""
    capsys.readouterr()
    assert show_ledger.main(["--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def lines(text: str) -> list[dict[str, Any]]:
    """NDJSON."""
    return [json.loads(line) for line in text.splitlines()]
