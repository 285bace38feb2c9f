"""The people whom data files name: read from the files, and kept beside each generation as a small index.

    _identities/dt=2026-11-21/hour=9/g=000003-<run>/names.parquet      sorted 32-bit beginnings of digests

The names are taken from the dictionaries of the Parquet columns, not from the rows: a dictionary may still hold the
value of a row that was filtered out on the way, and such a file names a person whom no query finds in it.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.generations import Generation
from clickstream.lake.parquet import DamagedFileError
from clickstream.lake.tombstones import COLUMNS, KINDS, Tombstones, digests
from clickstream.ports import Bucket
from clickstream.tables import IDENTITIES_PREFIX, RAW_EVENTS

_BITS = 32
"""Of each digest. A million names make one false hit in four thousand questions, which costs a rewrite in vain."""
_DIGITS = _BITS // 4


def index_key(generation: Generation) -> str:
    """Key of the index of a generation, in a folder of the same name as that of its data."""
    return generation.folder.replace(f"{RAW_EVENTS.name}/", f"{IDENTITIES_PREFIX}/", 1) + "names.parquet"


def index_of(paths: Iterable[Path]) -> bytes:
    """The index of local data files."""
    marks = sorted({_mark(digest) for path in paths for table in looked_at(path) for digest in named(table)})
    table = pa.table({"mark": pa.array(marks, pa.int64())})
    sink = io.BytesIO()
    settings = {"column_encoding": {"mark": "DELTA_BINARY_PACKED"}, "compression": "zstd", "store_schema": False}
    pq.write_table(table, sink, use_dictionary=False, **settings)
    return sink.getvalue()


def may_name(bucket: Bucket, generation: Generation, tombstones: Tombstones) -> bool | None:
    """Whether the index has one of the erased people; None where there is no index."""
    key = index_key(generation)
    if not any(entry.key == key for entry in bucket.list(key)):
        return None
    try:
        marks = pq.read_table(pa.BufferReader(bucket.get(key)))["mark"].to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"{bucket.name}/{key} is damaged ({error}): remove it, the data files will be read") from error
    return not {_mark(digest) for digest in tombstones.people}.isdisjoint(marks)


def looked_at(path: Path, key: str = "") -> Iterator[pa.Table]:
    """`COLUMNS` of a local data file, a row group at a time; those that name people as dictionaries.

    Raises `DamagedFileError`, which names the object `key` that the file is a copy of.
    """
    with _opened(path, key or path.name) as file:
        held = [name for name in COLUMNS if name in file.schema_arrow.names]
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=held)
            columns = {name: table[name] if name in held else _nulls(name, len(table)) for name in COLUMNS}
            yield pa.table(columns)


def named(table: pa.Table) -> Iterator[str]:
    """Digests of everybody whom the dictionaries of the columns hold."""
    for kind in KINDS:
        for chunk in table[kind].chunks:
            encoded = chunk if isinstance(chunk, pa.DictionaryArray) else chunk.dictionary_encode()
            yield from filter(None, digests(kind, encoded.dictionary.to_pylist()))


@contextmanager
def _opened(path: Path, key: str) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, read_dictionary=list(KINDS)) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"is no readable Parquet file: {error}") from error


def _nulls(name: str, rows: int) -> pa.Array:
    return pa.nulls(rows, RAW_EVENTS.schema.field(name).type)


def _mark(digest: str) -> int:
    return int(digest[:_DIGITS], 16)
