"""The stream itself, read like any consumer reads it: its shards, and the records that it still holds."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3

from aws_stores import CONFIG, call
from clickstream.positions import padded
from clickstream.tables import hour_text

PAUSE_S = 0.2
"""Kinesis answers five reads a second and shard; the functions need some of them too."""


class Held(NamedTuple):
    """A record in the stream: padded sequence number, received hour as the stream says it, and its bytes."""

    position: str
    hour: str
    data: bytes


class StreamReader:
    """Reads one stream through its public API. Every method may raise `InfrastructureError`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: Any = boto3.client("kinesis", config=CONFIG)

    def epoch(self) -> str:
        """Creation time in epoch seconds."""
        summary = call(self._client.describe_stream_summary, StreamName=self.name)["StreamDescriptionSummary"]
        return str(int(summary["StreamCreationTimestamp"].timestamp()))

    def shards(self) -> list[str]:
        """Every shard that holds records, or did within the retention."""
        found: list[str] = []
        arguments: dict[str, Any] = {"StreamName": self.name}
        while True:
            reply = call(self._client.list_shards, **arguments)
            found += [shard["ShardId"] for shard in reply["Shards"]]
            if not reply.get("NextToken"):
                return sorted(found)
            arguments = {"NextToken": reply["NextToken"]}

    def records(self, shard_id: str, after: str | None = None) -> Iterator[Held]:
        """The records of a shard, oldest first, up to the tip as it is now; those after a padded position only."""
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if after:
            number = after.lstrip("0") or "0"
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
        reply = call(self._client.get_shard_iterator, StreamName=self.name, ShardId=shard_id, **start)
        iterator: str | None = reply["ShardIterator"]
        while iterator:
            reply = call(self._client.get_records, ShardIterator=iterator, Limit=10_000)
            yield from map(_held, reply["Records"])
            iterator = reply.get("NextShardIterator") if reply.get("MillisBehindLatest") else None
            time.sleep(PAUSE_S if iterator else 0)


def incoming_records(stream: str, since: datetime, until: datetime) -> dict[str, int]:
    """Records that the service counted as they came in, by hour; empty where nothing counts them.

    Source: CloudWatch metric IncomingRecords of Amazon Kinesis Data Streams, sum of each hour.
    """
    client: Any = boto3.client("cloudwatch", config=CONFIG)
    query = {
        "Id": "incoming",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Kinesis",
                "MetricName": "IncomingRecords",
                "Dimensions": [{"Name": "StreamName", "Value": stream}],
            },
            "Period": 3600,
            "Stat": "Sum",
        },
    }
    start = since.replace(minute=0, second=0, microsecond=0)
    arguments: dict[str, Any] = {"MetricDataQueries": [query], "StartTime": start, "EndTime": until}
    hours: dict[str, int] = {}
    while True:
        reply = call(client.get_metric_data, **arguments)
        for result in reply["MetricDataResults"]:
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            hours |= {hour_text(found.astimezone(UTC)): round(value) for found, value in pairs if value}
        if not reply.get("NextToken"):
            return hours
        arguments |= {"NextToken": reply["NextToken"]}


def _held(record: dict[str, Any]) -> Held:
    arrived: datetime = record["ApproximateArrivalTimestamp"]
    return Held(padded(record["SequenceNumber"]), hour_text(arrived.astimezone(UTC)), record["Data"])
