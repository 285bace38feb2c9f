"""What the library needs of DynamoDB and S3, as two small protocols.

Real implementations: `aws_stores.py`. In memory, with the services' real limits: `tests/simulation/fakes.py`.
One contract suite holds both to the same behaviour. Every method may raise `InfrastructureError`; then the effect of a
write is unknown: it may have happened.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Item = dict[str, Any]
"""One DynamoDB item. Values are str, int, bool, bytes, None, and dicts and lists of these; never float."""


class Key(NamedTuple):
    """Primary key of an item: every table has the text attributes `pk` and `sk`."""

    pk: str
    sk: str


class Table(Protocol):
    """A DynamoDB table. Reads are strongly consistent."""

    def get(self, key: Key) -> Item | None:
        """The item, or None."""

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""

    def query(
        self, pk: str, *, first: str = "", last: str = "", descending: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of one partition with `first <= sk <= last` (an empty bound is open), in order of sk."""

    def indexed(self, attribute: str, value: str, limit: int | None = None) -> Iterator[Item]:
        """Items whose attribute has the value, through the index of that name. Eventually consistent."""

    def scan(self) -> Iterator[Item]:
        """All items, in no order."""

    def put(self, item: Item) -> None:
        """Write unconditionally."""

    def put_new(self, item: Item) -> None:
        """Write unless an item with this key exists; then raise `Conflict`."""

    def put_existing(self, item: Item) -> None:
        """Write if an item with this key exists; else raise `Conflict`."""

    def put_revision(self, item: Item, read: int | None) -> None:
        """Write if the stored `rev` is still `read` (None: the item is still absent); else raise `Conflict`."""

    def delete(self, key: Key) -> None:
        """Remove; absent is fine."""


@dataclass(frozen=True)
class ObjectInfo:
    """One entry of a bucket listing; `modified_time` is UTC."""

    key: str
    size: int
    modified_time: datetime


class Bucket(Protocol):
    """An S3 bucket. Keys carry no leading slash."""

    name: str

    def put(self, key: str, body: bytes) -> None:
        """Write, replacing what is there."""

    def put_new(self, key: str, body: bytes) -> None:
        """Write with `If-None-Match: *`; raise `Conflict` if the key exists (which may be our own lost reply)."""

    def get(self, key: str) -> bytes:
        """The object's bytes. Raises `LakeError` if it does not exist."""

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a local file. Raises `LakeError` if it does not exist."""

    def upload(self, path: Path, key: str) -> None:
        """Copy a local file to the key."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix, in order of key."""

    def delete(self, key: str) -> None:
        """Remove; absent is fine."""
