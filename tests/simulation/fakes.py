"""DynamoDB and S3 in memory, as strict as the services: item size, number digits, key shapes, conditional writes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from clickstream.errors import Conflict, LakeError
from clickstream.ports import Item, Key, ObjectInfo

ITEM_BYTES = 400 * 1024
NUMBER_DIGITS = 38
WIDE = 1 << 63
PLAIN = {str, bool, bytes, type(None)}
SCALARS = PLAIN | {int}


class RefusedItemError(Exception):
    """DynamoDB would answer ValidationException: a defect of the caller, never a condition to handle."""


class MemoryTable:
    """A table of items by (pk, sk). Items are copied in and out, as over a wire."""

    def __init__(self) -> None:
        self.items: dict[Key, bytes] = {}

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        body = self.items.get(key)
        return None if body is None else _decoded(body)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        return {key: item for key in keys if (item := self.get(key)) is not None}

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition between the bounds, in order of sk."""
        keys = sorted(k for k in self.items if k.pk == pk and first <= k.sk and (not last or k.sk <= last))
        return islice((_decoded(self.items[key]) for key in (reversed(keys) if descending else keys)), limit)

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value."""
        return islice((item for item in MemoryTable.scan(self) if item.get(attribute) == value), limit)

    def scan(self) -> Iterator[Item]:
        """All items."""
        return (_decoded(body) for body in list(self.items.values()))

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self.items[_key(item)] = _encoded(item)

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        if _key(item) in self.items:
            raise Conflict("The conditional request failed")
        MemoryTable.put(self, item)

    def put_existing(self, item: Item) -> None:
        """Write if the key exists."""
        if _key(item) not in self.items:
            raise Conflict("The conditional request failed")
        MemoryTable.put(self, item)

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        stored = MemoryTable.get(self, _key(item))
        # An item without a revision meets no condition on one.
        if (stored.get("rev", stored) if stored else None) != read:
            raise Conflict("The conditional request failed")
        MemoryTable.put(self, item)

    def delete(self, key: Key) -> None:
        """Remove; absent is fine."""
        self.items.pop(key, None)


class MemoryBucket:
    """A bucket of bytes by key; every write has the time that `now` holds."""

    def __init__(self, name: str = "lake", now: datetime = datetime(2026, 3, 1, tzinfo=UTC)) -> None:
        self.name = name
        self.now = now
        self.objects: dict[str, tuple[bytes, datetime]] = {}

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""
        if key.startswith("/") or not 0 < len(key.encode()) <= 1024:
            raise RefusedItemError(f"{key!r} is no object key")
        self.objects[key] = (bytes(body), self.now)

    def put_new(self, key: str, body: bytes) -> None:
        """Write unless the key exists."""
        if key in self.objects:
            raise Conflict("At least one of the pre-conditions you specified did not hold")
        self.put(key, body)

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        if key not in self.objects:
            raise LakeError(f"{self.name}/{key} does not exist")
        return self.objects[key][0]

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a local file."""
        path.write_bytes(self.get(key))

    def upload(self, path: Path, key: str) -> None:
        """Copy a local file to the key."""
        self.put(key, path.read_bytes())

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix, in order of key."""
        for key in sorted(key for key in self.objects if key.startswith(prefix)):
            body, written = self.objects[key]
            yield ObjectInfo(key, len(body), written)

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
        self.objects.pop(key, None)


def _key(item: Item) -> Key:
    pk, sk = item.get("pk"), item.get("sk")
    if not (isinstance(pk, str) and isinstance(sk, str) and pk and sk):
        raise RefusedItemError(f"pk and sk must be text and not empty: {pk!r} {sk!r}")
    if len(pk.encode()) > 2048 or len(sk.encode()) > 1024:
        raise RefusedItemError("a key is too long")
    return Key(pk, sk)


def _check(value: Any) -> None:
    """Refuse what DynamoDB would refuse, at every depth."""
    kind = type(value)
    if kind is int and not -WIDE < value < WIDE and len(str(abs(value)).rstrip("0")) > NUMBER_DIGITS:
        raise RefusedItemError("Number overflow: more than 38 significant digits")
    if kind is dict:
        for name, inner in value.items():
            if type(name) is not str:
                raise RefusedItemError(f"the name of an attribute must be text: {name!r}")
            if type(inner) not in PLAIN:
                _check(inner)
    elif kind in (list, tuple):
        for inner in value:
            _check(inner)
    elif kind not in SCALARS:
        raise RefusedItemError(f"{kind.__name__} types are not supported")


def item_bytes(value: Any) -> int:
    """The size that DynamoDB bills and limits: UTF-8 names and values, half a byte a digit, 3 bytes a list or map.

    Source: "DynamoDB item sizes and formats", Amazon DynamoDB developer guide.
    """
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return 3 + sum(1 + len(name.encode()) + item_bytes(inner) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return 3 + sum(1 + item_bytes(inner) for inner in value)
    if value is None or isinstance(value, bool):
        return 1
    return len(value) if isinstance(value, bytes) else len(str(abs(value)).rstrip("0")) // 2 + 2


def _encoded(item: Item) -> bytes:
    _check(item)
    try:
        body = msgspec.msgpack.encode(item)
    except OverflowError:
        body = msgspec.msgpack.encode(_narrow(item))
    # A small item cannot be too large by DynamoDB's way of counting, which is slower.
    if len(body) > ITEM_BYTES // 4 and item_bytes(item) > ITEM_BYTES:
        raise RefusedItemError("Item size has exceeded the maximum allowed size")
    return body


def _narrow(value: Any) -> Any:
    """Integers of more than 64 bits as extensions, which msgpack can hold."""
    if isinstance(value, dict):
        return {name: _narrow(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_narrow(inner) for inner in value]
    is_wide = isinstance(value, int) and not -WIDE < value < WIDE
    return msgspec.msgpack.Ext(1, str(value).encode()) if is_wide else value


_decoder = msgspec.msgpack.Decoder(dict[str, Any], ext_hook=lambda _, digits: int(bytes(digits)))


def _decoded(body: bytes) -> Item:
    return _decoder.decode(body)
