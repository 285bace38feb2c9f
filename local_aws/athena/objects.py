"""S3 objects: listing as Athena lists, and a bounded local cache of immutable copies."""

import hashlib
import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local_aws.athena.errors import QueryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BLOCK_BYTES = 1 << 20
_THREADS = 8


@dataclass(frozen=True)
class S3Object:
    """One version of an object.

    Attributes:
        etag: Tells versions apart; empty where no key is ever written twice.
        modified_time: When it was written, where a listing told.
    """

    bucket: str
    key: str
    size_bytes: int
    etag: str
    modified_time: datetime | None = None

    @property
    def uri(self) -> str:
        """Where it is, as `"$path"` shows it."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def digest(self) -> str:
        """Name of this version in the cache."""
        return hashlib.sha256(f"{self.bucket}/{self.key}\n{self.etag}\n{self.size_bytes}".encode()).hexdigest()


def split_uri(uri: str) -> tuple[str, str]:
    """Return (bucket, key) of an `s3://` address.

    Raises:
        QueryError: It is no such address.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme not in {"s3", "s3a", "s3n"} or not parts.netloc:
        raise QueryError("INVALID_TABLE_PROPERTY", f"not an S3 location: {uri!r}")
    return parts.netloc, uri.split("://", 1)[1].partition("/")[2]


class ObjectStore:
    """Lists and fetches objects.

    Args:
        s3: Client for the endpoint that holds the data.
        cache_folder: Holds copies across queries and restarts; created if absent.
        max_cache_bytes: The copies used longest ago go first.
    """

    def __init__(self, s3: "S3Client", cache_folder: Path, max_cache_bytes: int = 20 * 1024**3) -> None:
        self.s3 = s3
        self._folder = cache_folder / "objects"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._max_bytes = max_cache_bytes
        self._evicting = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="athena-s3")

    def close(self) -> None:
        """Wait for transfers under way and end the threads."""
        self._pool.shutdown()

    def list_objects(self, location: str) -> list[S3Object]:
        """Return the data objects below a location: none that are empty or have a part starting with `_` or `.`."""
        bucket, prefix = split_uri(location)
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            return [
                S3Object(bucket, entry["Key"], entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])
                for page in pages
                for entry in page.get("Contents", [])
                if entry["Size"] and _is_data(entry["Key"][len(prefix) :])
            ]
        except ClientError as error:
            raise QueryError("HIVE_FILESYSTEM_ERROR", f"cannot list {location}: {error}") from error

    def list_many(self, locations: list[str]) -> list[list[S3Object]]:
        """Return the objects of each location, in the order of the locations."""
        return list(self._pool.map(self.list_objects, locations))

    def fetch(self, objects: list[S3Object], links: list[Path]) -> None:
        """Put a local copy of each object at the link beside it.

        The link is a hard one: eviction never takes a file from a running query.

        Raises:
            QueryError: `HIVE_FILESYSTEM_ERROR`, an object is gone or has changed since it was listed.
        """
        fetched = sum(self._pool.map(self._fetch_one, objects, links))
        if fetched:
            self._evict()

    def _fetch_one(self, item: S3Object, link: Path) -> bool:
        copy = self._folder / item.digest
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(copy, link)
            os.utime(copy)
        except FileNotFoundError:
            self._download(item, link)
            # Only now: another query may have put the same version there, and both are equal.
            staged = copy.with_name(f"{copy.name}.{uuid.uuid4().hex}")
            os.link(link, staged)
            staged.replace(copy)
            return True
        return False

    def _download(self, item: S3Object, target: Path) -> None:
        try:
            unchanged: Any = {"IfMatch": f'"{item.etag}"'} if item.etag else {}
            answer = self.s3.get_object(Bucket=item.bucket, Key=item.key, **unchanged)
            with target.open("wb") as file:
                for block in answer["Body"].iter_chunks(_BLOCK_BYTES):
                    file.write(block)
        except ClientError as error:
            raise QueryError("HIVE_FILESYSTEM_ERROR", f"Failed reading {item.uri}: {error}") from error

    def _evict(self) -> None:
        with self._evicting:
            entries = sorted(self._cached(), key=lambda entry: entry[1].st_mtime)
            excess = sum(stat.st_size for _, stat in entries) - self._max_bytes
            for path, stat in entries:
                if excess <= 0:
                    return
                path.unlink(missing_ok=True)
                excess -= stat.st_size

    def _cached(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._folder.iterdir():
            try:
                yield path, path.stat()
            except FileNotFoundError:  # another server on the same folder was faster
                continue


def _is_data(relative_key: str) -> bool:
    parts = relative_key.split("/")
    return bool(parts[-1]) and not any(part.startswith(("_", ".")) for part in parts)
