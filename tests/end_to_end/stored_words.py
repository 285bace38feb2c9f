"""Where words occur in everything that an account stores: objects, unpacked and decoded, and items of tables."""

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

_ZSTD = b"\x28\xb5\x2f\xfd"


def places_of(*words: str) -> list[str]:
    """Names of the objects and items that hold one of the words."""
    wanted = [word.encode() for word in words]
    return [name for name, body in everything_stored() if any(word in body for word in wanted)]


def everything_stored() -> Iterator[tuple[str, bytes]]:
    """Names and contents of all objects and items. What the CDK put there to deploy from is left out."""
    yield from _objects()
    yield from _items()


def _objects() -> Iterator[tuple[str, bytes]]:
    s3 = boto3.client("s3")
    buckets = [bucket for bucket in s3.list_buckets()["Buckets"] if not bucket["Name"].startswith("cdk-")]
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for entry in page.get("Contents", ()):
                body = s3.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
                yield f"{bucket['Name']}/{entry['Key']}", b"\n".join((entry["Key"].encode(), *_readings(body)))


def _readings(body: bytes) -> Iterator[bytes]:
    """The bytes, and what they are packed or encoded forms of."""
    yield body
    if body[:4] == b"PAR1":
        table = pq.read_table(pa.BufferReader(body))
        yield repr([column.unique().to_pylist() for column in table.columns]).encode()
    elif body[:2] == b"\x1f\x8b":
        yield gzip.decompress(body)
    elif body[:4] == _ZSTD:
        yield pa.CompressedInputStream(pa.BufferReader(body), "zstd").read()
    elif body[:1] in (b"{", b"["):
        # What only looks like JSON stands there as it is.
        with suppress(ValueError):
            yield from _texts(json.loads(body))


def _texts(value: Any) -> Iterator[bytes]:
    """Every text in a JSON document, as it stands, as JSON within JSON, and out of base64 and zstd."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value.encode()
        if value[:1] in ("{", "["):
            yield from _readings(value.encode())
        with suppress(ValueError):
            yield from _readings(base64.b64decode(value, validate=True))


def _items() -> Iterator[tuple[str, bytes]]:
    resource = boto3.resource("dynamodb")
    for table in resource.tables.all():
        answer: dict[str, Any] = {"LastEvaluatedKey": None}
        while "LastEvaluatedKey" in answer:
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]} if answer["LastEvaluatedKey"] else {}
            answer = dict(table.scan(**start))
            for item in answer["Items"]:
                yield f"{table.name} {item.get('pk')} {item.get('sk')}", _words_of(item)


def _words_of(item: dict[str, Any]) -> bytes:
    """All values of an item, binary ones as they are."""
    binary = [bytes(value.value) for value in item.values() if hasattr(value, "value")]
    return b"\n".join((repr(item).encode(), *(reading for body in binary for reading in _readings(body))))
