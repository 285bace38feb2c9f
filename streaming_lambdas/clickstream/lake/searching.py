"""Where the lake's data files hold something of a person: every object, whether a commit names it or not.

Data files that the newest generations name are asked through their index; landing, quarantine, and what garbage
collection has not removed yet have none and are read.
"""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from clickstream.errors import LakeError
from clickstream.lake import generations, identities
from clickstream.lake.commit_log import READERS
from clickstream.lake.generations import Generation
from clickstream.lake.sifting import Trace, trace
from clickstream.lake.tombstones import Tombstones
from clickstream.ports import Bucket
from clickstream.tables import LANDING_PREFIX, QUARANTINE_PREFIX, RAW_EVENTS

_PREFIXES = (LANDING_PREFIX, RAW_EVENTS.name, QUARANTINE_PREFIX)


@dataclass(frozen=True)
class Hit:
    """A data file with something of the person, and the SHA-256 of its bytes."""

    key: str
    trace: Trace
    sha256: str


def search(bucket: Bucket, tombstones: Tombstones, unreadable: set[str]) -> Iterator[Hit]:
    """Every data file that holds something of the erased, in no order; keys that cannot be read go to `unreadable`."""
    newest = list(generations.lake_commits(bucket))
    clean = {one.key for found in newest if not _may_name(bucket, found, tombstones) for one in found.outputs}
    listed = (entry.key for prefix in _PREFIXES for entry in bucket.list(f"{prefix}/"))
    return search_in(bucket, [key for key in listed if key not in clean], tombstones, unreadable)


def search_in(bucket: Bucket, keys: Iterable[str], tombstones: Tombstones, unreadable: set[str]) -> Iterator[Hit]:
    """Those of the data files that hold something of the erased; see `search`."""

    def look(key: str) -> Hit | None:
        try:
            return _look(bucket, key, tombstones)
        except LakeError:
            unreadable.add(key)
            return None

    with ThreadPoolExecutor(READERS) as pool:
        yield from (hit for hit in pool.map(look, keys) if hit)


def hashes(bucket: Bucket, keys: Iterable[str]) -> dict[str, str]:
    """SHA-256 of objects, by key."""
    found = {}
    with TemporaryDirectory(prefix="hashes-") as folder:
        path = Path(folder) / "object"
        for key in keys:
            bucket.download(key, path)
            found[key] = _sha256(path)
    return found


def _may_name(bucket: Bucket, generation: Generation, tombstones: Tombstones) -> bool:
    return identities.may_name(bucket, generation, tombstones) is not False


def _look(bucket: Bucket, key: str, tombstones: Tombstones) -> Hit | None:
    with TemporaryDirectory(prefix="search-") as folder:
        path = Path(folder) / "object"
        bucket.download(key, path)
        found = trace(path, tombstones)
        return Hit(key, found, _sha256(path)) if found else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
