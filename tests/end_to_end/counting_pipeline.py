"""A stream feeding functions that count what they receive, made through public APIs."""

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local_aws.access import Endpoints, client_config, local_session

ROLE = "arn:aws:iam::000000000000:role/function"
HANDLER = """
import base64, json, os
import boto3

TABLE = boto3.client("dynamodb")

def add(name, number):
    TABLE.update_item(TableName=os.environ["TABLE"], Key={"name": {"S": name}},
                      UpdateExpression="ADD amount :n", ExpressionAttributeValues={":n": {"N": str(number)}})

def handler(event, context):
    records = [(r["kinesis"]["sequenceNumber"], json.loads(base64.b64decode(r["kinesis"]["data"])), r["kinesis"])
               for r in event["Records"]]
    if any(body.get("poison") for _, body, _ in records[:1]):
        add("tries", 1)
        raise ValueError("poison")
    for position, (number, body, _) in enumerate(records):
        if body.get("poison"):
            add("done", position)
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    add("done", len(records))
    add("hours", len({int(k["approximateArrivalTimestamp"] // 3600) for _, _, k in records}))
"""


@dataclass
class Pipeline:
    """A stream, a table, a bucket for failures, and functions that count what they receive."""

    endpoints: Endpoints
    name: str = field(default_factory=lambda: f"test-{uuid4().hex[:8]}")

    def client(self, service: str) -> Any:
        """Connect to a service of the platform."""
        return local_session().client(service, endpoint_url=self.endpoints.aws_url, config=client_config())  # type: ignore[call-overload]  # the name is not a literal

    def create(self, *, shards: int) -> None:
        """Create the stream and the bucket."""
        self.client("kinesis").create_stream(StreamName=self.name, ShardCount=shards)
        self.client("s3").create_bucket(Bucket=self.name)

    def add_function(self, number: int = 0, **mapping: Any) -> None:
        """Create a table and a function that counts into it, fed by the stream."""
        name = f"{self.name}-{number}"
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        functions = self.client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="count.handler",
            Code={"ZipFile": _zip("count.py", HANDLER)},
            Timeout=60,
            Environment={"Variables": {"TABLE": name}},
        )
        words = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10_000, "Enabled": False} | mapping
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=self.stream_arn, **words)

    @property
    def stream_arn(self) -> str:
        """ARN of the stream."""
        return f"arn:aws:kinesis:us-east-1:000000000000:stream/{self.name}"

    def send(
        self, count: int, *, poison: int | None = None, key: str | None = None, is_all_poison: bool = False
    ) -> None:
        """Put records, one of them or all of them poisoned, with one key or a key each."""
        kinesis = self.client("kinesis")
        records = [
            {
                "Data": json.dumps({"number": n, "poison": is_all_poison or n == poison}).encode(),
                "PartitionKey": key or f"key-{n}",
            }
            for n in range(count)
        ]
        for start in range(0, count, 500):
            kinesis.put_records(StreamName=self.name, Records=records[start : start + 500])

    def count(self, name: str, number: int = 0) -> int:
        """Read one of the function's counters."""
        item = self.client("dynamodb").get_item(
            TableName=f"{self.name}-{number}", Key={"name": {"S": name}}, ConsistentRead=True
        )
        return int(item["Item"]["amount"]["N"]) if "Item" in item else 0

    def failures(self) -> list[dict[str, Any]]:
        """Read the invocation records in the failure bucket, by position."""
        s3 = self.client("s3")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=self.name).get("Contents", [])]
        assert all(re.match(r"aws/lambda/[0-9a-f-]{36}/shardId-\d{12}/\d{4}/\d\d/\d\d/", key) for key in keys)
        records = [json.loads(s3.get_object(Bucket=self.name, Key=key)["Body"].read()) for key in keys]
        return sorted(records, key=lambda record: str(record["KinesisBatchInfo"]["startSequenceNumber"]))


def _zip(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()
