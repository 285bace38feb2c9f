"""DynamoDB and S3 in memory, as strict as the services: item size, number digits, key shapes, conditional writes."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from clickstream.errors import Conflict, LakeError
from clickstream.ports import Item, Key, ObjectInfo

ITEM_BYTES = 400 * 1024
NUMBER_DIGITS = 38


class RefusedItemError(Exception):
    """DynamoDB would answer ValidationException: a defect of the caller, never a condition to handle."""


class MemoryTable:
    """A table of items by (pk, sk). Items are copied in and out, as over a wire."""

    def __init__(self) -> None:
        self.items: dict[Key, str] = {}

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        text = self.items.get(key)
        return _decoded(text) if text is not None else None

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
        return islice((item for item in self.scan() if item.get(attribute) == value), limit)

    def scan(self) -> Iterator[Item]:
        """All items."""
        return (_decoded(text) for text in list(self.items.values()))

    def put(self, item: Item) -> None:
        """Write unconditionally."""
        self.items[_key(item)] = _encoded(item)

    def put_new(self, item: Item) -> None:
        """Write unless the key exists."""
        if _key(item) in self.items:
            raise Conflict("The conditional request failed")
        self.put(item)

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored revision is the one read."""
        stored = self.get(_key(item))
        if (stored["rev"] if stored else None) != read:
            raise Conflict("The conditional request failed")
        self.put(item)

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
    if isinstance(value, float):
        raise RefusedItemError("Float types are not supported")
    if isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value)).rstrip("0")) > NUMBER_DIGITS:
        raise RefusedItemError("Number overflow: more than 38 significant digits")
    for inner in [*value.keys(), *value.values()] if isinstance(value, dict) else value if _listed(value) else ():
        _check(inner)


def _listed(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _encoded(item: Item) -> str:
    _check(item)
    text = json.dumps(item, default=lambda body: {"__bytes__": body.decode("latin-1")})
    if len(text.encode()) > ITEM_BYTES:
        raise RefusedItemError("Item size has exceeded the maximum allowed size")
    return text


def _decoded(text: str) -> Item:
    item: Item = json.loads(text, object_hook=lambda d: d["__bytes__"].encode("latin-1") if "__bytes__" in d else d)
    return item
