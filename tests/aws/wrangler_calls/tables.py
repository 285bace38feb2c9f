"""Tables written and read without Athena, and what the catalog knows of them."""

import awswrangler as wr

from tests.aws.wrangler_calls.place import CLICKS, Place, call


@call("catalog.create_database")
def _create_database(place: Place) -> None:
    wr.catalog.create_database(place.name)
    assert place.name in wr.catalog.databases()["Database"].tolist()


@call("s3.to_parquet mode=overwrite")
def _to_parquet(place: Place) -> None:
    written = wr.s3.to_parquet(
        CLICKS,
        place.at("clicks/"),
        dataset=True,
        partition_cols=["day", "hour"],
        database=place.name,
        table="clicks",
        mode="overwrite",
    )
    assert len(written["paths"]) == 3


@call("s3.to_parquet mode=overwrite_partitions")
def _overwrite_partitions(place: Place) -> None:
    before = wr.s3.list_objects(place.at("clicks/"))
    wr.s3.to_parquet(
        CLICKS[CLICKS["day"] == "2026-11-22"],
        place.at("clicks/"),
        dataset=True,
        partition_cols=["day", "hour"],
        database=place.name,
        table="clicks",
        mode="overwrite_partitions",
        dtype={"labels": "array<string>"},
    )
    after = wr.s3.list_objects(place.at("clicks/"))
    assert (len(after), len(set(before) & set(after))) == (3, 1)


@call("s3.to_parquet with partition projection")
def _projection(place: Place) -> None:
    wr.s3.to_parquet(
        CLICKS,
        place.at("projected/"),
        dataset=True,
        partition_cols=["day", "hour"],
        database=place.name,
        table="projected",
        athena_partition_projection_settings={
            "projection_types": {"day": "date", "hour": "integer"},
            "projection_ranges": {"day": "2026-01-01,NOW+400DAYS", "hour": "0,23"},
            "projection_digits": {"hour": "2"},
            "projection_formats": {"day": "yyyy-MM-dd"},
        },
    )
    assert wr.catalog.get_table_parameters(place.name, "projected")["projection.enabled"] == "true"


@call("s3.read_parquet with a partition filter")
def _read_parquet(place: Place) -> None:
    frame = wr.s3.read_parquet(place.at("clicks/"), dataset=True, partition_filter=lambda p: p["day"] > "2026-11-21")
    assert sorted(frame["event_id"]) == ["k3", "k4"]


@call("s3.read_parquet_table")
def _read_parquet_table(place: Place) -> None:
    assert wr.s3.read_parquet_table(database=place.name, table="clicks").shape == (4, 8)


@call("s3.read_parquet chunked")
def _read_chunks(place: Place) -> None:
    chunks = wr.s3.read_parquet(place.at("clicks/"), dataset=True, chunked=3)
    assert [len(chunk) for chunk in chunks] == [3, 1]


@call("catalog.tables")
def _tables(place: Place) -> None:
    assert sorted(wr.catalog.tables(database=place.name)["Table"]) == ["clicks", "projected"]


@call("catalog.table")
def _table(place: Place) -> None:
    frame = wr.catalog.table(database=place.name, table="clicks")
    assert frame[frame["Partition"]]["Column Name"].tolist() == ["day", "hour"]


@call("catalog.get_partitions")
def _partitions(place: Place) -> None:
    found = wr.catalog.get_partitions(place.name, "clicks")
    assert found[place.at("clicks/day=2026-11-22/hour=03/")] == ["2026-11-22", "03"]
    assert len(found) == 3


@call("catalog.get_table_types")
def _types(place: Place) -> None:
    types = wr.catalog.get_table_types(place.name, "clicks") or {}
    assert (types["happened"], types["labels"], types["pieces"]) == ("timestamp", "array<string>", "bigint")


@call("catalog.search_tables")
def _search(place: Place) -> None:
    assert [table["Name"] for table in wr.catalog.search_tables(text="click")] == ["clicks"]
