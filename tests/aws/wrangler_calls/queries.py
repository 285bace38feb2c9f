"""Queries of Athena, in every way that awswrangler has of reading them."""

from typing import Any

import awswrangler as wr
import boto3

from tests.aws.wrangler_calls.place import Place, call

_QUERY = (
    "SELECT visitor, count(*) AS n, sum(amount) AS amount, max(pieces) AS pieces "
    "FROM clicks WHERE day = '2026-11-21' GROUP BY visitor"
)
_ROWS = [["ann", 2, 2.5, 3]]


@call("read_sql_query ctas_approach=False")
def _by_csv(place: Place) -> None:
    assert place.rows(_QUERY) == _ROWS


@call("read_sql_query ctas_approach=True")
def _by_table(place: Place) -> None:
    assert place.rows(_QUERY, ctas_approach=True) == _ROWS
    assert not wr.catalog.tables(database=place.name)["Table"].str.startswith("temp_table").any()


@call("read_sql_query unload_approach=True")
def _by_unload(place: Place) -> None:
    assert place.rows(_QUERY, unload_approach=True, s3_output=place.fresh()) == _ROWS


@call("read_sql_query chunksize")
def _by_chunks(place: Place) -> None:
    where: Any = {"ctas_approach": False, "chunksize": 3, **place.asked}
    assert [len(chunk) for chunk in wr.athena.read_sql_query("SELECT * FROM clicks", **where)] == [3, 1]


@call("read_sql_query paramstyle=named")
def _named(place: Place) -> None:
    assert place.rows("SELECT count(*) AS n FROM clicks WHERE day = :day", params={"day": "2026-11-22"}) == [[2]]


@call("read_sql_query paramstyle=qmark")
def _qmark(place: Place) -> None:
    sql = "SELECT event_id FROM clicks WHERE day = ? AND amount > ?"
    assert place.rows(sql, params=["'2026-11-22'", "5.0"], paramstyle="qmark") == [["k4"]]


@call("read_sql_query functions of Trino")
def _functions(place: Place) -> None:
    sql = (
        "SELECT date_diff('day', TIMESTAMP '2026-11-21 23:59:00', TIMESTAMP '2026-11-22 00:01:00') AS days, "
        "7 / 2 AS whole, approx_distinct(visitor) AS people, json_extract_scalar('[4]', '$[0]') AS scalar FROM clicks"
    )
    assert place.rows(sql) == [[0, 3, 2, "4"]]


@call("read_sql_query arrays")
def _arrays(place: Place) -> None:
    frame = wr.athena.read_sql_query("SELECT event_id, labels FROM clicks ORDER BY event_id", **place.asked)
    assert [None if item is None else list(item) for item in frame["labels"]] == [["new", "sale"], ["sale"], [], None]


@call("read_sql_query of a projected table")
def _projected(place: Place) -> None:
    assert place.rows("SELECT event_id FROM projected WHERE day = '2026-11-22' AND hour = '03'") == [["k4"]]


@call("read_sql_query athena_cache_settings")
def _cached(place: Place) -> None:
    where: Any = {"ctas_approach": False, "athena_cache_settings": {"max_cache_seconds": 900}, **place.asked}
    frames = [wr.athena.read_sql_query(_QUERY, **where) for _ in range(2)]
    assert frames[0].query_metadata["QueryExecutionId"] == frames[1].query_metadata["QueryExecutionId"]


@call("start_query_execution wait=True")
def _wait(place: Place) -> None:
    assert place.run(_QUERY)["Status"]["State"] == "SUCCEEDED"


@call("read_sql_query of an unknown column")
def _unknown_column(place: Place) -> None:
    place.rows("SELECT nothing_such FROM clicks")


@call("get_query_results")
def _results(place: Place) -> None:
    execution_id = str(wr.athena.start_query_execution(_QUERY, **place.asked))
    assert wr.athena.get_query_results(execution_id)["visitor"].tolist() == ["ann"]


@call("create_prepared_statement, EXECUTE")
def _prepared(place: Place) -> None:
    text = "SELECT count(*) AS n FROM clicks WHERE day = ?"
    wr.athena.create_prepared_statement(text, statement_name="by_day", mode="update")
    assert place.rows("EXECUTE by_day USING '2026-11-21'") == [[2]]


@call("boto3 get_query_results of SHOW TABLES")
def _show_tables(place: Place) -> None:
    execution_id = place.run("SHOW TABLES")["QueryExecutionId"]
    rows = boto3.client("athena").get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
    assert {"clicks", "projected"} <= {row["Data"][0]["VarCharValue"] for row in rows}


@call("get_work_group")
def _work_group(place: Place) -> None:
    configuration = wr.athena.get_work_group("primary")["WorkGroup"]["Configuration"]
    assert configuration["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


@call("boto3 get_query_runtime_statistics")
def _statistics(place: Place) -> None:
    execution_id = place.run(_QUERY)["QueryExecutionId"]
    answer = boto3.client("athena").get_query_runtime_statistics(QueryExecutionId=execution_id)
    assert answer["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 1


@call("list_query_executions")
def _executions(place: Place) -> None:
    execution_id = place.run(_QUERY)["QueryExecutionId"]
    assert wr.athena.list_query_executions()[0] == execution_id


@call('read_sql_query "$path"')
def _path(place: Place) -> None:
    found = place.rows('SELECT "$path" AS object, count(*) AS n FROM clicks GROUP BY 1')
    assert sorted(found) == [[object_, n] for object_, n in zip(_objects(place), (2, 1, 1), strict=True)]


def _objects(place: Place) -> list[str]:
    return sorted(wr.s3.list_objects(place.at("clicks/")))
