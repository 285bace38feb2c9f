"""Statements about Iceberg tables."""

from tests.aws.athena_lake import BUCKET, finished, rows_of, start
from tests.aws.statement_checks.registry import glue_table, keys, statement

_ROWS = "VALUES ('a', 1, DATE '2026-11-21'), ('b', 2, DATE '2026-11-22'), ('c', 3, DATE '2026-11-22')"


def _make(name: str) -> None:
    """Make a table of three rows in two partitions."""
    properties = "'table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd'"
    rows_of(
        f"CREATE TABLE {name} (id string, n bigint, dt date) PARTITIONED BY (day(dt), bucket(4, id)) "
        f"LOCATION 's3://{BUCKET}/{name}/' TBLPROPERTIES ({properties})"
    )
    rows_of(f"INSERT INTO {name} {_ROWS}")


def _rows(name: str, clause: str = "") -> list[list[str | None]]:
    return rows_of(f"SELECT id, n FROM {name} {clause} ORDER BY id")  # noqa: S608 - our own words


def _snapshots(name: str) -> list[str | None]:
    return [row[0] for row in rows_of(f'SELECT snapshot_id FROM "{name}$snapshots" ORDER BY committed_at')]  # noqa: S608


@statement("CREATE TABLE of Iceberg")
def _create() -> None:
    _make("ice_made")
    table = glue_table("ice_made")

    assert table["Parameters"]["table_type"].upper() == "ICEBERG"
    assert f"s3://{BUCKET}/ice_made/metadata/" in table["Parameters"]["metadata_location"]
    assert any(key.startswith("ice_made/data/") for key in keys("ice_made/"))
    assert _rows("ice_made", "WHERE dt > DATE '2026-11-21'") == [["b", "2"], ["c", "3"]]


@statement("CREATE TABLE AS of Iceberg")
def _create_as() -> None:
    place = f"location = 's3://{BUCKET}/ice_as/', is_external = false, partitioning = ARRAY['month(dt)']"
    query = "SELECT event_type AS id, count(*) AS n, dt FROM raw_events GROUP BY 1, 3"
    rows_of(f"CREATE TABLE ice_as WITH (table_type = 'ICEBERG', {place}) AS {query}")

    assert [column["Name"] for column in glue_table("ice_as")["StorageDescriptor"]["Columns"]] == ["id", "n", "dt"]
    assert rows_of("SELECT sum(n) AS n FROM ice_as WHERE dt = DATE '2026-11-22'") == [["6"]]


@statement("MERGE")
def _merge() -> None:
    _make("ice_merged")
    execution = finished(
        start(
            "MERGE INTO ice_merged t USING (VALUES ('a', 10), ('d', 4)) s(id, n) ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET n = t.n + s.n "
            "WHEN NOT MATCHED THEN INSERT (id, n, dt) VALUES (s.id, s.n, DATE '2026-11-23')"
        )
    )

    assert execution["Status"]["State"] == "SUCCEEDED"
    assert _rows("ice_merged") == [["a", "11"], ["b", "2"], ["c", "3"], ["d", "4"]]


@statement("DELETE")
def _delete() -> None:
    _make("ice_less")
    before = keys("ice_less/data/")
    rows_of("DELETE FROM ice_less WHERE dt < DATE '2026-11-22' OR id = 'c'")

    assert _rows("ice_less") == [["b", "2"]]
    assert set(before) <= set(keys("ice_less/data/"))  # a snapshot still names them


@statement("UPDATE")
def _update() -> None:
    _make("ice_new")
    rows_of("UPDATE ice_new SET n = n * 2 WHERE dt = DATE '2026-11-22'")

    assert _rows("ice_new") == [["a", "1"], ["b", "4"], ["c", "6"]]


@statement("OPTIMIZE")
def _optimize() -> None:
    _make("ice_small")
    rows_of("INSERT INTO ice_small VALUES ('a', 5, DATE '2026-11-21')")
    rows_of("ALTER TABLE ice_small SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold' = '2')")
    before = rows_of('SELECT count(*) AS n FROM "ice_small$files"')
    rows_of("OPTIMIZE ice_small REWRITE DATA USING BIN_PACK")

    assert int(rows_of('SELECT count(*) AS n FROM "ice_small$files"')[0][0] or 0) < int(before[0][0] or 0)
    assert rows_of("SELECT id, n FROM ice_small ORDER BY n") == [["a", "1"], ["b", "2"], ["c", "3"], ["a", "5"]]


@statement("VACUUM")
def _vacuum() -> None:
    _make("ice_kept")
    rows_of("UPDATE ice_kept SET n = 0 WHERE id = 'a'")
    rows_of(
        "ALTER TABLE ice_kept SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '1', "
        "'vacuum_min_snapshots_to_keep' = '1')"
    )
    rows_of("VACUUM ice_kept")

    assert _rows("ice_kept") == [["a", "0"], ["b", "2"], ["c", "3"]]


@statement("SELECT of an earlier state")
def _time_travel() -> None:
    _make("ice_past")
    first = _snapshots("ice_past")[-1]
    rows_of("DELETE FROM ice_past")

    assert _rows("ice_past") == []
    assert _rows("ice_past", f"FOR VERSION AS OF {first}") == [["a", "1"], ["b", "2"], ["c", "3"]]
