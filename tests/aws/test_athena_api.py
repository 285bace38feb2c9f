"""The operations of the local Athena through unmodified boto3."""

import io
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.aws.athena_lake import BUCKET, PARTITIONS, events, finished, parquet, rows_of, serving, start


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The lake, served."""
    with serving(tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.mark.usefixtures("endpoint")
class TestResults:
    """What results look like."""

    def test_text_is_as_athena_writes_it(self) -> None:
        """NULL is nothing, an empty text is quoted, times have milliseconds and no zone."""
        execution = finished(
            start(
                "SELECT event_time, revenue, quantity, '' AS empty, 1e7 AS big, ARRAY[1, NULL] AS list, "
                "MAP(ARRAY['k'], ARRAY['v']) AS map, is_bot FROM raw_events WHERE hour = 23 ORDER BY 1 LIMIT 1"
            )
        )
        bucket, key = execution["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
        text = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()

        assert text.splitlines() == [
            '"event_time","revenue","quantity","empty","big","list","map","is_bot"',
            '"2026-11-21 23:00:00.123",,,"","1.0E7","[1, null]","{k=v}","false"',
        ]
        assert execution["StatementType"] == "DML"

    def test_pages_have_the_header_once_and_no_row_twice(self) -> None:
        """Tokens continue where a page ended."""
        execution_id = start("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n")
        finished(execution_id)
        pages = boto3.client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
        rows = [row["Data"][0].get("VarCharValue") for page in pages for row in page["ResultSet"]["Rows"]]

        assert rows == ["n", *[str(n) for n in range(1, 2501)]]

    def test_columns_have_athena_types(self) -> None:
        """Integers stay what they are; sums of integers are bigint."""
        execution_id = start(
            "SELECT quantity, sum(quantity) OVER () AS s, revenue, dt, event_id, count(*) OVER () AS k FROM raw_events"
        )
        finished(execution_id)
        answer = boto3.client("athena").get_query_results(QueryExecutionId=execution_id)
        info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]

        assert [column["Type"] for column in info] == ["integer", "bigint", "decimal", "date", "varchar", "bigint"]
        assert (info[2]["Precision"], info[2]["Scale"]) == (18, 2)

    def test_path_names_the_object_and_old_generations_are_not_read(self) -> None:
        """Only what the partition points at is part of the table."""
        found = rows_of('SELECT DISTINCT "$path" AS p FROM raw_events')

        expected = {f"s3://{BUCKET}/raw_events/dt={d}/hour={h}/g=000002-run/part-0.parquet" for d, h in PARTITIONS}
        assert {row[0] for row in found} == expected

    def test_scanned_bytes_are_those_of_the_columns_and_partitions_read(self) -> None:
        """Cost follows columns and partitions."""
        body = io.BytesIO(parquet(events("2026-11-22", 1)))
        metadata = pq.ParquetFile(body).metadata.row_group(0)
        sizes = {metadata.column(i).path_in_schema: metadata.column(i).total_compressed_size for i in range(7)}
        where = "WHERE dt = DATE '2026-11-22' AND hour = 1"

        def scanned(select: str) -> int:
            sql = f"SELECT {select} FROM raw_events {where}"  # noqa: S608 - our own words
            return int(finished(start(sql))["Statistics"]["DataScannedInBytes"])

        assert scanned("count(*)") == 0
        assert scanned("max(event_type)") == sizes["event_type"]
        assert scanned("*") == sum(sizes.values())
        assert scanned("count_if(revenue > 1) AS n, max(event_id)") == sizes["revenue"] + sizes["event_id"]


@pytest.mark.usefixtures("endpoint")
class TestExecutions:
    """The life of a query."""

    def test_the_first_poll_says_succeeded(self) -> None:
        """A short query is over when its start is answered."""
        execution: Any = boto3.client("athena").get_query_execution(QueryExecutionId=start("SELECT 1 AS one"))

        assert execution["QueryExecution"]["Status"]["State"] == "SUCCEEDED"

    def test_the_same_token_starts_one_query(self) -> None:
        """A repeated request is the same execution; another query under the token is refused."""
        token = "t" * 32
        first, second = (start("SELECT 2 AS two", ClientRequestToken=token) for _ in range(2))

        assert first == second
        with pytest.raises(ClientError, match="Idempotent"):
            start("SELECT 3 AS three", ClientRequestToken=token)

    def test_many_queries_at_once_do_not_mix(self) -> None:
        """Each query has its own cursor and its own views."""
        found: dict[int, Any] = {}

        def ask(hour: int) -> None:
            sql = f"SELECT min(hour) AS a, max(hour) AS b, count(*) AS n FROM raw_events WHERE hour = {hour}"  # noqa: S608
            found[hour] = rows_of(sql)

        threads = [threading.Thread(target=ask, args=(hour,)) for _, hour in PARTITIONS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == {hour: [[str(hour), str(hour), "3"]] for _, hour in PARTITIONS}

    def test_a_running_query_can_be_stopped(self) -> None:
        """It ends as cancelled, soon."""
        execution_id = start(
            "WITH n AS (SELECT x FROM UNNEST(sequence(1, 10000)) t(x)) "
            "SELECT count(*) AS n FROM n a CROSS JOIN n b CROSS JOIN n c CROSS JOIN n d"
        )
        boto3.client("athena").stop_query_execution(QueryExecutionId=execution_id)

        assert finished(execution_id)["Status"]["State"] == "CANCELLED"

    def test_lists_and_statistics(self) -> None:
        """Newest first; unknown ids are named, not fatal."""
        athena = boto3.client("athena")
        execution_id = start("SELECT event_id FROM raw_events")
        finished(execution_id)
        batch = athena.batch_get_query_execution(QueryExecutionIds=[execution_id, "absent"])
        rows = athena.get_query_runtime_statistics(QueryExecutionId=execution_id)["QueryRuntimeStatistics"]["Rows"]

        assert athena.list_query_executions()["QueryExecutionIds"][0] == execution_id
        assert [e["QueryExecutionId"] for e in batch["QueryExecutions"]] == [execution_id]
        assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "absent"
        assert rows["OutputRows"] == 9

    def test_a_workgroup_rules_place_and_bytes(self) -> None:
        """What is deployed upstream holds here: the enforced location wins, the cut-off cancels."""
        boto3.client("athena").create_work_group(
            Name="guarded",
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/guarded/"},
                "BytesScannedCutoffPerQuery": 10_000_000,
            },
        )
        execution = finished(start("SELECT 1 AS one", WorkGroup="guarded"))

        assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{BUCKET}/guarded/")
        assert execution["WorkGroup"] == "guarded"

    def test_requests_that_athena_refuses(self, endpoint: str) -> None:
        """Each with the exception of the API."""
        athena = boto3.client("athena")
        with pytest.raises(ClientError, match="was not found"):
            athena.get_query_execution(QueryExecutionId="absent")
        with pytest.raises(ClientError, match="No output location"):
            athena.start_query_execution(QueryString="SELECT 1")
        with pytest.raises(ClientError, match="not found"):
            start("SELECT 1", WorkGroup="absent")
        with pytest.raises(ClientError, match="did not finish successfully"):
            athena.get_query_results(QueryExecutionId=start("SELECT nonsense"))
        request = urllib.request.Request(endpoint, b"{", {"X-Amz-Target": "AmazonAthena.GetWorkGroup"})  # noqa: S310 - 127.0.0.1
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request)  # noqa: S310 - 127.0.0.1
