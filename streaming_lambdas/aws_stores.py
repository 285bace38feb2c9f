"""DynamoDB and S3 behind the library's ports, through boto3. Handlers and jobs share it; it holds no rule of ours."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clickstream.errors import Conflict, InfrastructureError, LakeError
from clickstream.ports import Item, Key, ObjectInfo

CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=10)
"""All tries of one call end within the 60 s of a function: a service that hangs must be an error, not a time-out."""
READ_BATCH = 100
READ_ROUNDS = 50
THROTTLE_PAUSE_S = 0.1
_CONFLICTS = {"ConditionalCheckFailedException", "PreconditionFailed", "412"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_RETRIED_CONFLICT = {"ConditionalRequestConflict", "409"}


def call(function: Callable[..., Any], **arguments: Any) -> Any:  # noqa: ANN401  boto3's own types
    """Call one API operation; translate its failure into `Conflict`, `LakeError` or `InfrastructureError`."""
    try:
        return function(**arguments)
    except ClientError as error:
        code = _code(error)
        if code in _CONFLICTS:
            raise Conflict(str(error)) from error
        if code in _MISSING and "Key" in arguments:
            raise LakeError(f"{arguments.get('Bucket')}/{arguments.get('Key')} does not exist") from error
        raise InfrastructureError(f"{error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise InfrastructureError(f"{error}") from error


def _code(error: BaseException | None) -> str:
    """The service's own word for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def stream_epoch(stream_arn: str) -> str:
    """Creation time of the stream in epoch seconds: sequence numbers of a re-created stream begin again."""
    summary = call(boto3.client("kinesis", config=CONFIG).describe_stream_summary, StreamARN=stream_arn)
    created: datetime = summary["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    return str(int(created.timestamp()))


class DynamoTable:
    """A DynamoDB table with the text keys `pk` and `sk`; see `clickstream.ports.Table`."""

    def __init__(self, name: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self.name = name
        self._client = client or boto3.client("dynamodb", config=CONFIG)

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        reply = call(self._client.get_item, TableName=self.name, Key=_attributes(key._asdict()), ConsistentRead=True)
        return _item(reply["Item"]) if "Item" in reply else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        found: dict[Key, Item] = {}
        rest = iter(dict.fromkeys(keys))
        while chunk := [_attributes(key._asdict()) for key in islice(rest, READ_BATCH)]:
            found |= {Key(item["pk"], item["sk"]): item for item in self._read(chunk)}
        return found

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition with `first <= sk <= last`, in order of sk."""
        condition, values = _key_condition(pk, first, last)
        arguments = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _attributes(values),
            "ScanIndexForward": not descending,
        } | ({"Limit": limit} if limit else {})
        return islice(self._pages(self._client.query, arguments), limit)

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value, through the index of that name. Eventually consistent."""
        arguments = {
            "TableName": self.name,
            "IndexName": attribute,
            "KeyConditionExpression": "#attribute = :value",
            "ExpressionAttributeNames": {"#attribute": attribute},
            "ExpressionAttributeValues": _attributes({":value": value}),
        }
        return islice(self._pages(self._client.query, arguments), limit)

    def scan(self) -> Iterator[Item]:
        """All items, in no order."""
        return self._pages(self._client.scan, {"TableName": self.name, "ConsistentRead": True})

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self._put(item)

    def put_new(self, item: Item) -> None:
        """Write unless an item with this key exists; then raise `Conflict`."""
        self._put(item, ConditionExpression="attribute_not_exists(pk)")

    def put_existing(self, item: Item) -> None:
        """Write if an item with this key exists; else raise `Conflict`."""
        self._put(item, ConditionExpression="attribute_exists(pk)")

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored `rev` is still `read`; else raise `Conflict`."""
        if read is None:
            return self.put_new(item)
        values = _attributes({":read": read})
        return self._put(item, ConditionExpression="rev = :read", ExpressionAttributeValues=values)

    def delete(self, key: Key) -> None:
        """Remove; absent is fine."""
        call(self._client.delete_item, TableName=self.name, Key=_attributes(key._asdict()))

    def _put(self, item: Item, **condition: Any) -> None:  # noqa: ANN401  boto3's own types
        call(self._client.put_item, TableName=self.name, Item=_attributes(item), **condition)

    def _read(self, keys: list[dict[str, Any]]) -> list[Item]:
        """The items of at most READ_BATCH keys. A table that leaves some over for ever is an error, not a time-out."""
        items: list[Item] = []
        for _ in range(READ_ROUNDS):
            request = {self.name: {"Keys": keys, "ConsistentRead": True}}
            reply = call(self._client.batch_get_item, RequestItems=request)
            items += map(_item, reply["Responses"].get(self.name, []))
            keys = reply.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if not keys:
                return items
            # What a throttled table leaves over is asked again, but not at once.
            time.sleep(THROTTLE_PAUSE_S)
        raise InfrastructureError(f"{self.name}: {len(keys)} keys were not read in {READ_ROUNDS} requests")

    def _pages(self, operation: Callable[..., Any], arguments: dict[str, Any]) -> Iterator[Item]:
        while True:
            reply = call(operation, **arguments)
            yield from map(_item, reply["Items"])
            if not reply.get("LastEvaluatedKey"):
                return
            arguments = arguments | {"ExclusiveStartKey": reply["LastEvaluatedKey"]}


class S3Bucket:
    """An S3 bucket; see `clickstream.ports.Bucket`."""

    def __init__(self, name: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self.name = name
        self._client = client or boto3.client("s3", config=CONFIG)

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        call(self._client.put_object, Bucket=self.name, Key=key, Body=body)

    def put_new(self, key: str, body: bytes) -> None:
        """Write with `If-None-Match: *`; raise `Conflict` if the key exists."""
        for _ in range(5):
            try:
                call(self._client.put_object, Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
            except InfrastructureError as error:
                if _code(error.__cause__) not in _RETRIED_CONFLICT:
                    raise
                # S3 answers 409 while another conditional write of the key is in flight, and asks for a retry.
                time.sleep(0.05)
            else:
                return
        raise InfrastructureError(f"{key}: five conditional writes met another one in flight")

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        body: bytes = call(call(self._client.get_object, Bucket=self.name, Key=key)["Body"].read)
        return body

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a local file."""
        call(self._client.download_file, Bucket=self.name, Key=key, Filename=str(path))

    def upload(self, path: Path, key: str) -> None:
        """Copy a local file to the key."""
        call(self._client.upload_file, Filename=str(path), Bucket=self.name, Key=key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix, in order of key."""
        arguments = {"Bucket": self.name, "Prefix": prefix}
        while True:
            reply = call(self._client.list_objects_v2, **arguments)
            for entry in reply.get("Contents", []):
                yield ObjectInfo(entry["Key"], entry["Size"], entry["LastModified"])
            if not reply.get("IsTruncated"):
                return
            arguments = arguments | {"ContinuationToken": reply["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        call(self._client.delete_object, Bucket=self.name, Key=key)


def _key_condition(pk: str, first: str, last: str) -> tuple[str, Item]:
    if first and last:
        return "pk = :pk AND sk BETWEEN :first AND :last", {":pk": pk, ":first": first, ":last": last}
    if first:
        return "pk = :pk AND sk >= :first", {":pk": pk, ":first": first}
    if last:
        return "pk = :pk AND sk <= :last", {":pk": pk, ":last": last}
    return "pk = :pk", {":pk": pk}


_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def _attributes(item: Item) -> dict[str, Any]:
    return {name: _serializer.serialize(value) for name, value in item.items()}


def _item(attributes: dict[str, Any]) -> Item:
    return {name: _plain(_deserializer.deserialize(value)) for name, value in attributes.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  any DynamoDB value
    """boto3's Decimal and Binary as int and bytes, at every depth."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Binary):
        return bytes(value.value)  # type: ignore[attr-defined]  # missing in the stubs
    return int(value) if hasattr(value, "to_integral_value") else value
