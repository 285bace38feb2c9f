"""Statements that write, describe and alter."""

import awswrangler as wr
import pandas as pd

from tests.aws.wrangler_calls.place import Place, call


@call("create_ctas_table")
def _create_as(place: Place) -> None:
    wr.athena.create_ctas_table(
        "SELECT visitor, count(*) AS n, day FROM clicks GROUP BY visitor, day",
        database=place.name,
        ctas_table="daily",
        s3_output=place.at("daily/"),
        partitioning_info=["day"],
        storage_format="parquet",
        wait=True,
    )
    assert len(wr.catalog.get_partitions(place.name, "daily")) == 2


@call("read_sql_query of what CREATE TABLE AS made")
def _read_created(place: Place) -> None:
    found = place.rows("SELECT day, visitor, n FROM daily ORDER BY day, visitor")
    assert found == [["2026-11-21", "ann", 2], ["2026-11-22", "bob", 1], ["2026-11-22", None, 1]]


@call("INSERT INTO")
def _insert(place: Place) -> None:
    place.run("INSERT INTO daily SELECT visitor, 40 AS n, '2026-11-30' AS day FROM clicks WHERE event_id = 'k1'")
    assert place.rows("SELECT visitor, n FROM daily WHERE day = '2026-11-30'") == [["ann", 40]]


@call("unload")
def _unload(place: Place) -> None:
    path = place.fresh()
    wr.athena.unload("SELECT event_id, amount FROM clicks", path=path, database=place.name)
    assert sorted(wr.s3.read_parquet(path, path_ignore_suffix=".csv")["event_id"]) == ["k1", "k2", "k3", "k4"]


@call("CREATE EXTERNAL TABLE")
def _create_external(place: Place) -> None:
    columns = "event_id string, visitor string, happened timestamp, amount double, pieces bigint, labels array<string>"
    place.run(
        f"CREATE EXTERNAL TABLE again ({columns}) PARTITIONED BY (day string, hour string) "
        f"STORED AS PARQUET LOCATION '{place.at('clicks/')}'"
    )
    assert place.rows("SELECT count(*) AS n FROM again") == [[0]]


@call("repair_table")
def _repair(place: Place) -> None:
    assert wr.athena.repair_table("again", database=place.name, s3_output=place.at("results/")) == "SUCCEEDED"


@call("read_sql_query after a repair")
def _read_repaired(place: Place) -> None:
    assert place.rows("SELECT count(*) AS n FROM again WHERE hour > '01'") == [[3]]


@call("catalog.get_partitions after a repair")
def _repaired_partitions(place: Place) -> None:
    assert len(wr.catalog.get_partitions(place.name, "again")) == 3


@call("describe_table")
def _describe(place: Place) -> None:
    frame = wr.athena.describe_table("clicks", database=place.name, s3_output=place.at("results/"))
    assert frame["Column Name"].tolist()[:2] == ["event_id", "visitor"]
    assert frame[frame["Partition"]]["Column Name"].tolist() == ["day", "hour"]


@call("show_create_table")
def _show_create(place: Place) -> None:
    text = wr.athena.show_create_table("clicks", database=place.name, s3_output=place.at("results/"))
    assert text.startswith("CREATE EXTERNAL TABLE `clicks`")
    assert place.at("clicks") in text


@call("CREATE OR REPLACE VIEW")
def _view(place: Place) -> None:
    for limit in (0, 1):
        query = f"SELECT visitor, count(*) AS n FROM clicks GROUP BY visitor HAVING count(*) > {limit}"  # noqa: S608 - our own words
        place.run(f"CREATE OR REPLACE VIEW people AS {query}")
    assert place.rows("SELECT * FROM people") == [["ann", 2]]


@call("DELETE of a table without transactions")
def _delete(place: Place) -> None:
    place.run("DELETE FROM clicks WHERE day = '2026-11-21'")


@call("read_sql_query of data of another type")
def _bad_data(place: Place) -> None:
    wr.s3.to_parquet(pd.DataFrame({"a": [1]}), place.at("bad/part-0.parquet"))
    place.run(f"CREATE EXTERNAL TABLE bad (a string) STORED AS PARQUET LOCATION '{place.at('bad/')}'")
    place.rows("SELECT a FROM bad")
