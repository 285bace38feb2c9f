"""Results of earlier executions given again, under the conditions that Athena documents, through unmodified clients."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws.athena_lake import BUCKET, OUTPUT, finished, serving, start

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
QUERY = "SELECT count(*) AS n, max(event_id) AS last FROM raw_events"
HOUR: Any = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}


class Now:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        """Return the time in UTC."""
        return self.time

    def pass_minutes(self, minutes: int) -> None:
        """Set it forward."""
        self.time += dt.timedelta(minutes=minutes)


@pytest.fixture(autouse=True, scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Now]:
    """The lake, served, with a clock that stands still."""
    clock = Now()
    with serving(tmp_path_factory.mktemp("cache"), clock):
        yield clock


@pytest.fixture(autouse=True)
def _later(now: Now) -> None:
    """No result of a test before is young enough."""
    now.pass_minutes(100_000)


def asked(query: str = QUERY, **arguments: Any) -> dict[str, Any]:
    """Run a query that may be answered with an earlier result."""
    return finished(start(query, **({"ResultReuseConfiguration": HOUR} | arguments)))


def is_reused(execution: dict[str, Any]) -> bool:
    """Return whether an execution was answered with an earlier result."""
    return bool(execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"])


def test_a_result_is_given_again_until_it_is_too_old(now: Now) -> None:
    """The later execution has an id of its own, the place of the earlier result, and read nothing."""
    first = finished(start(QUERY))
    now.pass_minutes(60)
    second = asked()
    results = [
        boto3.client("athena").get_query_results(QueryExecutionId=e["QueryExecutionId"])["ResultSet"]["Rows"]
        for e in (first, second)
    ]

    assert (is_reused(first), is_reused(second)) == (False, True)
    assert second["QueryExecutionId"] != first["QueryExecutionId"]
    assert (first["Statistics"]["DataScannedInBytes"] > 0, second["Statistics"]["DataScannedInBytes"]) == (True, 0)
    assert second["ResultConfiguration"] == first["ResultConfiguration"]
    assert second["ResultReuseConfiguration"] == HOUR
    assert results[0] == results[1]
    now.pass_minutes(1)
    assert not is_reused(asked())  # the age is that of the rows, not of their last use


def test_tables_that_have_changed_are_not_noticed() -> None:
    """Athena does not look at them either; a request without reuse does."""
    put = "INSERT INTO kept VALUES (1)"
    finished(start(f"CREATE EXTERNAL TABLE kept (a int) STORED AS PARQUET LOCATION 's3://{BUCKET}/kept/'"))
    finished(start(put))
    athena = boto3.client("athena")

    def count(execution: dict[str, Any]) -> str:
        answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
        return answer["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"]

    query = "SELECT count(*) AS n FROM kept"
    assert count(asked(query)) == "1"
    assert not is_reused(asked(put))
    assert count(asked(query)) == "1"
    assert count(finished(start(query))) == "2"
    assert count(asked(query)) == "2"  # the newest result


@pytest.mark.parametrize(
    "other",
    [
        {"query": f"{QUERY} "},
        {"QueryExecutionContext": {"Database": "default"}},
        {"QueryExecutionContext": {"Database": "web", "Catalog": "AwsDataCatalog"}},
        {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/elsewhere/"}},
        {"WorkGroup": "analysts"},
        {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_only_the_same_request_is_answered_again(other: dict[str, Any]) -> None:
    """Text, catalog, database, parameters, workgroup and place of the result are those of the earlier one."""
    if "WorkGroup" in other and "analysts" not in [group["Name"] for group in wr_groups()]:
        boto3.client("athena").create_work_group(Name="analysts", Configuration={})
    asked()

    assert is_reused(asked())
    assert not is_reused(asked(**other))


def wr_groups() -> list[Any]:
    """Return the workgroups."""
    return list(boto3.client("athena").list_work_groups()["WorkGroups"])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT rand() AS r",
        "SELECT event_id FROM raw_events LIMIT 1",
        "SELECT count(*) AS n FROM (SELECT * FROM raw_events LIMIT 2)",
        "SELECT count(*) AS n FROM raw_events TABLESAMPLE BERNOULLI (50)",
        "SELECT current_date AS d",
        "SHOW TABLES",
    ],
)
def test_what_may_change_by_itself_is_run_again(query: str) -> None:
    """And so is whatever is no query."""
    asked(query)

    assert not is_reused(asked(query))


def test_an_order_makes_a_limit_repeatable() -> None:
    """The same rows come first."""
    query = "SELECT event_id FROM raw_events ORDER BY event_id LIMIT 1"
    asked(query)

    assert is_reused(asked(query))


def test_execute_is_answered_again_while_the_statement_is_the_same() -> None:
    """Changing what is prepared, or its values, makes it another request; so do other values for a question mark."""
    mark = "SELECT count(*) AS n FROM raw_events WHERE hour = ?"
    found = [is_reused(asked(mark, ExecutionParameters=[hour])) for hour in ("0", "1", "0")]
    athena = boto3.client("athena")
    named: Any = {"StatementName": "hours", "WorkGroup": "primary"}
    athena.create_prepared_statement(**named, QueryStatement="SELECT count(*) AS n FROM raw_events WHERE hour = ?")
    asked("EXECUTE hours USING 0")

    assert found == [False, False, True]
    assert is_reused(asked("EXECUTE hours USING 0"))
    assert not is_reused(asked("EXECUTE hours USING 1"))
    athena.update_prepared_statement(**named, QueryStatement="SELECT count(*) AS n FROM raw_events WHERE hour > ?")
    assert not is_reused(asked("EXECUTE hours USING 0"))


def test_a_result_that_was_deleted_or_failed_is_not_given_again() -> None:
    """The query runs, and its rows are there."""
    location = asked()["ResultConfiguration"]["OutputLocation"]
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=location.removeprefix(f"s3://{BUCKET}/"))

    assert not is_reused(asked())
    asked("SELECT nothing_such FROM raw_events")
    assert not is_reused(asked("SELECT nothing_such FROM raw_events"))


def test_a_place_beside_that_of_the_workgroup_ends_reuse() -> None:
    """A workgroup that does not enforce its own place lets a request choose; such a request is run."""
    configuration: Any = {
        "EnforceWorkGroupConfiguration": False,
        "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/own/"},
    }
    boto3.client("athena").create_work_group(Name="free", Configuration=configuration)
    asked(WorkGroup="free")

    assert not is_reused(asked(WorkGroup="free"))
    asked(WorkGroup="free", ResultConfiguration={})
    assert is_reused(asked(WorkGroup="free", ResultConfiguration={}))


def test_an_age_beyond_a_week_is_refused() -> None:
    """The bounds are those of the API."""
    week: Any = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 10_081}}
    with pytest.raises(ClientError, match="MaxAgeInMinutes must be at most 10080"):
        start(QUERY, ResultReuseConfiguration=week)


def test_awswrangler_asks_for_reuse() -> None:
    """Its argument reaches the endpoint."""
    where: Any = {"database": "web", "s3_output": OUTPUT, "ctas_approach": False, "result_reuse_configuration": HOUR}
    for reused in (False, True):
        frame = wr.athena.read_sql_query("SELECT max(hour) AS h FROM raw_events", **where)

        assert frame["h"].tolist() == [23]
        assert is_reused(frame.query_metadata) == reused
