"""Engine: DuckDB, NDJSON file → Parquet, counters, sessions. One thread; no envelope, no enrichment, no bad events."""

import tempfile
from pathlib import Path

import duckdb

from benchmarks.stream_engine import TEXT_FIELDS, Answer, Measured, counted, measure, run

COLUMNS = dict.fromkeys(TEXT_FIELDS, "VARCHAR") | {
    "timestamp": "TIMESTAMP",
    "revenue": "DECIMAL(18,2)",
    "properties": "JSON",
}


def engine(folder: Path, rounds: int) -> Measured:
    """One connection, as a long-running process would keep it."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory() as out:
        return measure(lambda: _batch(connection, folder / "events.ndjson", Path(out)), rounds)


def _batch(connection: duckdb.DuckDBPyConnection, source: Path, out: Path) -> Answer:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE events AS SELECT *, regexp_extract(page_url, '://[^/]*([^?#]*)', 1) AS path "
        f"FROM read_json('{source}', format = 'newline_delimited', columns = {COLUMNS})"
    )
    connection.execute(f"COPY events TO '{out}/events.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE counters AS SELECT strftime(timestamp, '%Y-%m-%dT%H:%M') AS minute, event_type, "
        "path, count(*) AS n FROM events GROUP BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE sessions AS SELECT session_id, count(*) AS n, min(timestamp) AS first, "
        "max(timestamp) AS last FROM events GROUP BY ALL"
    )
    ask = connection.sql
    [(rows,)] = ask(f"SELECT count(*) FROM '{out}/events.parquet'").fetchall()
    views = "SELECT minute, sum(n) FROM counters WHERE event_type = 'page_view' GROUP BY ALL"
    return Answer(
        rows=rows,
        types=counted(ask("SELECT minute, event_type, sum(n) FROM counters GROUP BY ALL").fetchall()),
        pages=counted(ask(views).fetchall()),
        sessions=counted(ask("SELECT session_id, n FROM sessions").fetchall()),
    )


if __name__ == "__main__":
    run(engine)
