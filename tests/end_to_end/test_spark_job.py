"""The Glue job under Spark, with Glue's versions and the deployed archives alone, makes what one process makes."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aws_catalog import GlueCatalog
from aws_stores import S3Bucket
from clickstream.lake.generations import Generation, hour_after, newest
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from clickstream.tables import LAKE_TABLES
from tests.aws.empty_stores import new_table
from tests.aws.small_lake import table_input
from tests.end_to_end.glue_run import Ended, deployed_job, skip_without_spark
from tests.simulation.fake_lake import HOUR, Sent, land, visible

NOW = "2026-11-22T00:00:00"
HOURS = [hour_after(HOUR, number) for number in range(8)]
LOST = HOURS[6]


def lake_named(name: str) -> Lake:
    """An empty lake at the endpoint of the environment; bucket, database and ledger have the same name."""
    boto3.client("s3").create_bucket(Bucket=name)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    for table in LAKE_TABLES:
        glue.create_table(DatabaseName=name, TableInput=table_input(table))
    bucket = S3Bucket(name)
    ledger = Ledger(new_table(name), bucket)
    return Lake(bucket, ledger, GlueCatalog(name), lambda: datetime.fromisoformat(NOW).replace(tzinfo=UTC))


def fill(lake: Lake) -> None:
    """Hours with copies of events within them, copies in the hour after, and one whose object is lost."""
    for number, hour in enumerate(HOURS):
        types = ("page_view", "click", "search")
        for part in range(3):
            places = range(part * 400, part * 400 + 410)
            land(lake, hour, [Sent(f"{number}-{place}", place, event_type=types[place % 3]) for place in places])
        if number % 3 == 2:
            land(lake, hour, [Sent(f"{number - 1}-{place}", 2_000 + place) for place in range(5)])
    key = land(lake, LOST, [Sent("lost", 3_000)])
    lake.bucket.delete(key)


def compacted(lake: Lake) -> dict[str, Generation]:
    """The newest generation of each hour that has one."""
    found = {hour: newest(lake.bucket, hour) for hour in HOURS}
    return {hour: generation for hour, generation in found.items() if generation}


def files(lake: Lake, generation: Generation) -> list[bytes]:
    """The data files of a generation."""
    return [lake.bucket.get(output.key) for output in generation.outputs]


def results(ended: Ended) -> Counter[str]:
    """How often each result was said."""
    return Counter(line["result"] for line in ended.lines)


@pytest.fixture
def places(aws_environment: dict[str, str]) -> None:
    """Tests that need the local platform and Spark."""
    skip_without_spark()


def test_spark_makes_what_one_process_makes(places: None, tmp_path: Path) -> None:
    """The same rows in the same order, the same bytes where an hour was made once; the lost hour is named."""
    job = deployed_job(tmp_path)
    lakes = {workers: lake_named(f"lake-{workers}") for workers in ("plain", "spark")}
    ended = {}
    for workers, lake in lakes.items():
        fill(lake)
        ended[workers] = job.run(
            bucket=lake.bucket.name, database=f"lake-{workers}", ledger_table=f"lake-{workers}",
            workers=workers, now=NOW, steps="compact_events",
        )  # fmt: skip
    for workers in lakes:
        assert f"{LOST} failed: lake-{workers}/landing" in ended[workers].words, ended[workers].words
        assert ended[workers].code == 1
    assert results(ended["plain"]) == {"compacted": 7, "failed": 1}
    assert "goes on alone" not in ended["spark"].words
    assert results(ended["spark"])["failed"] == 1
    assert results(ended["spark"])["confirmed"] >= 1, "hours at the edges of slices are looked at again"
    plain, spark = compacted(lakes["plain"]), compacted(lakes["spark"])
    assert plain.keys() == spark.keys() == set(HOURS) - {LOST}
    for hour, generation in plain.items():
        ours, theirs = files(lakes["plain"], generation), files(lakes["spark"], spark[hour])
        tables = [[pq.read_table(pa.BufferReader(body)) for body in bodies] for bodies in (ours, theirs)]
        assert tables[0] == tables[1], hour
        if spark[hour].generation == 1:
            assert ours == theirs, hour
    assert visible(lakes["plain"]) == visible(lakes["spark"])
