"""What QuickSight asks Athena for each dataset, asked: of reports that a run has published."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pytest

from aws_stores import S3Bucket
from batch_jobs import run_reports
from cdk.quicksight_datasets import DATASETS, Dataset
from tests.aws.empty_stores import new_table
from tests.aws.shop_days import BAD, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
RUN = [
    *("--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP),
    *("--ledger-table", "ledger", "--anomalies-table", "anomalies", "--now", "2026-11-26T03:00"),
]
DAYS = ("2026-11-21", "2026-11-22")
IMPORTED = {
    "varchar": "STRING",
    "bigint": "INTEGER",
    "integer": "INTEGER",
    "double": "DECIMAL",
    "date": "DATETIME",
    "timestamp": "DATETIME",
}
"""By which type QuickSight imports what Athena answers with."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two days of a shop, each published on its own as the daily run does it."""
    with account(tmp_path_factory.mktemp("cache")):
        fill(PEOPLE, BAD)
        for name in ("ledger", "anomalies"):
            new_table(name)
        ends = (*DAYS[1:], "2026-11-23")
        assert [
            run_reports.main([*RUN, "--start", start, "--end", end]) for start, end in zip(DAYS, ends, strict=True)
        ] == [0, 0]
        yield


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_the_statement_answers_with_the_declared_columns(published: None, dataset: Dataset) -> None:
    """In order and type, with every row that was published, or those of the newest day alone."""
    query = wr.athena.start_query_execution(dataset.query(DATABASE), database=DATABASE, workgroup=WORKGROUP, wait=True)
    told = wr.athena.get_query_columns_types(query["QueryExecutionId"])
    assert {name: IMPORTED[kind] for name, kind in told.items()} == dataset.types
    days = [row["Data"][0].get("VarCharValue") for row in _rows(query["QueryExecutionId"])]
    wanted = Counter({day: _published_rows(dataset.name, day) for day in DAYS})
    assert Counter(days) == +wanted if not dataset.where else set(days) == {DAYS[-1]}


def _rows(query_id: str) -> list[Any]:
    """Without the line of names."""
    found: Any = boto3.client("athena").get_query_results(QueryExecutionId=query_id)
    return list(found["ResultSet"]["Rows"][1:])


def _published_rows(report: str, day: str) -> int:
    """How many rows the run says that it published of the report."""
    page = json.loads(S3Bucket(BUCKET).get(f"reports/page/{day}/reports.json"))
    (rows,) = [entry["rows"] for entry in page["reports"] if entry["name"] == report]
    return int(rows)
