"""DynamoDB and S3 in memory, counting what the real ones would bill: calls, capacity units, bytes.

Source of sizes and units: Amazon DynamoDB Developer Guide, "Item sizes and formats" and "Read and write operations".
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from clickstream.errors import Conflict
from clickstream.ports import Item, Key
from tests.simulation.fakes import MemoryBucket, MemoryTable

_WRITE_BYTES, _READ_BYTES = 1024, 4096
_KEYS_PER_READ = 100
Usage = Counter[str]
"""Calls by name, `write_units`, `read_units`, `s3_bytes`."""


class CountedTable(MemoryTable):
    """A table that adds to a usage. Writes cost a unit per KB, also refused ones; consistent reads one per 4 KB."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self._usage = usage

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self._read("GetItem", super().get(key))

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        wanted = list(dict.fromkeys(keys))
        self._usage["BatchGetItem"] += -(-len(wanted) // _KEYS_PER_READ)
        found = {key: self._read("", MemoryTable.get(self, key)) for key in wanted}
        return {key: item for key, item in found.items() if item is not None}

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition between the bounds, in order of sk."""
        items = list(super().query(pk, first=first, last=last, descending=descending, limit=limit))
        return self._queried(items)

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value."""
        return self._queried(list(super().indexed(attribute, value, limit)))

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self._write(item)
        super().put(item)

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        if Key(item["pk"], item["sk"]) in self.items:
            self._write(item)
            raise Conflict("The conditional request failed")
        self.put(item)

    def put_existing(self, item: Item) -> None:
        """Write if the key exists."""
        self._write(item)
        super().put_existing(item)

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        stored = MemoryTable.get(self, Key(item["pk"], item["sk"]))
        if (stored["rev"] if stored else None) != read:
            self._write(item)
            raise Conflict("The conditional request failed")
        self.put(item)

    def _queried(self, items: list[Item]) -> Iterator[Item]:
        self._usage["Query"] += 1
        self._usage["read_units"] += max(1, -(-sum(map(item_bytes, items)) // _READ_BYTES))
        return iter(items)

    def _read(self, call: str, item: Item | None) -> Item | None:
        if call:
            self._usage[call] += 1
        self._usage["read_units"] += max(1, -(-item_bytes(item) // _READ_BYTES)) if item else 1
        return item

    def _write(self, item: Item) -> None:
        self._usage["PutItem"] += 1
        self._usage["write_units"] += -(-item_bytes(item) // _WRITE_BYTES)


class CountedBucket(MemoryBucket):
    """A bucket that adds to a usage."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self._usage = usage

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        self._usage.update({"PutObject": 1, "s3_bytes": len(body)})
        super().put(key, body)

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        self._usage["GetObject"] += 1
        return super().get(key)


def item_bytes(item: Item) -> int:
    """Size of an item as DynamoDB counts it: names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Any) -> int:  # noqa: ANN401  any DynamoDB value
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case int():
            return 1 + (len(str(abs(value)).rstrip("0")) + 1) // 2
        case dict():
            return 3 + len(value) + item_bytes(value)
    return 3 + len(value) + sum(map(_value_bytes, value))
