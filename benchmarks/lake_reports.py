"""What the statements of `sql/` read of an hour of `raw_events`: the column chunks that hold their columns.

They ask about whole hours, so no row group can be skipped, and a column that they name is read from end to end.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from clickstream.tables import RAW_EVENTS


def columns_read(statements: Path) -> dict[str, set[str]]:
    """By statement of the folder that reads `raw_events`, the columns of it that it names."""
    trees = {
        path.stem: sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="trino")
        for path in statements.glob("*.sql")
    }
    return {name: _columns(tree) for name, tree in sorted(trees.items()) if _reads_events(tree)}


def chunk_bytes(folder: Path) -> dict[str, int]:
    """Compressed bytes of each column in all Parquet files of the folder."""
    sizes = dict.fromkeys(RAW_EVENTS.schema.names, 0)
    for path in folder.glob("*.parquet"):
        footer = pq.read_metadata(path)
        for group in map(footer.row_group, range(footer.num_row_groups)):
            for column in map(group.column, range(group.num_columns)):
                sizes[column.path_in_schema] += column.total_compressed_size
    return sizes


def scanned(folder: Path, statements: Path) -> dict[str, int]:
    """Bytes that each statement reads of the data files in the folder."""
    sizes = chunk_bytes(folder)
    return {f"sql/{name}.sql": _sum(sizes, columns) for name, columns in columns_read(statements).items()}


def _sum(sizes: dict[str, int], columns: Collection[str]) -> int:
    return sum(sizes[name] for name in columns)


def _reads_events(tree: exp.Expr) -> bool:
    return any(table.name == RAW_EVENTS.name for table in tree.find_all(exp.Table))


def _columns(tree: exp.Expr) -> set[str]:
    return {column.name for column in tree.find_all(exp.Column)} & set(RAW_EVENTS.schema.names)
