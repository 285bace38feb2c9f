"""Engine: chDB (ClickHouse in process), the same as for DuckDB: the known upper mark of parsing JSON into Parquet."""

import json
import tempfile
from pathlib import Path

from chdb.session import Session

from benchmarks.stream_engine import Answer, Measured, counted, measure, run

_TEXTS = ("event_id", "event_type", "session_id", "page_url", "page_title", "user_agent", "ip_address", "app_id")
_MAYBE = ("user_id", "anonymous_id", "referrer", "schema_version", "order_id", "currency")
STRUCTURE = ", ".join(
    [
        *(f"{name} String" for name in _TEXTS),
        *(f"{name} Nullable(String)" for name in _MAYBE),
        "timestamp DateTime64(3)",
        "revenue Nullable(Decimal(18, 2))",
        "properties String",
    ]
)
SETTINGS = (
    "SETTINGS max_threads = 1, max_insert_threads = 1, max_parsing_threads = 1, input_format_parallel_parsing = 0, "
    "output_format_parquet_parallel_encoding = 0, date_time_input_format = 'best_effort', "
    "output_format_parquet_compression_method = 'zstd', engine_file_truncate_on_insert = 1"
)


def engine(folder: Path, rounds: int) -> Measured:
    """One session, one thread."""
    session = Session()
    session.query("SET session_timezone = 'UTC'")
    session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    with tempfile.TemporaryDirectory() as out:
        return measure(lambda: _batch(session, folder.resolve() / "events.ndjson", Path(out)), rounds)


def _batch(session: Session, source: Path, out: Path) -> Answer:
    for table in ("events", "counters", "sessions"):
        session.query(f"DROP TABLE IF EXISTS bench.{table} SYNC")
    session.query(
        f"CREATE TABLE bench.events ENGINE = Memory AS SELECT *, path(page_url) AS page_path "
        f"FROM file('{source}', 'JSONEachRow', '{STRUCTURE}') {SETTINGS}"
    )
    session.query(f"INSERT INTO FUNCTION file('{out}/events.parquet', 'Parquet') SELECT * FROM bench.events {SETTINGS}")
    session.query(
        "CREATE TABLE bench.counters ENGINE = Memory AS SELECT formatDateTime(timestamp, '%Y-%m-%dT%H:%i') AS minute, "
        f"event_type, page_path, count() AS n FROM bench.events GROUP BY minute, event_type, page_path {SETTINGS}"
    )
    session.query(
        "CREATE TABLE bench.sessions ENGINE = Memory AS SELECT session_id, count() AS n, min(timestamp) AS first, "
        f"max(timestamp) AS last FROM bench.events GROUP BY session_id {SETTINGS}"
    )
    [(rows,)] = _rows(session, f"SELECT count() FROM file('{out}/events.parquet')")
    views = "SELECT minute, sum(n) FROM bench.counters WHERE event_type = 'page_view' GROUP BY minute"
    types = "SELECT minute, event_type, sum(n) FROM bench.counters GROUP BY minute, event_type"
    return Answer(
        rows=int(str(rows)),
        types=counted(_rows(session, types)),
        pages=counted(_rows(session, views)),
        sessions=counted(_rows(session, "SELECT session_id, n FROM bench.sessions")),
    )


def _rows(session: Session, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in json.loads(str(session.query(sql, "JSONCompact")))["data"]]


if __name__ == "__main__":
    run(engine)
