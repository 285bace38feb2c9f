"""What the footers of Parquet files say: types for the schema check, compressed bytes for the cost."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_aws.athena.errors import QueryError


@dataclass(frozen=True)
class Column:
    """One top-level column of one file: its type, the compressed size of its chunks, and its field id if it has one."""

    kind: pa.DataType
    compressed_bytes: int
    field_id: int | None = None


def field_id_of(field: pa.Field) -> int | None:
    """Return the id by which Iceberg knows a field of a file, whatever its name."""
    written = (field.metadata or {}).get(b"PARQUET:field_id")
    return None if written is None else int(written)


@lru_cache(maxsize=20_000)
def footer(inode: tuple[int, int, int], path: Path) -> dict[str, Column]:
    """Return the columns of a Parquet file by lower-case name.

    Args:
        inode: Identity of the file's content, so that links to one cached copy are read once.
        path: Where to read it now.

    Raises:
        QueryError: `HIVE_BAD_DATA`.
    """
    del inode  # only the key of the cache
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (pa.ArrowInvalid, OSError) as error:
        raise QueryError("HIVE_BAD_DATA", f"not a valid Parquet file: {error}") from error
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            name = chunk.path_in_schema.split(".")[0].lower()
            sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
    return {f.name.lower(): Column(f.type, sizes.get(f.name.lower(), 0), field_id_of(f)) for f in schema}


def columns_of(path: Path) -> dict[str, Column]:
    """Return the columns of a local Parquet file; see `footer`."""
    stat = path.stat()
    return footer((stat.st_dev, stat.st_ino, stat.st_size), path)
