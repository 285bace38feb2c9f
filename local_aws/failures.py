"""On-failure destinations: the invocation record of a batch that was given up, and where it is put."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local_aws.delivery import DiscardReason
from local_aws.mapping import EventSourceMapping
from local_aws.record import Record, event_payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Neighbouring records of a shard that are not tried again.

    Attributes:
        shard_id: Their shard.
        records: The records, in order.
        reason: Why they were given up.
        tries: Invocations that held them.
        is_function_error: The last of these ended in an error of the function, not in a report.
    """

    shard_id: str
    records: Sequence[Record]
    reason: DiscardReason
    tries: int
    is_function_error: bool


def invocation_record(mapping: EventSourceMapping, given_up: GivenUp, *, time_s: float) -> dict[str, Any]:
    """Describe a given-up batch as the service does for queues and topics (no payload).

    Source: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    first, last = given_up.records[0], given_up.records[-1]
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if given_up.is_function_error:
        response["functionError"] = "Unhandled"
    return {
        "requestContext": {
            "requestId": str(uuid4()),
            "functionArn": mapping.function_arn,
            "condition": given_up.reason,
            "approximateInvokeCount": given_up.tries,
        },
        "responseContext": response,
        "version": "1.0",
        "timestamp": _iso(time_s),
        "KinesisBatchInfo": {
            "shardId": given_up.shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": _iso(first.told_arrival_time),
            "approximateArrivalOfLastRecord": _iso(last.told_arrival_time),
            "batchSize": len(given_up.records),
            "streamArn": mapping.stream_arn,
        },
    }


def failure_key(mapping_uuid: str, shard_id: str, time_s: float) -> str:
    """Name the S3 object of a given-up batch: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/<time>-<random>`."""
    moment = datetime.fromtimestamp(time_s, UTC)
    return f"aws/lambda/{mapping_uuid}/{shard_id}/{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{uuid4()}"


class FailureDestinations:
    """Delivers invocation records to a bucket (with the payload), a queue or a topic."""

    def __init__(self, s3: "S3Client", sqs: Any, sns: "SNSClient") -> None:  # noqa: ANN401 - no types for SQS
        self._s3, self._sqs, self._sns = s3, sqs, sns

    def send(self, mapping: EventSourceMapping, given_up: GivenUp, *, time_s: float) -> None:
        """Put the record where the mapping says; nowhere if it has no destination.

        Raises:
            botocore.exceptions.ClientError: The destination is missing or refused the record.
            ValueError: The destination is of a kind that does not exist.
        """
        target = mapping.failure_destination
        if target is None:
            return
        record = invocation_record(mapping, given_up, time_s=time_s)
        match target.split(":")[2]:
            case "s3":
                body = json.dumps(record | {"payload": event_payload(given_up.records).decode()})
                key = failure_key(mapping.uuid, given_up.shard_id, time_s)
                self._s3.put_object(Bucket=target.rpartition(":")[2], Key=key, Body=body.encode())
            case "sqs":
                url = self._sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
                self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))
            case "sns":
                self._sns.publish(TopicArn=target, Message=json.dumps(record))
            case kind:
                raise ValueError(f"Mapping {mapping.uuid} sends failures to {kind!r}; use an S3, SQS or SNS ARN.")


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
