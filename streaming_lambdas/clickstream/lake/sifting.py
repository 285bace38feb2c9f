"""Data files without the rows of erased people: what compaction and searches share.

A file that names an erased person is written anew as plain values, even if no row of it goes: its dictionaries must not
keep what its rows no longer say.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake import identities
from clickstream.lake.generations import Generation
from clickstream.lake.parquet import SCHEMA, DataFile, PartWriter, opened, row_groups
from clickstream.lake.tombstones import Graveyard, Tombstones
from clickstream.ports import Bucket


@dataclass(frozen=True)
class Trace:
    """What a data file holds of erased people. `rows` may be 0 while a dictionary still names one."""

    rows: int
    event_ids: frozenset[str]
    session_ids: frozenset[str]


def trace(path: Path, tombstones: Tombstones, key: str = "") -> Trace | None:
    """What a local copy of `key` holds; None if nothing. Raises `DamagedFileError` for a file that cannot be read."""
    rows, is_named = 0, False
    event_ids: set[str] = set()
    session_ids: set[str] = set()
    for table in identities.looked_at(path, key):
        theirs = table.filter(tombstones.erased(table))
        rows += len(theirs)
        event_ids.update(theirs["event_id"].to_pylist())
        session_ids.update(found for found in theirs["session_id"].to_pylist() if found is not None)
        is_named = is_named or not tombstones.people.keys().isdisjoint(identities.named(table))
    if not rows and not is_named:
        return None
    return Trace(rows, frozenset(event_ids), frozenset(session_ids))


def sifted(files: Iterable[DataFile], tombstones: Tombstones, folder: Path) -> tuple[list[DataFile], int]:
    """The files without erased rows, and how many rows went. Files without any are passed on as they are."""
    if not tombstones:
        return list(files), 0
    kept, erased = [], 0
    for number, file in enumerate(files):
        if trace(file.path, tombstones, file.key):
            clean = _without(file, tombstones, folder / f"sifted-{number}.parquet")
            erased += file.rows - clean.rows
            kept.append(clean)
        else:
            kept.append(file)
    return kept, erased


@dataclass(frozen=True)
class Quarantine:
    """What stays of the quarantine of an hour as it is; rows that were taken out of it, and how many of them went."""

    keys: tuple[str, ...]
    taken: int
    erased: int


def sifted_quarantine(
    bucket: Bucket, keys: Sequence[str], tombstones: Tombstones, folder: Path, output: PartWriter
) -> Quarantine:
    """Write the rows anew that shared a file of the quarantine with erased ones."""
    stay, taken, erased = list(keys), 0, 0
    for key, _ in traces(bucket, keys, tombstones) if tombstones else ():
        path = folder / "quarantined.parquet"
        bucket.download(key, path)
        (clean,), gone = sifted([opened(key, path)], tombstones, folder)
        for table in row_groups(clean):
            output.add(table)
        stay.remove(key)
        taken, erased = taken + clean.rows + gone, erased + gone
    return Quarantine(tuple(stay), taken, erased)


def is_haunted(bucket: Bucket, generation: Generation, graveyard: Graveyard) -> bool:
    """Whether a generation may hold rows of people who were erased after it was made.

    The index says so, and the data files where there is none; quarantine is small and always read.
    """
    tombstones = graveyard.pending(generation)
    if not tombstones:
        return False
    is_named = identities.may_name(bucket, generation, tombstones)
    if is_named is None:
        is_named = any(traces(bucket, [output.key for output in generation.outputs], tombstones))
    return is_named or any(traces(bucket, generation.quarantine, tombstones))


def traces(bucket: Bucket, keys: Sequence[str], tombstones: Tombstones) -> Iterator[tuple[str, Trace]]:
    """The objects that hold something of the erased, and what."""
    with TemporaryDirectory(prefix="search-") as folder:
        path = Path(folder) / "file.parquet"
        for key in keys:
            bucket.download(key, path)
            try:
                found = trace(path, tombstones)
            except LakeError as error:
                raise LakeError(f"{key} cannot be searched: {error}") from error
            if found:
                yield key, found


def _without(file: DataFile, tombstones: Tombstones, path: Path) -> DataFile:
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, store_schema=False) as writer:
        for table in row_groups(file):
            left = table.cast(SCHEMA).filter(pc.invert(tombstones.erased(table)))
            rows += len(left)
            writer.write_table(left)
    return DataFile(file.key, path, rows)
