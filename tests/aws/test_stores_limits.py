"""The limits of the stores, and what they do when a reply is lost: fakes and boto3 must agree here too."""

import random
from decimal import Inexact
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from aws_stores import S3Bucket
from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Key, Table
from tests.aws.empty_stores import new_table
from tests.simulation.actors import Actor, Fate
from tests.simulation.boto_faults import wired
from tests.simulation.fakes import MemoryBucket, RefusedItemError
from tests.simulation.faults import FaultyTable, Gate

REFUSED = (RefusedItemError, InfrastructureError, Inexact, TypeError)
"""How fakes, services and serializers say that an item can never be stored."""


@pytest.mark.parametrize(
    "item",
    [
        {"pk": "a", "sk": "1", "body": b"x" * 401 * 1024},
        {"pk": "a", "sk": "1", "names": {f"name-{n:050}": n for n in range(8_000)}},
        {"pk": "a", "sk": "1", "number": 49590338271490256608559692538361571095921575989136588898},
        {"pk": "a", "sk": "1", "deep": [{"number": 10**38 + 1}]},
        {"pk": "a", "sk": "1", "number": 0.5},
        {"pk": "a" * 2049, "sk": "1"},
        {"pk": "a", "sk": "1" * 1025},
        {"pk": "a", "sk": ""},
    ],
    ids=["bytes", "many names", "56 digits", "39 digits", "float", "long pk", "long sk", "empty sk"],
)
def test_what_dynamodb_cannot_hold_is_refused(table: Table, item: dict[str, Any]) -> None:
    """Items over 400 KB, numbers over 38 digits, floats, and keys too long or empty leave nothing behind."""
    with pytest.raises(REFUSED):
        table.put(item)
    assert list(table.scan()) == []


def test_the_largest_item_and_number_are_held(table: Table) -> None:
    """Below the limits everything comes back as it was; moto draws its line at 405,000 bytes."""
    item = {"pk": "a", "sk": "1", "body": "x" * 395_000, "number": -(10**38 - 1)}
    table.put(item)
    assert table.get(Key("a", "1")) == item


def test_a_long_partition_is_read_to_its_end(table: Table) -> None:
    """A query goes on behind the megabyte that one answer holds, in both directions."""
    for n in range(4):
        table.put({"pk": "a", "sk": str(n), "body": b"x" * 390_000})
    assert [item["sk"] for item in table.query("a")] == ["0", "1", "2", "3"]
    assert [item["sk"] for item in table.query("a", descending=True, limit=3)] == ["3", "2", "1"]


def test_an_index_finds_what_has_the_attribute(table: Table) -> None:
    """Items with the value are found, once they have it and no longer than that."""
    table.put({"pk": "a", "sk": "1", "pending": "alert"})
    table.put({"pk": "a", "sk": "2", "pending": "other"})
    table.put({"pk": "a", "sk": "3"})
    assert [item["sk"] for item in table.indexed("pending", "alert")] == ["1"]
    table.put({"pk": "a", "sk": "1"})
    assert list(table.indexed("pending", "alert")) == []


@pytest.mark.parametrize("kind", ["memory", "boto3"])
@pytest.mark.parametrize("read", [None, 1])
def test_a_write_that_is_sent_again_conflicts_with_itself(kind: str, read: int | None, aws: None) -> None:
    """The reply is lost and the SDK repeats a conditional write: `Conflict`, though it is ours that is stored."""
    gate = Gate()
    table: Table = FaultyTable(gate) if kind == "memory" else new_table()
    if read:
        table.put({"pk": "a", "sk": "1", "rev": read})
    actor = Actor(lambda: table.put_revision({"pk": "a", "sk": "1", "rev": 2}, read))
    with wired(gate, seed=1):
        for fate in (Fate.DONE, Fate.RESENT, Fate.DONE):
            gate.advance(actor, fate)
    assert actor.is_done
    assert isinstance(actor.error, Conflict)
    assert table.get(Key("a", "1")) == {"pk": "a", "sk": "1", "rev": 2}


def test_keys_that_were_left_over_are_asked_again(aws: None) -> None:
    """A throttled service answers for a part of the keys: the others follow."""
    gate, table = Gate(), new_table()
    for n in range(100):
        table.put({"pk": "a", "sk": f"{n:03}"})
    seed = next(seed for seed in range(50) if _leaves_keys_over(seed))
    actor = Actor(lambda: table.get_many(Key("a", f"{n:03}") for n in range(100)))
    with wired(gate, seed):
        for fate in (Fate.DONE, Fate.REFUSED, Fate.DONE):
            gate.advance(actor, fate)
    assert isinstance(actor.result, dict)
    assert len(actor.result) == 100


def _leaves_keys_over(seed: int) -> bool:
    return random.Random(seed).choice(("connection", "throttle", "server", "part")) == "part"  # noqa: S311  as `Wire`


def test_a_long_listing_is_read_to_its_end(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing goes on behind the keys that one answer holds."""
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    monkeypatch.setattr(client, "list_objects_v2", partial(client.list_objects_v2, MaxKeys=2))
    bucket = S3Bucket("lake", client)
    for n in range(5):
        bucket.put(f"a/{n}", b"")
    assert [entry.key for entry in bucket.list("a/")] == [f"a/{n}" for n in range(5)]


def test_a_conditional_write_in_flight_is_waited_for(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 answers 409 while another conditional write of the key runs: asked again, and given up after five times."""
    boto3.client("s3").create_bucket(Bucket="lake")
    client, replies = boto3.client("s3"), [1, 1]
    real = client.put_object

    def put_object(**arguments: Any) -> object:
        if replies.pop() if replies else False:
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": "409"}}, "PutObject")
        return real(**arguments)

    monkeypatch.setattr(client, "put_object", put_object)
    bucket = S3Bucket("lake", client)
    bucket.put_new("commit", b"mine")
    assert bucket.get("commit") == b"mine"
    replies.extend([1] * 5)
    with pytest.raises(InfrastructureError, match="five"):
        bucket.put_new("other", b"")


@pytest.mark.parametrize("key", ["", "/a", "k" * 1025])
def test_the_fake_refuses_a_key_that_s3_would(key: str) -> None:
    """Empty, absolute and over-long keys; moto takes them."""
    with pytest.raises(RefusedItemError):
        MemoryBucket().put(key, b"")
