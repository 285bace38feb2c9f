"""Statements that change the catalog or write data, through the local Athena."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.aws.athena_lake import BUCKET, columns_of, finished, reason_of, rows_of, serving, start


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


def keys(prefix: str) -> list[str]:
    """Return the keys below a prefix."""
    answer = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for item in answer.get("Contents", [])]


def put(key: str, table: pa.Table) -> None:
    """Put a Parquet object."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=buffer.getvalue())


def test_create_table_as_writes_partitions_that_can_be_read() -> None:
    """The table, its partitions and the manifest agree."""
    options = f"format = 'PARQUET', write_compression = 'ZSTD', external_location = 's3://{BUCKET}/daily/'"
    query = "SELECT event_type, count(*) AS n, hour FROM raw_events GROUP BY event_type, hour"
    execution = finished(start(f"CREATE TABLE daily WITH ({options}, partitioned_by = ARRAY['hour']) AS {query}"))
    location = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{BUCKET}/")
    manifest = boto3.client("s3").get_object(Bucket=BUCKET, Key=location)["Body"].read().decode().split()
    table = boto3.client("glue").get_table(DatabaseName="web", Name="daily")["Table"]

    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert sorted(manifest) == sorted(f"s3://{BUCKET}/{key}" for key in keys("daily/"))
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [
        ("event_type", "string"),
        ("n", "bigint"),
    ]
    assert rows_of("SELECT hour, sum(n) AS n FROM daily WHERE hour > 0 GROUP BY hour ORDER BY hour") == [
        ["1", "3"],
        ["23", "3"],
    ]


def test_insert_appends_and_registers_new_partitions() -> None:
    """Columns that the statement does not name are NULL."""
    rows_of(
        f"CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://{BUCKET}/t/'"
    )
    rows_of("INSERT INTO t VALUES (1, 'x', 'one'), (2, NULL, 'two words')")
    rows_of("INSERT INTO t (p, a) SELECT 'one', 3")

    assert rows_of("SELECT a, b, p FROM t ORDER BY a") == [
        ["1", "x", "one"],
        ["2", None, "two words"],
        ["3", None, "one"],
    ]
    assert rows_of("SHOW PARTITIONS t") == [["p=one"], ["p=two words"]]
    assert "TYPE_MISMATCH" in reason_of("INSERT INTO t SELECT 'text', 'b', 'p'")
    assert "TYPE_MISMATCH" in reason_of("INSERT INTO t SELECT 1")


def test_unload_writes_objects_and_refuses_a_used_folder() -> None:
    """A second UNLOAD to the same place would mix results."""
    query = "SELECT event_id, ')' AS p FROM raw_events"
    sql = f"UNLOAD ({query}) TO 's3://{BUCKET}/out/' WITH (format = 'PARQUET', compression = 'SNAPPY')"

    assert finished(start(sql))["Status"]["State"] == "SUCCEEDED"
    assert len(keys("out/")) == 1
    assert reason_of(sql).startswith("HIVE_PATH_ALREADY_EXISTS")


def test_a_table_over_files_is_described_repaired_and_altered() -> None:
    """MSCK finds hive folders; a partition can be added elsewhere and dropped."""
    put("plain/day=2026-01-01/x.parquet", pa.table({"a": [1]}))
    put("elsewhere/x.parquet", pa.table({"a": [2, 3]}))
    rows_of(
        f"CREATE EXTERNAL TABLE plain (a bigint) PARTITIONED BY (day date) STORED AS PARQUET LOCATION 's3://{BUCKET}/plain'"
    )

    assert rows_of("SELECT * FROM plain") == []
    rows_of("MSCK REPAIR TABLE plain")
    rows_of(f"ALTER TABLE plain ADD PARTITION (day = '2026-01-02') LOCATION 's3://{BUCKET}/elsewhere/'")
    assert rows_of("SELECT count(*) AS n, sum(a) AS s FROM plain") == [["3", "6"]]
    assert "already exists" in reason_of("ALTER TABLE plain ADD PARTITION (day = '2026-01-02')")
    rows_of("ALTER TABLE plain ADD IF NOT EXISTS PARTITION (day = '2026-01-02')")
    rows_of("ALTER TABLE plain DROP PARTITION (day = '2026-01-01')")
    assert rows_of("SHOW PARTITIONS plain") == [["day=2026-01-02"]]
    rows_of("ALTER TABLE plain ADD COLUMNS (note string)")
    rows_of("ALTER TABLE plain SET TBLPROPERTIES ('owner' = 'web')")
    assert rows_of("SELECT note FROM plain LIMIT 1") == [[None]]
    assert rows_of("SHOW TBLPROPERTIES plain('owner')") == [["owner\tweb"]]
    described = [row[0].split() for row in rows_of("DESCRIBE plain") if row[0] is not None]
    assert described[:3] == [["a", "bigint"], ["note", "string"], ["day", "date"]]
    rows_of("DROP TABLE plain")
    assert keys("elsewhere/") == ["elsewhere/x.parquet"]
    assert reason_of("SELECT * FROM plain").startswith("TABLE_NOT_FOUND")


def test_views_see_the_tables_of_the_database_they_were_made_in() -> None:
    """A view is replaced only when told so, and reads its own database from anywhere."""
    view = "VIEW purchases AS SELECT dt, revenue AS amount FROM raw_events WHERE event_type = 'purchase'"
    rows_of(f"CREATE {view}")
    rows_of("CREATE DATABASE IF NOT EXISTS other")
    elsewhere: Any = {"QueryExecutionContext": {"Database": "other"}}

    assert rows_of("SELECT count(*) AS n, max(amount) AS m FROM purchases p WHERE p.dt > DATE '2026-11-21'") == [
        ["2", "19.90"]
    ]
    assert finished(start("SELECT * FROM web.purchases", **elsewhere))["Status"]["State"] == "SUCCEEDED"
    assert "already exists" in reason_of(f"CREATE {view}")
    rows_of(f"CREATE OR REPLACE {view} AND revenue > 100")
    assert rows_of("SELECT count(*) AS n FROM purchases") == [["0"]]
    assert rows_of("SHOW VIEWS") == [["purchases"]]
    rows_of("DROP VIEW purchases")
    assert rows_of("SHOW TABLES 'pur*'") == []


def test_prepared_statements_and_parameters() -> None:
    """EXECUTE fills the question marks, however the statement was prepared."""
    athena = boto3.client("athena")
    rows_of("PREPARE by_hour FROM SELECT count(*) AS n, '?' AS mark FROM raw_events WHERE hour = ? AND event_type = ?")
    athena.create_prepared_statement(StatementName="one", WorkGroup="primary", QueryStatement="SELECT ? AS a")

    assert rows_of("EXECUTE by_hour USING 23, 'page_view'") == [["2", "?"]]
    assert rows_of("EXECUTE one USING 'it''s, (me)'") == [["it's, (me)"]]
    assert "Incorrect number of parameters: expected 2 but found 1" in reason_of("EXECUTE by_hour USING 23")
    assert "not a literal" in reason_of("EXECUTE one USING (SELECT 1)")
    assert athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"][0]["StatementName"] == "by_hour"
    rows_of("DEALLOCATE PREPARE one")
    with pytest.raises(athena.exceptions.ResourceNotFoundException):
        athena.get_prepared_statement(StatementName="one", WorkGroup="primary")


def test_values_without_names_are_columns_by_number() -> None:
    """Alone, and where a star shows them."""
    for query in ("VALUES (1, 'a'), (2, 'b')", "SELECT * FROM (VALUES (1, 'a'), (2, 'b'))"):
        assert columns_of(query) == ["_col0", "_col1"]
        assert rows_of(query) == [["1", "a"], ["2", "b"]]


def test_with_queries_may_hide_the_table_they_read() -> None:
    """Inside its own definition a WITH name means the table."""
    sql = (
        "WITH raw_events AS (SELECT * FROM raw_events WHERE hour = 0), one AS (SELECT * FROM raw_events) "
        "SELECT count(*) AS n FROM one"
    )

    assert rows_of(sql) == [["3"]]


def test_explain_and_show_answer_with_text() -> None:
    """SHOW CREATE TABLE can be read back as a statement."""
    assert rows_of("EXPLAIN SELECT count(*) FROM raw_events")
    assert ["web"] in rows_of("SHOW DATABASES")
    assert rows_of("SHOW COLUMNS IN raw_events")[-1] == ["hour"]
    text = [row[0] or "" for row in rows_of("SHOW CREATE TABLE raw_events")]
    assert text[0] == "CREATE EXTERNAL TABLE `raw_events`("
    assert "  `hour` int)" in text


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM absent", "TABLE_NOT_FOUND: "),
        ("SELEC 1", "SYNTAX_ERROR: "),
        ("SELECT FROM WHERE", "SYNTAX_ERROR: "),
        ("-- nothing", "SYNTAX_ERROR: "),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: "),
        ("SELECT * FROM raw_events WHERE dt = '2026-11-22'", "TYPE_MISMATCH: "),
        ("SELECT * FROM raw_events WHERE hour = '1'", "TYPE_MISMATCH: "),
        ("SELECT event_id, count(*) FROM raw_events", "EXPRESSION_NOT_AGGREGATE: "),
        ("SELECT 1 / (hour - hour) AS x FROM raw_events", "DIVISION_BY_ZERO: "),
        ("SELECT * FROM information_schema.table_privileges", "NOT_SUPPORTED (local engine): "),
        ("DELETE FROM raw_events", "NOT_SUPPORTED: "),
        ("OPTIMIZE raw_events REWRITE DATA USING BIN_PACK", "NOT_SUPPORTED: "),
        ("CREATE TABLE unmade AS SELECT count(*) FROM raw_events", "MISSING_COLUMN_NAME: "),
        ("CREATE TABLE unmade AS SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME: "),
        ("CREATE TABLE unmade AS SELECT json_parse('{}') AS a", "NOT_SUPPORTED: Unsupported Hive type: json"),
        ("CREATE TABLE unmade AS SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: a"),
        (
            "CREATE TABLE unmade WITH (bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a",
            "NOT_SUPPORTED (local engine): bucketed_by",
        ),
        ("CREATE VIEW unmade AS SELECT 1", "MISSING_COLUMN_NAME: "),
        ("CREATE VIEW unmade AS SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME: "),
        ("EXPLAIN (FORMAT JSON) SELECT 1", "NOT_SUPPORTED (local engine): options of EXPLAIN"),
        ("DESCRIBE FORMATTED raw_events", "NOT_SUPPORTED (local engine): DESCRIBE FORMATTED"),
        ("ALTER DATABASE absent SET DBPROPERTIES ('a' = 'b')", "SCHEMA_NOT_FOUND: "),
        ("ALTER TABLE raw_events PARTITION (dt = '2020-01-01', hour = 1) SET LOCATION 's3://lake/x/'", "FAILED: "),
        ("ALTER TABLE raw_events REPLACE COLUMNS (hour int)", "FAILED: SemanticException: Duplicate column name: hour"),
        (
            "CREATE TABLE unmade WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b",
            "HIVE_COLUMN_ORDER_MISMATCH: ",
        ),
        ("CREATE TABLE unmade WITH (format = 'ORC') AS SELECT 1 AS a", "NOT_SUPPORTED (local engine): "),
        ("CREATE TABLE raw_events AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS: "),
        (
            f"CREATE TABLE unmade WITH (external_location = 's3://{BUCKET}/raw_events/') AS SELECT 1 AS a",
            "HIVE_PATH_ALREADY_EXISTS: ",
        ),
        ("DROP TABLE absent", "TABLE_NOT_FOUND: "),
        ("DROP VIEW raw_events", "NOT_SUPPORTED: raw_events is a table: use DROP TABLE"),
        ("DROP DATABASE web", "SCHEMA_NOT_EMPTY: "),
        ("CREATE DATABASE web", "SCHEMA_ALREADY_EXISTS: "),
        ("MSCK REPAIR TABLE absent", "TABLE_NOT_FOUND: "),
    ],
)
def test_bad_statements_fail_with_their_reason(sql: str, reason: str) -> None:
    """Real failures look real, and what is missing here says so."""
    assert reason_of(sql).startswith(reason)


def test_data_that_does_not_fit_the_table_fails_the_query() -> None:
    """Only when the column is read."""
    put("bad/x.parquet", pa.table({"a": [1], "b": ["x"]}))
    rows_of(f"CREATE EXTERNAL TABLE bad (a string, b string) STORED AS PARQUET LOCATION 's3://{BUCKET}/bad/'")

    assert reason_of("SELECT a FROM bad").startswith("HIVE_BAD_DATA: ")
    assert rows_of("SELECT b FROM bad") == [["x"]]
    boto3.client("s3").put_object(Bucket=BUCKET, Key="bad/y.parquet", Body=b"no parquet")
    assert reason_of("SELECT b FROM bad").startswith("HIVE_BAD_DATA: ")
