"""Kinesis and DynamoDB behind the ports of the collector, and the collector itself, built from its settings."""

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_stores import call
from clickstream.collecting import write_keys
from clickstream.collecting.packing import PackedRecord
from clickstream.collecting.quotas import Claim, Quotas
from clickstream.collecting.requests import Limits
from clickstream.collecting.serving import Collector
from clickstream.errors import Conflict
from clickstream.settings import CollectEventsSettings

CALL_S = 4.0
"""No call takes longer: somebody waits for the answer. Refusals must not be hidden by tries of the client's own."""
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=3, tcp_keepalive=True)


class KinesisPut:
    """PutRecords on one stream; see `clickstream.collecting.putting.Put`."""

    def __init__(self, stream_name: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self._stream_name = stream_name
        self._client = client or boto3.client("kinesis", config=CONFIG)

    def __call__(self, records: Sequence[PackedRecord]) -> list[str]:
        """Put them in one call; empty or the reason of the refusal for each."""
        entries = [
            {"Data": record.data, "PartitionKey": record.partition_key, "ExplicitHashKey": record.explicit_hash_key}
            for record in records
        ]
        reply = call(self._client.put_records, StreamName=self._stream_name, Records=entries)
        return [entry.get("ErrorCode") or "" for entry in reply["Records"]]


class DynamoClaims:
    """One item a name and minute; see `clickstream.collecting.quotas.Claims`."""

    def __init__(self, table: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self._table = table
        self._client = client or boto3.client("dynamodb", config=CONFIG)

    def claim(self, name: str, window: int, wanted: int, limit: int, expires_at: int) -> Claim:
        """Add to what is taken if that stays within the limit, in one conditional write."""
        try:
            reply = call(
                self._client.update_item,
                TableName=self._table,
                Key={"pk": {"S": name}, "sk": {"S": str(window)}},
                UpdateExpression="SET expires_at = :expiry ADD taken :wanted",
                ConditionExpression="attribute_not_exists(taken) OR taken <= :room",
                ExpressionAttributeValues={
                    ":expiry": {"N": str(expires_at)},
                    ":wanted": {"N": str(wanted)},
                    ":room": {"N": str(limit - wanted)},
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Conflict as conflict:
            return Claim(is_granted=False, taken=_taken(conflict.__cause__))
        return Claim(is_granted=True, taken=int(reply["Attributes"]["taken"]["N"]))


def _taken(error: BaseException | None) -> int:
    """What was taken when the claim failed, from the item that the service sends along."""
    item: dict[str, Any] = error.response.get("Item", {}) if isinstance(error, ClientError) else {}  # type: ignore[assignment]  # not in the stubs
    return int(item["taken"]["N"])


def build(settings: CollectEventsSettings) -> Collector:
    """The collector. Raises `ConfigError`."""
    return Collector(
        limits=Limits(origins=tuple(settings.origins.split(","))),
        keys=write_keys.WriteKeys(write_keys.parse(settings.write_keys)),
        quotas=Quotas(DynamoClaims(settings.claims_table), settings.events_per_minute),
        buckets=settings.stream_buckets,
        put=KinesisPut(settings.stream_name),
    )
