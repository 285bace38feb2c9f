"""Statements that write rows, or change what the catalog knows of a table."""

from typing import Any

import boto3

from tests.aws.athena_lake import BUCKET, PARTITIONS, finished, reason_of, rows_of, start
from tests.aws.statement_checks.registry import glue_partitions, glue_table, keys, make_daily, make_external, statement


@statement("CREATE TABLE AS")
def _create_table_as() -> None:
    make_daily("created")
    table = glue_table("created")

    assert [key["Name"] for key in table["PartitionKeys"]] == ["hour"]
    assert set(glue_partitions("created")) == {("0",), ("1",), ("23",)}
    assert [key.split("/")[1] for key in keys("created/")] == ["hour=0", "hour=1", "hour=23"]
    assert rows_of("SELECT n FROM created WHERE hour = 23 AND event_type = 'page_view'") == [["2"]]


@statement("INSERT INTO")
def _insert() -> None:
    make_daily("grown")
    before = keys("grown/")
    rows_of("INSERT INTO grown SELECT 'search', 7, 5")

    assert glue_partitions("grown")["5",] == f"s3://{BUCKET}/grown/hour=5"
    assert (len(keys("grown/")), set(before) < set(keys("grown/"))) == (4, True)
    assert rows_of("SELECT event_type, n FROM grown WHERE hour = 5") == [["search", "7"]]


@statement("UNLOAD")
def _unload() -> None:
    options = "format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY['hour']"
    query = "SELECT event_id, hour FROM raw_events WHERE hour < 2"
    execution = finished(start(f"UNLOAD ({query}) TO 's3://{BUCKET}/unloaded/' WITH ({options})"))
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{BUCKET}/")
    listed = boto3.client("s3").get_object(Bucket=BUCKET, Key=manifest)["Body"].read().decode().split()

    assert sorted(listed) == [f"s3://{BUCKET}/{key}" for key in keys("unloaded/")]
    assert [key.split("/")[1] for key in keys("unloaded/")] == ["hour=0", "hour=1"]
    columns = "(event_id string) PARTITIONED BY (hour int) STORED AS PARQUET"
    rows_of(f"CREATE EXTERNAL TABLE unloaded {columns} LOCATION 's3://{BUCKET}/unloaded/'")
    rows_of("MSCK REPAIR TABLE unloaded")
    assert rows_of("SELECT count(*) AS n, max(hour) AS h FROM unloaded") == [["6", "1"]]


@statement("MSCK REPAIR TABLE")
def _repair() -> None:
    for day, hour in PARTITIONS:
        folder = f"dt={day}/hour={hour}"
        source: Any = {"Bucket": BUCKET, "Key": f"raw_events/{folder}/g=000002-run/part-0.parquet"}
        boto3.client("s3").copy_object(Bucket=BUCKET, Key=f"found/{folder}/part-0.parquet", CopySource=source)
    make_external("found")
    assert rows_of("SELECT count(*) AS n FROM found") == [["0"]]
    rows_of("MSCK REPAIR TABLE found")

    assert set(glue_partitions("found")) == {(day, str(hour)) for day, hour in PARTITIONS}
    assert rows_of("SELECT count(*) AS n FROM found") == [["9"]]


@statement("ALTER TABLE ADD PARTITION")
def _add_partition() -> None:
    make_external("added")
    place = f"s3://{BUCKET}/raw_events/dt=2026-11-22/hour=1/g=000002-run"
    sql = f"ALTER TABLE added ADD IF NOT EXISTS PARTITION (dt = '2026-12-01', hour = 6) LOCATION '{place}/'"
    for _ in range(2):
        rows_of(sql)

    assert glue_partitions("added") == {("2026-12-01", "6"): place}
    assert rows_of("SELECT count(*) AS n, min(dt) AS dt FROM added WHERE hour = 6") == [["3", "2026-12-01"]]


@statement("ALTER TABLE DROP PARTITION")
def _drop_partition() -> None:
    make_daily("dropped")
    before = keys("dropped/")
    rows_of("ALTER TABLE dropped DROP PARTITION (hour = 23)")
    rows_of("ALTER TABLE dropped DROP IF EXISTS PARTITION (hour = 23)")

    assert set(glue_partitions("dropped")) == {("0",), ("1",)}
    assert keys("dropped/") == before
    assert rows_of("SELECT max(hour) AS h FROM dropped") == [["1"]]


@statement("CREATE EXTERNAL TABLE with partition projection")
def _create_external() -> None:
    template = f"s3://{BUCKET}/raw_events/dt=${{dt}}/hour=${{hour}}/g=000002-run/"
    properties = {
        "projection.enabled": "true", "projection.dt.type": "date", "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-11-20,2026-11-25", "projection.hour.type": "integer",
        "projection.hour.range": "0,23", "storage.location.template": template,
    }  # fmt: skip
    given = ", ".join(f"'{name}' = '{value}'" for name, value in properties.items())
    rows_of(
        "CREATE EXTERNAL TABLE IF NOT EXISTS projected (event_id string, event_time timestamp, revenue decimal(18,2)) "
        f"PARTITIONED BY (dt string, hour int) STORED AS PARQUET LOCATION 's3://{BUCKET}/raw_events/' "
        f"TBLPROPERTIES ({given})"
    )

    assert glue_table("projected")["Parameters"].items() >= properties.items()
    assert glue_partitions("projected") == {}
    assert rows_of("SELECT count(*) AS n, sum(revenue) AS r FROM projected WHERE dt = '2026-11-22'") == [["6", "39.80"]]


@statement("CREATE VIEW")
def _create_view() -> None:
    rows_of("CREATE OR REPLACE VIEW bought AS SELECT event_id, revenue FROM raw_events WHERE event_type = 'purchase'")
    table = glue_table("bought")

    assert (table["TableType"], table["Parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "true")
    assert [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]] == [
        ("event_id", "string"),
        ("revenue", "decimal(18,2)"),
    ]
    assert rows_of("SELECT count(*) AS n FROM bought") == [["3"]]


@statement("DROP VIEW")
def _drop_view() -> None:
    rows_of("CREATE VIEW short_lived AS SELECT 1 AS a")
    for _ in range(2):
        rows_of("DROP VIEW IF EXISTS short_lived")

    assert rows_of("SHOW TABLES 'short_lived'") == []
    assert reason_of("SELECT * FROM short_lived").startswith("TABLE_NOT_FOUND")


@statement("DROP TABLE")
def _drop_table() -> None:
    make_daily("gone")
    objects = keys("gone/")
    for _ in range(2):
        rows_of("DROP TABLE IF EXISTS gone")

    assert "gone" not in [row[0] for row in rows_of("SHOW TABLES")]
    assert keys("gone/") == objects
    assert reason_of("SELECT * FROM gone").startswith("TABLE_NOT_FOUND")


@statement("CREATE DATABASE")
def _create_database() -> None:
    for _ in range(2):
        rows_of(f"CREATE DATABASE IF NOT EXISTS shop LOCATION 's3://{BUCKET}/shop/'")
    rows_of("CREATE VIEW shop.one AS SELECT 1 AS a")

    assert boto3.client("glue").get_database(Name="shop")["Database"]["LocationUri"] == f"s3://{BUCKET}/shop/"
    assert rows_of("SELECT a FROM shop.one") == [["1"]]


@statement("ALTER TABLE ADD COLUMNS")
def _add_columns() -> None:
    make_daily("widened")
    rows_of("ALTER TABLE widened ADD COLUMNS (note string, share double)")

    columns = [(column["Name"], column["Type"]) for column in glue_table("widened")["StorageDescriptor"]["Columns"]]
    assert columns[2:] == [("note", "string"), ("share", "double")]
    assert rows_of("SELECT count(*) AS n, count(note) AS notes FROM widened WHERE hour = 1") == [["2", "0"]]


@statement("ALTER TABLE SET TBLPROPERTIES")
def _set_properties() -> None:
    make_daily("described")
    rows_of("ALTER TABLE described SET TBLPROPERTIES ('owner' = 'web', 'comment' = 'by hour')")

    assert glue_table("described")["Parameters"].items() >= {("owner", "web"), ("comment", "by hour")}
    assert rows_of("SHOW TBLPROPERTIES described('owner')") == [["owner\tweb"]]
    assert rows_of("SELECT count(*) AS n FROM described") == [["6"]]
