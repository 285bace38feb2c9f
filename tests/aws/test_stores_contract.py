"""One contract for the stores: the fakes of the simulation and boto3 must give the same answers."""

from pathlib import Path

import pytest

from aws_stores import DynamoTable, S3Bucket
from clickstream.errors import Conflict, InfrastructureError, LakeError
from clickstream.ports import Bucket, Key, Table


def test_an_item_comes_back_as_it_went_in(table: Table) -> None:
    """Text, integers, booleans, bytes, null, lists and maps survive at every depth, with their Python types."""
    item = {"pk": "a", "sk": "1", "n": 10**30, "ok": True, "b": b"\x00\xff", "none": None, "m": {"l": [1, "x", b"y"]}}
    table.put(item)
    read = table.get(Key("a", "1"))
    assert read == item
    assert type(read["n"]) is int


def test_absent_is_none(table: Table) -> None:
    """Reading or deleting a key that is not there is no error."""
    table.delete(Key("a", "1"))
    assert table.get(Key("a", "1")) is None
    assert table.get_many([Key("a", "1")]) == {}


def test_many_keys_are_read_at_once(table: Table) -> None:
    """More keys than one request may hold are all answered, repeated keys once."""
    for n in range(130):
        table.put({"pk": "a", "sk": f"{n:03}", "n": n})
    found = table.get_many([Key("a", f"{n:03}") for n in range(140)] + [Key("a", "001")])
    assert {item["n"] for item in found.values()} == set(range(130))


def test_only_the_first_writer_creates_an_item(table: Table) -> None:
    """The second `put_new` of a key conflicts and changes nothing."""
    table.put_new({"pk": "a", "sk": "1", "by": "first"})
    with pytest.raises(Conflict):
        table.put_new({"pk": "a", "sk": "1", "by": "second"})
    assert table.get(Key("a", "1")) == {"pk": "a", "sk": "1", "by": "first"}


def test_what_is_gone_does_not_come_back(table: Table) -> None:
    """`put_existing` replaces an item, and conflicts where there is none: also one that was deleted meanwhile."""
    item = {"pk": "a", "sk": "1", "by": "second"}
    with pytest.raises(Conflict):
        table.put_existing(item)
    table.put({"pk": "a", "sk": "1", "by": "first"})
    table.put_existing(item)
    assert table.get(Key("a", "1")) == item
    table.delete(Key("a", "1"))
    with pytest.raises(Conflict):
        table.put_existing(item)
    assert table.get(Key("a", "1")) is None


def test_a_revision_is_replaced_only_by_who_read_it(table: Table) -> None:
    """`put_revision` succeeds once per revision, also for the absent one."""
    table.put_revision({"pk": "a", "sk": "1", "rev": 1}, None)
    with pytest.raises(Conflict):
        table.put_revision({"pk": "a", "sk": "1", "rev": 1}, None)
    table.put_revision({"pk": "a", "sk": "1", "rev": 2}, 1)
    with pytest.raises(Conflict):
        table.put_revision({"pk": "a", "sk": "1", "rev": 2}, 1)
    assert table.get(Key("a", "1")) == {"pk": "a", "sk": "1", "rev": 2}


@pytest.mark.parametrize("read", [None, 1])
def test_an_item_without_a_revision_meets_no_condition(table: Table, read: int | None) -> None:
    """Who writes an item anew without one takes it from everybody who read an earlier one."""
    table.put({"pk": "a", "sk": "1"})
    with pytest.raises(Conflict):
        table.put_revision({"pk": "a", "sk": "1", "rev": 2}, read)
    assert table.get(Key("a", "1")) == {"pk": "a", "sk": "1"}


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, ["-start", "01", "02", "03"]),
        ({"first": "01"}, ["01", "02", "03"]),
        ({"last": "02"}, ["-start", "01", "02"]),
        ({"first": "01", "last": "02"}, ["01", "02"]),
        ({"descending": True, "limit": 1}, ["03"]),
        ({"last": "02", "descending": True}, ["02", "01", "-start"]),
    ],
)
def test_a_query_keeps_order_and_bounds(table: Table, bounds: dict[str, object], expected: list[str]) -> None:
    """Items come in order of their sort key, bounds included, and only from the asked partition."""
    for pk, sk in [("a", "02"), ("a", "-start"), ("b", "01"), ("a", "03"), ("a", "01")]:
        table.put({"pk": pk, "sk": sk})
    assert [item["sk"] for item in table.query("a", **bounds)] == expected  # type: ignore[arg-type]


def test_a_scan_sees_every_item(table: Table) -> None:
    """Items of all partitions are found."""
    for pk in "abc":
        table.put({"pk": pk, "sk": "1"})
    assert {item["pk"] for item in table.scan()} == {"a", "b", "c"}


def test_objects_are_written_read_listed_and_deleted(bucket: Bucket, tmp_path: Path) -> None:
    """A listing holds exactly the keys under the prefix, in order, with their sizes."""
    bucket.put("a/2", b"22")
    bucket.put("a/1", b"1")
    bucket.put("b/1", b"")
    (tmp_path / "up").write_bytes(b"333")
    bucket.upload(tmp_path / "up", "a/3")
    bucket.download("a/3", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"333"
    assert [(entry.key, entry.size) for entry in bucket.list("a/")] == [("a/1", 1), ("a/2", 2), ("a/3", 3)]
    bucket.delete("a/2")
    bucket.delete("a/2")
    assert [entry.key for entry in bucket.list("")] == ["a/1", "a/3", "b/1"]


def test_a_missing_object_says_so(bucket: Bucket, tmp_path: Path) -> None:
    """Reading a key that is not there raises `LakeError` with the key."""
    with pytest.raises(LakeError, match="nowhere"):
        bucket.get("nowhere")
    with pytest.raises(LakeError, match="nowhere"):
        bucket.download("nowhere", tmp_path / "x")


def test_only_the_first_writer_creates_an_object(bucket: Bucket) -> None:
    """The second `put_new` of a key conflicts and changes nothing."""
    bucket.put_new("commit", b"first")
    with pytest.raises(Conflict):
        bucket.put_new("commit", b"second")
    assert bucket.get("commit") == b"first"


def test_a_missing_table_or_bucket_is_an_infrastructure_error(aws: None) -> None:
    """What an operator must repair is told apart from what the data says."""
    with pytest.raises(InfrastructureError):
        DynamoTable("absent").get(Key("a", "1"))
    with pytest.raises(InfrastructureError):
        S3Bucket("absent").put("k", b"")
