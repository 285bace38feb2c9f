"""Iceberg tables through the local Athena: what statements leave, and what they say when they fail."""
# ruff: noqa: S608 - statements name the tables of the tests

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import BUCKET, finished, reason_of, rows_of, serving, start
from tests.aws.position_deletes import delete_by_position


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


COLUMNS = "id string COMMENT 'who', n bigint, day date, at timestamp, tags array<string>"
ROWS = """
    ('a', 1, DATE '2026-01-01', TIMESTAMP '2026-01-01 10:00:00.123456', ARRAY['x', NULL]),
    ('b', 2, DATE '2026-01-02', NULL, NULL),
    ('c', 3, DATE '2026-02-01', TIMESTAMP '2026-02-01 23:59:59', ARRAY[])
"""


def make(name: str, partitioned_by: str = "") -> None:
    """Make a table of three rows."""
    clause = f"PARTITIONED BY ({partitioned_by})" if partitioned_by else ""
    properties = "TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    rows_of(f"CREATE TABLE {name} ({COLUMNS}) {clause} LOCATION 's3://{BUCKET}/{name}/' {properties}")
    rows_of(f"INSERT INTO {name} VALUES {ROWS}")


def numbers(name: str) -> dict[str, str]:
    """Return the number of each id."""
    return {row[0] or "": row[1] or "" for row in rows_of(f"SELECT id, n FROM {name} ORDER BY id")}


def files(name: str) -> set[str]:
    """Return the data files of the newest state."""
    return {row[0] or "" for row in rows_of(f'SELECT file_path FROM "{name}$files"')}


def keys(prefix: str) -> list[str]:
    """Return the keys below a prefix."""
    answer = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for item in answer.get("Contents", [])]


def scanned(query: str) -> int:
    """Return the bytes that a query reads."""
    return int(finished(start(query))["Statistics"]["DataScannedInBytes"])


@pytest.mark.parametrize(
    "partitioned_by",
    [
        "",
        "id",
        "year(day)",
        "month(day)",
        "day(day)",
        "hour(at)",
        "bucket(4, id)",
        "truncate(1, id)",
        "day, bucket(2, n)",
    ],
)
def test_rows_come_back_whatever_the_partitioning(partitioned_by: str) -> None:
    """Also NULLs, microseconds and arrays."""
    name = "t_" + "".join(char if char.isalnum() else "_" for char in partitioned_by)
    make(name, partitioned_by)

    assert rows_of(f"SELECT * FROM {name} ORDER BY n") == [
        ["a", "1", "2026-01-01", "2026-01-01 10:00:00.123456", "[x, null]"],
        ["b", "2", "2026-01-02", None, None],
        ["c", "3", "2026-02-01", "2026-02-01 23:59:59.000", "[]"],
    ]
    assert rows_of(f"SELECT id FROM {name} WHERE day >= DATE '2026-01-02' AND n < 3") == [["b"]]


def test_a_condition_leaves_files_out_and_columns_cost_alone() -> None:
    """Partitions by transform and the bounds of columns both prune; what is read is what is counted."""
    make("pruned", "month(day)")
    one = scanned("SELECT n FROM pruned WHERE day = DATE '2026-02-01'")

    assert 0 < one < scanned("SELECT n FROM pruned")
    assert scanned("SELECT n FROM pruned WHERE day = current_date - INTERVAL '10' YEAR") == 0
    assert scanned("SELECT n FROM pruned WHERE id = 'zzz' OR n BETWEEN 7 AND 9") == 0
    assert scanned("SELECT n FROM pruned") < scanned("SELECT * FROM pruned")
    left = "SELECT count(*) AS n FROM raw_events e LEFT JOIN pruned p ON p.n = e.hour WHERE p.id IS NULL"
    assert rows_of(left) == [["6"]]


def test_fields_of_rows_and_joins_by_name_are_read() -> None:
    """A column is read however the query comes to name it."""
    place = f"LOCATION 's3://{BUCKET}/nested/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    rows_of(f"CREATE TABLE nested (id string, at struct<lat:double,tags:array<string>>) {place}")
    rows_of("INSERT INTO nested VALUES ('a', CAST(ROW(1.5, ARRAY['x']) AS ROW(lat double, tags array(varchar))))")

    assert rows_of("SELECT at.lat FROM nested") == [["1.5"]]
    assert rows_of("SELECT n.at.tags[1] AS tag FROM nested n WHERE n.at.lat > 1e0") == [["x"]]
    assert rows_of("SELECT count(*) AS n FROM nested JOIN (SELECT 'a' AS id) USING (id)") == [["1"]]
    assert rows_of("SELECT web.nested.id FROM web.nested") == [["a"]]


def test_create_table_as_is_there_with_all_its_rows() -> None:
    """Its files lie under the location that the statement names, which must be empty."""
    options = f"table_type = 'ICEBERG', location = 's3://{BUCKET}/hourly/', is_external = false"
    query = "SELECT event_type, count(*) AS n, event_time, dt FROM raw_events GROUP BY 1, 3, 4"
    execution = finished(
        start(f"CREATE TABLE hourly WITH ({options}, partitioning = ARRAY['hour(event_time)', 'dt']) AS {query}")
    )

    assert execution["Status"]["State"] == "SUCCEEDED", execution
    assert rows_of("SELECT count(*) AS c, sum(n) AS n FROM hourly") == [["9", "9"]]
    assert len(files("hourly")) == 3
    assert all(path.startswith(f"s3://{BUCKET}/hourly/data/") for path in files("hourly"))
    again = f"CREATE TABLE again WITH ({options}) AS SELECT 1 AS a"
    assert reason_of(again).startswith("ICEBERG_FILESYSTEM_ERROR: ")
    assert rows_of(f"CREATE TABLE IF NOT EXISTS hourly WITH ({options}) AS SELECT 1 AS a") == []


def test_insert_fills_up_with_null_and_checks_types() -> None:
    """Columns are found by name; a type that does not fit is refused."""
    make("inserted")
    rows_of("INSERT INTO inserted (n, id) SELECT hour, event_id FROM raw_events WHERE event_type = 'purchase'")

    assert rows_of("SELECT count(*) AS n, count(day) AS d FROM inserted") == [["6", "3"]]
    assert reason_of("INSERT INTO inserted (n) VALUES ('text')").startswith("TYPE_MISMATCH: ")
    assert reason_of("INSERT INTO inserted (absent) VALUES (1)").startswith("COLUMN_NOT_FOUND: ")
    many = "INSERT INTO many SELECT x FROM UNNEST(sequence(1, 101)) AS t(x)"
    location = f"LOCATION 's3://{BUCKET}/many/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    rows_of(f"CREATE TABLE many (x bigint) PARTITIONED BY (x) {location}")
    assert reason_of(many).startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS: ")
    assert keys("many/data/") == []


def test_update_and_delete_write_only_the_files_that_hold_touched_rows() -> None:
    """Other files stay the same objects."""
    make("rowwise", "id")
    before = files("rowwise")
    rows_of("UPDATE rowwise SET n = n * 10, id = upper(id) WHERE id = 'b'")
    after = files("rowwise")

    assert numbers("rowwise") == {"B": "20", "a": "1", "c": "3"}
    assert len(before & after) == 2
    rows_of("DELETE FROM rowwise WHERE n IN (SELECT hour + 20 FROM raw_events WHERE hour = 0)")
    assert numbers("rowwise") == {"a": "1", "c": "3"}
    assert files("rowwise") == before & after
    rows_of("DELETE FROM rowwise WHERE id = 'nobody'")
    assert rows_of('SELECT operation FROM "rowwise$snapshots"') == [["append"], ["overwrite"], ["overwrite"]]
    rows_of("DELETE FROM rowwise")
    assert numbers("rowwise") == {}


def test_rows_of_a_file_that_are_not_touched_survive() -> None:
    """One file, of which one row changes and one goes; NULL conditions touch nothing."""
    make("mixed")
    rows_of("UPDATE mixed SET n = NULL WHERE at > TIMESTAMP '2026-01-31 00:00:00'")
    rows_of("DELETE FROM mixed WHERE n = 1")

    assert numbers("mixed") == {"b": "2", "c": ""}
    assert rows_of("SELECT tags, day FROM mixed ORDER BY id") == [[None, "2026-01-02"], ["[]", "2026-02-01"]]


def test_merge_takes_the_first_clause_that_applies() -> None:
    """Rows are updated, deleted and inserted at once; the count is of all of them."""
    make("merged", "bucket(2, id)")
    source = "SELECT * FROM (VALUES ('a', 100), ('b', 0), ('x', 7), ('y', -7)) AS v(id, n)"
    execution = finished(
        start(
            f"MERGE INTO web.merged t USING ({source}) s ON t.id = s.id "
            "WHEN MATCHED AND s.n = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET n = t.n + s.n "
            "WHEN NOT MATCHED AND s.n > 0 THEN INSERT (id, n) VALUES (s.id, s.n)"
        )
    )
    results = boto3.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])

    assert numbers("merged") == {"a": "101", "c": "3", "x": "7"}
    assert results["UpdateCount"] == 3
    assert len(rows_of('SELECT snapshot_id FROM "merged$snapshots"')) == 2


def test_merge_refuses_two_source_rows_for_one_target_row() -> None:
    """Unless only one of them has a clause; the table stays as it was."""
    make("doubled")
    source = "USING (VALUES ('a', 5), ('a', 6)) AS s(id, n) ON doubled.id = s.id"
    reason = reason_of(f"MERGE INTO doubled {source} WHEN MATCHED THEN UPDATE SET n = s.n")

    assert reason.startswith("MERGE_TARGET_ROW_MULTIPLE_MATCHES: ")
    assert numbers("doubled")["a"] == "1"
    rows_of(f"MERGE INTO doubled {source} WHEN MATCHED AND s.n = 6 THEN UPDATE SET n = s.n")
    assert numbers("doubled")["a"] == "6"


def test_time_travel_reads_what_was() -> None:
    """By snapshot, by time, and with the columns of then."""
    make("history")
    first = rows_of('SELECT snapshot_id, committed_at FROM "history$snapshots"')[0]
    rows_of("DELETE FROM history WHERE id <> 'a'")
    rows_of("ALTER TABLE history DROP COLUMN tags")
    moment = f"TIMESTAMP '{first[1]}'"

    assert rows_of(f"SELECT count(*) AS n, count(tags) AS t FROM history FOR VERSION AS OF {first[0]}") == [["3", "2"]]
    assert rows_of(f"SELECT count(*) AS n FROM history FOR TIMESTAMP AS OF {moment} h WHERE h.n > 1") == [["2"]]
    assert rows_of("SELECT count(*) AS n FROM history FOR TIMESTAMP AS OF current_timestamp") == [["1"]]
    assert reason_of("SELECT * FROM history FOR VERSION AS OF 7").startswith("INVALID_ARGUMENTS: ")
    early = "SELECT * FROM history FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'"
    assert reason_of(early).startswith("INVALID_ARGUMENTS: No version history")
    log = rows_of('SELECT snapshot_id, is_current_ancestor FROM "history$history"')
    assert log[0] == [first[0], "true"]


def test_columns_are_told_by_their_ids_not_their_names() -> None:
    """Added, renamed, widened, dropped and made again: files written before keep their meaning."""
    make("columns")
    rows_of("ALTER TABLE columns ADD COLUMNS (small int, note string)")
    rows_of("UPDATE columns SET small = 5, note = 'old' WHERE id = 'a'")
    rows_of("ALTER TABLE columns CHANGE COLUMN small wide bigint")
    rows_of("ALTER TABLE columns DROP COLUMN note")
    rows_of("ALTER TABLE columns ADD COLUMNS (note string)")
    rows_of("INSERT INTO columns (id, wide, note) VALUES ('d', 5000000000, 'new')")

    assert rows_of("SELECT id, wide, note FROM columns ORDER BY id") == [
        ["a", "5", None],
        ["b", None, None],
        ["c", None, None],
        ["d", "5000000000", "new"],
    ]
    assert rows_of("SELECT id FROM columns WHERE wide < 10") == [["a"]]
    assert scanned("SELECT wide FROM columns") < scanned("SELECT wide, note FROM columns")
    assert [row[0] for row in rows_of("SHOW COLUMNS IN columns")] == ["id", "n", "day", "at", "tags", "wide", "note"]
    assert reason_of("ALTER TABLE columns CHANGE COLUMN wide wide int").startswith("NOT_SUPPORTED: ")
    assert reason_of("ALTER TABLE columns ADD COLUMNS (id string)").startswith("FAILED: ")


def test_optimize_puts_small_files_together() -> None:
    """From five on, within their partitions; the rows stay, and old states can still be read."""
    make("small", "id")
    for number in range(3):
        rows_of(f"INSERT INTO small (id, n) VALUES ('a', {number}), ('b', {number})")
    first = rows_of('SELECT snapshot_id FROM "small$snapshots"')[0][0]
    total = rows_of("SELECT sum(n) AS s FROM small")
    rows_of("OPTIMIZE small REWRITE DATA USING BIN_PACK WHERE id = 'a'")

    assert len(files("small")) == 9
    rows_of("ALTER TABLE small SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold' = '2')")
    rows_of("OPTIMIZE small REWRITE DATA USING BIN_PACK WHERE id = 'a'")
    assert len(files("small")) == 6
    rows_of("OPTIMIZE small REWRITE DATA USING BIN_PACK")
    assert len(files("small")) == 3
    assert rows_of("SELECT sum(n) AS s FROM small") == total
    assert rows_of(f"SELECT count(*) AS n FROM small FOR VERSION AS OF {first}") == [["3"]]
    assert reason_of("OPTIMIZE small REWRITE DATA USING BIN_PACK WHERE n = 1").startswith("NOT_SUPPORTED: ")


def test_a_dropped_table_takes_its_objects_along() -> None:
    """Other objects at its location stay."""
    make("dropped")
    boto3.client("s3").put_object(Bucket=BUCKET, Key="dropped/notes.txt", Body=b"mine")
    rows_of("DROP TABLE dropped")

    assert keys("dropped/") == ["dropped/notes.txt"]
    assert reason_of("SELECT * FROM dropped").startswith("TABLE_NOT_FOUND: ")


def test_a_table_is_described_as_it_was_made() -> None:
    """SHOW CREATE TABLE can be read back as a statement."""
    make("described", "day(day), bucket(4, id), truncate(2, n)")
    text = "\n".join(row[0] or "" for row in rows_of("SHOW CREATE TABLE described"))
    rows_of("DROP TABLE described")
    rows_of(text)

    described = [row[0] or "" for row in rows_of("DESCRIBE described")]
    assert "at\ttimestamp\t" in described
    assert described[-3:] == ["day_day\tday\tday", "id_bucket\tbucket[4]\tid", "n_trunc\ttruncate[2]\tn"]
    kinds = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'described'"
    assert ["tags", "array(varchar)"] in rows_of(kinds)


ICEBERG = f"LOCATION 's3://{BUCKET}/refused/' TBLPROPERTIES ('table_type' = 'ICEBERG'"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"CREATE EXTERNAL TABLE refused (a int) {ICEBERG})", "FAILED: External keyword"),
        ("CREATE TABLE refused (a int) TBLPROPERTIES ('table_type' = 'ICEBERG')", "FAILED: "),
        (f"CREATE TABLE refused (a smallint) {ICEBERG})", "NOT_SUPPORTED: Type not supported"),
        (f"CREATE TABLE refused (a int) PARTITIONED BY (b) {ICEBERG})", "COLUMN_NOT_FOUND: "),
        (f"CREATE TABLE refused (a int) PARTITIONED BY (day(a)) {ICEBERG})", "NOT_SUPPORTED: "),
        (f"CREATE TABLE refused (a int) PARTITIONED BY (zorder(a)) {ICEBERG})", "NOT_SUPPORTED: "),
        (f"CREATE TABLE refused (a int) PARTITIONED BY (a, bucket(2, a)) {ICEBERG})", "NOT_SUPPORTED (local engine): "),
        (f"CREATE TABLE refused (a int) {ICEBERG}, 'format' = 'orc')", "NOT_SUPPORTED (local engine): "),
        (f"CREATE TABLE refused (a int) {ICEBERG}, 'owner' = 'me')", "FAILED: Unsupported table property key"),
        (f"CREATE TABLE raw_events (a int) {ICEBERG})", "TABLE_ALREADY_EXISTS: "),
        ("CREATE TABLE refused WITH (table_type = 'ICEBERG') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY: "),
        ("UPDATE raw_events SET quantity = 1", "NOT_SUPPORTED: Modifying Hive table rows"),
        ("VACUUM raw_events", "NOT_SUPPORTED: Modifying Hive table rows"),
        ("UPDATE absent SET a = 1", "TABLE_NOT_FOUND: "),
        ("SELECT * FROM raw_events FOR VERSION AS OF 7", "NOT_SUPPORTED (local engine): "),
    ],
)
def test_what_cannot_be_is_refused(sql: str, reason: str) -> None:
    """Real failures look real, and what is missing here says so."""
    assert reason_of(sql).startswith(reason)
    assert keys("refused/") == []


def test_delete_files_are_refused_not_overlooked() -> None:
    """Another engine's merge-on-read deletes would bring deleted rows back."""
    make("foreign")
    delete_by_position("foreign", min(files("foreign")))

    assert reason_of("SELECT id FROM foreign").startswith("NOT_SUPPORTED (local engine): table web.foreign has delete")
    assert reason_of("DELETE FROM foreign WHERE id = 'a'").startswith("NOT_SUPPORTED (local engine): ")
