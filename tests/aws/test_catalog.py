"""One contract for the catalogs: the fake of the simulation and Glue must give the same answers."""

from datetime import UTC, datetime

import boto3
import pytest

from aws_catalog import GlueCatalog
from clickstream.errors import Conflict, InfrastructureError
from clickstream.lake.catalog import Catalog, Partition, open_partition, point
from clickstream.lake.generations import commit
from tests.simulation.fake_catalog import MemoryCatalog
from tests.simulation.fake_lake import generation
from tests.simulation.fakes import MemoryBucket

POINTED = datetime(2026, 11, 21, 12, 0, 1, 5, tzinfo=UTC)
LANDING = Partition("2026-11-21T09", "s3://lake/landing/dt=2026-11-21/hour=9/")
SECOND = Partition("2026-11-21T09", "s3://lake/raw_events/dt=2026-11-21/hour=9/g=000002-run/", 2, POINTED)


def create_table(name: str = "raw_events") -> None:
    """A Glue table with two columns."""
    client = boto3.client("glue")
    columns = [{"Name": "event_id", "Type": "string"}, {"Name": "revenue", "Type": "decimal(18,2)"}]
    storage = {"Columns": columns, "Location": "s3://lake/empty/", "SerdeInfo": {"SerializationLibrary": "parquet"}}
    keys = [{"Name": "dt", "Type": "date"}, {"Name": "hour", "Type": "int"}]
    table = {"Name": name, "StorageDescriptor": storage, "PartitionKeys": keys}
    client.create_table(DatabaseName="lake", TableInput=table)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "glue"])
def catalog(request: pytest.FixtureRequest, aws: None) -> Catalog:
    """An empty catalog with the table raw_events."""
    if request.param == "memory":
        return MemoryCatalog()
    boto3.client("glue").create_database(DatabaseInput={"Name": "lake"})
    create_table()
    return GlueCatalog("lake")


def test_a_partition_comes_back_as_it_was_created(catalog: Catalog) -> None:
    """Location, generation and the moment of pointing survive; an absent hour is None."""
    assert catalog.get("raw_events", LANDING.hour) is None
    catalog.create("raw_events", LANDING)
    assert catalog.get("raw_events", LANDING.hour) == LANDING
    catalog.update("raw_events", SECOND)
    assert catalog.get("raw_events", LANDING.hour) == SECOND
    assert list(catalog.list("raw_events")) == [SECOND]


def test_a_partition_is_created_once(catalog: Catalog) -> None:
    """The second creation conflicts and changes nothing."""
    catalog.create("raw_events", LANDING)
    with pytest.raises(Conflict):
        catalog.create("raw_events", SECOND)
    assert catalog.get("raw_events", LANDING.hour) == LANDING


def test_an_absent_partition_cannot_be_updated(catalog: Catalog) -> None:
    """Glue reports it inside a successful reply; it is an error all the same."""
    with pytest.raises(InfrastructureError):
        catalog.update("raw_events", SECOND)


def test_all_partitions_are_listed(catalog: Catalog) -> None:
    """More partitions than one page of Glue holds."""
    for number in range(24):
        for day in range(1, 6):
            catalog.create("raw_events", Partition(f"2026-11-0{day}T{number:02}", "s3://lake/x/"))
    hours = {found.hour for found in catalog.list("raw_events")}
    assert len(hours) == 120
    assert {"2026-11-01T00", "2026-11-05T23"} <= hours


def test_the_opener_never_moves_a_pointer(catalog: Catalog) -> None:
    """Opening an hour that has a partition leaves it alone."""
    bucket = MemoryBucket()
    assert open_partition(catalog, bucket, "raw_events", LANDING.hour)
    assert catalog.get("raw_events", LANDING.hour) == LANDING
    catalog.update("raw_events", SECOND)
    assert not open_partition(catalog, bucket, "raw_events", LANDING.hour)
    assert catalog.get("raw_events", LANDING.hour) == SECOND


def test_a_late_pointer_writer_repairs_itself(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sleeps over the next generation writes the old one, looks again, and leaves the newest."""
    bucket, first, second = MemoryBucket(), generation(SECOND.hour, 1), generation(SECOND.hour, 2)
    commit(bucket, first)
    create = catalog.create

    def sleep_then_create(table: str, partition: Partition) -> None:
        commit(bucket, second)
        create(table, partition)

    monkeypatch.setattr(catalog, "create", sleep_then_create)
    assert point(catalog, bucket, SECOND.hour, POINTED) == second
    assert catalog.get("raw_events", SECOND.hour) == SECOND


def test_a_glue_partition_has_the_columns_of_its_table(aws: None) -> None:
    """Columns, formats and the unpadded hour are what Athena needs."""
    boto3.client("glue").create_database(DatabaseInput={"Name": "lake"})
    create_table()
    GlueCatalog("lake").create("raw_events", SECOND)
    reply = boto3.client("glue").get_partition(
        DatabaseName="lake", TableName="raw_events", PartitionValues=["2026-11-21", "9"]
    )
    storage = reply["Partition"]["StorageDescriptor"]
    assert [column["Name"] for column in storage["Columns"]] == ["event_id", "revenue"]
    assert storage["Location"] == SECOND.location
    assert reply["Partition"]["Parameters"]["generation"] == "2"
