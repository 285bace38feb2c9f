"""Engine: DuckDB on one core: DISTINCT ON the id, any copy of it, then the same order."""

import sys
from pathlib import Path

import duckdb


def main(landing: Path, out: Path) -> None:
    """Read, deduplicate, sort and write in one statement."""
    connection = duckdb.connect()
    spill = str(out.with_name("spill")).replace("'", "''")
    connection.execute(f"SET threads = 1; SET memory_limit = '12GB'; SET temp_directory = '{spill}'")
    connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    rows = f"SELECT DISTINCT ON (event_id) * FROM read_parquet('{landing}/*.parquet')"
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 500000"
    connection.execute(f"COPY ({rows} ORDER BY event_type, event_time) TO '{out}/part.parquet' ({options})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
