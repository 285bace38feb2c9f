"""Iceberg tables through the local Athena: their past, their columns, their files, and what is refused."""
# ruff: noqa: S608 - statements name the tables of the tests

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import BUCKET, reason_of, rows_of, serving
from tests.aws.iceberg_tables import files, keys, make, scanned
from tests.aws.position_deletes import delete_by_position


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


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
