"""Statements that alter tables, partitions and databases, and tables of text."""

import boto3

from tests.aws.athena_lake import BUCKET, rows_of
from tests.aws.statement_checks.registry import glue_partitions, glue_table, keys, make_daily, statement


@statement("CREATE EXTERNAL TABLE of JSON")
def _create_of_json() -> None:
    lines = ['{"event_id":"j1","props":{"plan":"pro"}}', "no json", '{"event_id":"j2","props":{}}']
    body = "\n".join(lines).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key="lines/dt=2026-11-22/one.json", Body=body)
    rows_of(
        "CREATE EXTERNAL TABLE lines (event_id string, props map<string,string>) PARTITIONED BY (dt string) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true') "
        f"LOCATION 's3://{BUCKET}/lines/'"
    )
    rows_of("MSCK REPAIR TABLE lines")

    assert glue_table("lines")["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("JsonSerDe")
    found = rows_of(
        "SELECT event_id, element_at(props, 'plan') AS plan FROM lines WHERE event_id IS NOT NULL ORDER BY 1"
    )
    assert found == [["j1", "pro"], ["j2", None]]


@statement("ALTER TABLE REPLACE COLUMNS")
def _replace_columns() -> None:
    make_daily("narrowed")
    rows_of("ALTER TABLE narrowed REPLACE COLUMNS (n bigint, extra string)")

    assert [column["Name"] for column in glue_table("narrowed")["StorageDescriptor"]["Columns"]] == ["n", "extra"]
    assert rows_of("SELECT * FROM narrowed WHERE hour = 1 ORDER BY n") == [["1", None, "1"], ["2", None, "1"]]


@statement("ALTER TABLE SET LOCATION")
def _set_location() -> None:
    rows_of(f"CREATE TABLE moved WITH (external_location = 's3://{BUCKET}/moved/') AS SELECT 1 AS a")
    rows_of(f"CREATE TABLE elsewhere WITH (external_location = 's3://{BUCKET}/elsewhere/') AS SELECT 2 AS a")
    rows_of(f"ALTER TABLE moved SET LOCATION 's3://{BUCKET}/elsewhere'")

    assert glue_table("moved")["StorageDescriptor"]["Location"] == f"s3://{BUCKET}/elsewhere/"
    assert rows_of("SELECT a FROM moved") == [["2"]]
    assert len(keys("moved/")) == 1


@statement("ALTER TABLE PARTITION SET LOCATION")
def _move_partition() -> None:
    make_daily("pointed")
    rows_of(f"ALTER TABLE pointed PARTITION (hour = 1) SET LOCATION 's3://{BUCKET}/pointed/hour=23/'")

    assert glue_partitions("pointed")["1",] == f"s3://{BUCKET}/pointed/hour=23"
    assert rows_of(
        "SELECT DISTINCT hour, regexp_extract(\"$path\", 'hour=\\d+') AS folder FROM pointed ORDER BY 1"
    ) == [
        ["0", "hour=0"],
        ["1", "hour=23"],
        ["23", "hour=23"],
    ]


@statement("ALTER TABLE PARTITION RENAME TO")
def _rename_partition() -> None:
    make_daily("renamed")
    rows_of("ALTER TABLE renamed PARTITION (hour = 23) RENAME TO PARTITION (hour = 22)")

    assert glue_partitions("renamed")["22",] == f"s3://{BUCKET}/renamed/hour=23"
    assert rows_of("SELECT DISTINCT hour FROM renamed ORDER BY 1") == [["0"], ["1"], ["22"]]


@statement("ALTER DATABASE SET DBPROPERTIES")
def _set_database() -> None:
    rows_of(f"CREATE DATABASE IF NOT EXISTS owned LOCATION 's3://{BUCKET}/owned/'")
    for properties in ("'owner' = 'web'", "'purpose' = 'tests'"):
        rows_of(f"ALTER DATABASE owned SET DBPROPERTIES ({properties})")

    database = boto3.client("glue").get_database(Name="owned")["Database"]
    assert database["Parameters"] == {"owner": "web", "purpose": "tests"}
    assert database["LocationUri"] == f"s3://{BUCKET}/owned/"
