"""Named queries and the history of executions through unmodified boto3."""

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import finished, serving, start


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The lake, served."""
    with serving(tmp_path_factory.mktemp("cache")):
        boto3.client("athena").create_work_group(Name="analysts", Configuration={})
        yield


def named(name: str, group: str = "primary") -> str:
    """Keep a query and return its id."""
    answer = boto3.client("athena").create_named_query(
        Name=name, Database="web", QueryString="SELECT 1 AS a", WorkGroup=group
    )
    return answer["NamedQueryId"]


def test_a_named_query_is_kept_changed_and_forgotten() -> None:
    """A description that is not given stays."""
    athena = boto3.client("athena")
    query_id = athena.create_named_query(Name="one", Database="web", QueryString="SELECT 1", Description="first")[
        "NamedQueryId"
    ]
    athena.update_named_query(NamedQueryId=query_id, Name="two", QueryString="SELECT 2")

    assert athena.get_named_query(NamedQueryId=query_id)["NamedQuery"] == {
        "Name": "two",
        "Description": "first",
        "Database": "web",
        "QueryString": "SELECT 2",
        "NamedQueryId": query_id,
        "WorkGroup": "primary",
    }
    athena.delete_named_query(NamedQueryId=query_id)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="was not found"):
        athena.get_named_query(NamedQueryId=query_id)
    found = athena.batch_get_named_query(NamedQueryIds=[query_id, named("three")])
    assert [query["Name"] for query in found["NamedQueries"]] == ["three"]
    assert [missing["NamedQueryId"] for missing in found["UnprocessedNamedQueryIds"]] == [query_id]


def test_a_workgroup_lists_its_own_in_pages() -> None:
    """Newest first; no query of another workgroup shows."""
    ids = [named(name, "analysts") for name in ("a", "b", "c")]
    named("elsewhere")
    pages = boto3.client("athena").get_paginator("list_named_queries")
    found = [page["NamedQueryIds"] for page in pages.paginate(WorkGroup="analysts", PaginationConfig={"PageSize": 2})]

    assert found == [[ids[2], ids[1]], [ids[0]]]


def test_a_request_that_is_sent_again_keeps_one_query() -> None:
    """The token tells."""
    athena = boto3.client("athena")
    token = "0123456789012345678901234567890123"
    ids = {
        athena.create_named_query(Name="x", Database="web", QueryString="SELECT 1", ClientRequestToken=token)[
            "NamedQueryId"
        ]
        for _ in range(2)
    }

    assert len(ids) == 1


def test_an_unknown_workgroup_keeps_none() -> None:
    """It is refused, not made."""
    with pytest.raises(boto3.client("athena").exceptions.InvalidRequestException, match="WorkGroup nobody"):
        named("x", "nobody")


def test_the_history_of_a_workgroup_has_its_newest_execution_first() -> None:
    """Those of other workgroups are not in it."""
    asked = [start("SELECT 1 AS a", WorkGroup="analysts") for _ in range(3)]
    other = start("SELECT 1 AS a")
    for execution_id in (*asked, other):
        finished(execution_id)
    pages = boto3.client("athena").get_paginator("list_query_executions")
    found = [
        page["QueryExecutionIds"] for page in pages.paginate(WorkGroup="analysts", PaginationConfig={"PageSize": 2})
    ]

    assert found == [[asked[2], asked[1]], [asked[0]]]
