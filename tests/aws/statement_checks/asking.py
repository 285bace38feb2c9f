"""Statements that ask, explain or show something."""

import boto3

from tests.aws.athena_lake import PARTITIONS, finished, rows_of, start
from tests.aws.statement_checks.registry import glue_table, make_daily, result_of, statement, utility


@statement("PREPARE")
def _prepare() -> None:
    rows_of("PREPARE of_type FROM SELECT count(*) AS n FROM raw_events WHERE event_type = ?")
    kept = boto3.client("athena").get_prepared_statement(StatementName="of_type", WorkGroup="primary")

    assert kept["PreparedStatement"]["QueryStatement"] == "SELECT count(*) AS n FROM raw_events WHERE event_type = ?"
    assert rows_of("EXECUTE of_type USING 'page_view'") == [["6"]]


@statement("EXECUTE")
def _execute() -> None:
    rows_of("PREPARE of_hour FROM SELECT count(*) AS n FROM raw_events WHERE dt = ? AND hour = ?")
    execution = finished(start("EXECUTE of_hour", ExecutionParameters=["DATE '2026-11-22'", "0"]))

    assert execution["StatementType"] == "DML"
    assert result_of(execution) == '"n"\n"3"\n'
    assert rows_of("EXECUTE of_hour USING DATE '2026-11-22', 5") == [["0"]]


@statement("SELECT with parameters")
def _parameters() -> None:
    sql = "SELECT event_id FROM raw_events WHERE event_type = ? AND revenue > ? AND hour = ?"
    execution = finished(start(sql, ExecutionParameters=["'purchase'", "19.5", "1"]))
    too_few = finished(start(sql, ExecutionParameters=["'purchase'"]))["Status"]["StateChangeReason"]

    assert result_of(execution) == '"event_id"\n"2026-11-22-1-3"\n'
    assert too_few.startswith("INVALID_PARAMETER_USAGE")


@statement("EXPLAIN")
def _explain() -> None:
    assert any(
        "count_star" in line.lower() for line in utility("EXPLAIN SELECT hour, count(*) FROM raw_events GROUP BY 1")
    )


@statement("EXPLAIN ANALYZE")
def _explain_analyze() -> None:
    query = "SELECT event_type, count(*) AS n FROM raw_events GROUP BY 1"
    execution = finished(start(f"EXPLAIN ANALYZE {query}"))

    assert "Total Time" in result_of(execution)
    assert (
        execution["Statistics"]["DataScannedInBytes"] == finished(start(query))["Statistics"]["DataScannedInBytes"] > 0
    )


@statement("SHOW TABLES")
def _show_tables() -> None:
    rows_of("CREATE VIEW shown_view AS SELECT 1 AS a")

    assert {"raw_events", "shown_view"} <= set(utility("SHOW TABLES IN web"))
    assert utility("SHOW TABLES 'shown_*'") == ["shown_view"]


@statement("SHOW PARTITIONS")
def _show_partitions() -> None:
    assert utility("SHOW PARTITIONS raw_events") == sorted(f"dt={day}/hour={hour}" for day, hour in PARTITIONS)


@statement("SHOW CREATE TABLE")
def _show_create() -> None:
    make_daily("copied")
    lines = utility("SHOW CREATE TABLE copied")
    rows_of("\n".join(lines).replace("`copied`", "`copy`"))

    assert glue_table("copy")["StorageDescriptor"]["Columns"] == glue_table("copied")["StorageDescriptor"]["Columns"]
    assert glue_table("copy")["PartitionKeys"] == glue_table("copied")["PartitionKeys"]


@statement("DESCRIBE")
def _describe() -> None:
    lines = [line.split() for line in utility("DESCRIBE raw_events")]

    assert lines[:3] == [["event_id", "string"], ["event_type", "string"], ["event_time", "timestamp"]]
    assert lines[-2:] == [["dt", "date"], ["hour", "int"]]
    assert ["#", "Partition", "Information"] in lines
