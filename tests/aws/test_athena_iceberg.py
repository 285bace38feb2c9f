"""Rows of Iceberg tables through the local Athena: what statements leave, and what reading costs."""
# ruff: noqa: S608 - statements name the tables of the tests

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import BUCKET, finished, reason_of, rows_of, serving, start
from tests.aws.iceberg_tables import files, keys, make, numbers, scanned


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


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


def test_merge_reads_each_table_once() -> None:
    """Its matched and its unmatched rows come from two queries here, which nobody pays for twice."""
    for name in ("target", "source"):
        make(name)
        rows_of(f"INSERT INTO {name} (id, n) VALUES ('d', 4)")
    both = scanned("SELECT id, day, at, tags FROM target") + scanned("SELECT id, n FROM source")
    merge = "MERGE INTO target t USING source s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n"

    assert scanned(f"{merge} WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)") == both
