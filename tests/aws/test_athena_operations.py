"""Each operation of the local Athena answers in the shape of the service model, and refuses with its exceptions."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest

from tests.aws.answer_shapes import misfits
from tests.aws.athena_lake import BUCKET, OUTPUT, finished, rows_of, serving, start

GROUP = "arn:aws:athena:us-east-1:123456789012:workgroup/shown"


@pytest.fixture(autouse=True, scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The lake, served, with one thing of each kind."""
    with serving(tmp_path_factory.mktemp("cache")) as url:
        athena = boto3.client("athena")
        athena.create_work_group(Name="shown", Description="of tests", Tags=[{"Key": "team", "Value": "web"}])
        athena.create_prepared_statement(StatementName="one", WorkGroup="shown", QueryStatement="SELECT ?")
        yield url


def answer_of(url: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON that the endpoint answers, an error's as well."""
    headers = {"X-Amz-Target": f"AmazonAthena.{operation}"}
    asked = urllib.request.Request(url, json.dumps(request).encode(), headers)  # noqa: S310 - 127.0.0.1
    try:
        with urllib.request.urlopen(asked) as reply:  # noqa: S310 - 127.0.0.1
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:
        return dict(json.load(error))


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("BatchGetNamedQuery", {"NamedQueryIds": ["absent"]}),
        ("BatchGetPreparedStatement", {"WorkGroup": "shown", "PreparedStatementNames": ["one", "absent"]}),
        ("GetDataCatalog", {"Name": "AwsDataCatalog"}),
        ("GetDatabase", {"CatalogName": "AwsDataCatalog", "DatabaseName": "web"}),
        ("GetPreparedStatement", {"WorkGroup": "shown", "StatementName": "one"}),
        ("GetTableMetadata", {"CatalogName": "AwsDataCatalog", "DatabaseName": "web", "TableName": "raw_events"}),
        ("GetWorkGroup", {"WorkGroup": "shown"}),
        ("ListDataCatalogs", {}),
        ("ListDatabases", {"CatalogName": "AwsDataCatalog"}),
        ("ListEngineVersions", {}),
        ("ListNamedQueries", {}),
        ("ListPreparedStatements", {"WorkGroup": "shown"}),
        ("ListQueryExecutions", {}),
        ("ListTableMetadata", {"CatalogName": "AwsDataCatalog", "DatabaseName": "web"}),
        ("ListTagsForResource", {"ResourceARN": GROUP}),
        ("ListWorkGroups", {}),
    ],
)
def test_an_answer_has_the_shape_of_the_model(endpoint: str, operation: str, request_: dict[str, Any]) -> None:
    """No member is unknown, none that is required is missing, each has its type."""
    shape = botocore.session.Session().get_service_model("athena").operation_model(operation).output_shape
    answer = answer_of(endpoint, operation, request_)

    assert not list(misfits(shape, answer, operation))
    assert any(answer.values()) or operation in {"ListNamedQueries", "ListQueryExecutions"}


@pytest.mark.parametrize("query", ["SELECT hour FROM raw_events", "SHOW TABLES", "SELECT nothing_such FROM raw_events"])
def test_an_execution_has_the_shape_of_the_model(endpoint: str, query: str) -> None:
    """While it lasts, when it failed, and with its rows."""
    model = botocore.session.Session().get_service_model("athena")
    request = {
        "QueryString": query,
        "QueryExecutionContext": {"Database": "web"},
        "ResultConfiguration": {"OutputLocation": OUTPUT},
    }
    named = answer_of(endpoint, "StartQueryExecution", request)
    finished(named["QueryExecutionId"])
    operations = ["GetQueryExecution", "GetQueryRuntimeStatistics"]
    operations += [] if "nothing_such" in query else ["GetQueryResults"]

    for operation in operations:
        answer = answer_of(endpoint, operation, named)
        assert not list(misfits(model.operation_model(operation).output_shape, answer, operation))


@pytest.mark.parametrize(
    ("operation", "request_", "kind", "message"),
    [
        ("GetQueryExecution", {}, "InvalidRequestException", "QueryExecutionId is required"),
        ("GetQueryResults", {"QueryExecutionId": "x", "MaxResults": 1001}, "InvalidRequestException", "at most 1000"),
        ("StartQueryExecution", {"QueryString": ""}, "InvalidRequestException", "at least 1 in length"),
        ("StartQueryExecution", {"QueryString": 5}, "InvalidRequestException", "must be of type string"),
        ("StartQueryExecution", {"QueryString": "é" * 131_073}, "InvalidRequestException", "longer than 262144 bytes"),
        (
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "results/"}},
            "InvalidRequestException",
            "not a valid S3 path",
        ),
        ("CreateDataCatalog", {"Name": "x", "Type": "OTHER"}, "InvalidRequestException", "one of LAMBDA, GLUE"),
        ("CreateDataCatalog", {"Name": "x", "Type": "GLUE"}, "UnknownOperationException", "not answered by the local"),
        ("Guess", {}, "UnknownOperationException", "no operation Guess"),
        ("GetDataCatalog", {"Name": "other"}, "InvalidRequestException", "was not found"),
        ("GetDatabase", {"CatalogName": "AwsDataCatalog", "DatabaseName": "x"}, "MetadataException", "not found"),
        ("ListDatabases", {"CatalogName": "other"}, "MetadataException", "does not exist"),
        ("ListTableMetadata", {"CatalogName": "AwsDataCatalog", "DatabaseName": "x"}, "MetadataException", "not exist"),
        (
            "GetTableMetadata",
            {"CatalogName": "AwsDataCatalog", "DatabaseName": "web", "TableName": "x"},
            "MetadataException",
            "does not exist",
        ),
        (
            "GetPreparedStatement",
            {"WorkGroup": "shown", "StatementName": "x"},
            "ResourceNotFoundException",
            "was not found",
        ),
        (
            "CreatePreparedStatement",
            {"WorkGroup": "shown", "StatementName": "one", "QueryStatement": "SELECT 1"},
            "InvalidRequestException",
            "already exists",
        ),
        ("ListPreparedStatements", {"WorkGroup": "absent"}, "InvalidRequestException", "is not found"),
        ("ListQueryExecutions", {"WorkGroup": "absent"}, "InvalidRequestException", "is not found"),
        ("ListQueryExecutions", {"NextToken": "x"}, "InvalidRequestException", "NextToken is invalid"),
        ("StopQueryExecution", {"QueryExecutionId": "absent"}, "InvalidRequestException", "was not found"),
        ("CreateWorkGroup", {"Name": "shown"}, "InvalidRequestException", "already created"),
        ("UpdateWorkGroup", {"WorkGroup": "absent"}, "InvalidRequestException", "is not found"),
        ("DeleteWorkGroup", {"WorkGroup": "primary"}, "InvalidRequestException", "cannot be deleted"),
    ],
)
def test_a_bad_request_is_refused_as_the_service_does(
    endpoint: str, operation: str, request_: dict[str, Any], kind: str, message: str
) -> None:
    """The exception's name is one that clients know, the message says what is wrong."""
    answer = answer_of(endpoint, operation, request_)

    assert answer["__type"] == kind
    assert message in answer["Message"]


def test_pages_of_executions_do_not_move_when_new_ones_begin() -> None:
    """The list has the newest first; a page continues where the one before it ended."""
    athena = boto3.client("athena")
    athena.create_work_group(Name="paged")
    ids = [start("SELECT 1 AS a", WorkGroup="paged") for _ in range(5)]
    first = athena.list_query_executions(WorkGroup="paged", MaxResults=2)
    newer = start("SELECT 2 AS a", WorkGroup="paged")
    second = athena.list_query_executions(WorkGroup="paged", MaxResults=2, NextToken=first["NextToken"])
    third = athena.list_query_executions(WorkGroup="paged", MaxResults=2, NextToken=second["NextToken"])

    assert first["QueryExecutionIds"] + second["QueryExecutionIds"] + third["QueryExecutionIds"] == ids[::-1]
    assert "NextToken" not in third
    assert athena.list_query_executions(WorkGroup="paged", MaxResults=1)["QueryExecutionIds"] == [newer]


def test_databases_and_tables_come_in_pages() -> None:
    """By name, with their columns and where they lie."""
    athena = boto3.client("athena")
    rows_of("CREATE DATABASE other")
    rows_of("CREATE VIEW some_view AS SELECT event_id FROM raw_events")
    named: Any = {"CatalogName": "AwsDataCatalog"}
    pages = athena.get_paginator("list_databases").paginate(**named, PaginationConfig={"PageSize": 1})
    tables = athena.get_paginator("list_table_metadata").paginate(
        **named, DatabaseName="web", PaginationConfig={"PageSize": 1}
    )
    table = athena.get_table_metadata(**named, DatabaseName="web", TableName="raw_events")["TableMetadata"]
    filtered = athena.list_table_metadata(**named, DatabaseName="web", Expression="raw.*")["TableMetadataList"]

    assert [database["Name"] for page in pages for database in page["DatabaseList"]] == ["other", "web"]
    assert [t["Name"] for page in tables for t in page["TableMetadataList"]] == ["raw_events", "some_view"]
    assert [t["Name"] for t in filtered] == ["raw_events"]
    assert [column["Name"] for column in table["PartitionKeys"]] == ["dt", "hour"]
    assert table["Parameters"]["location"] == f"s3://{BUCKET}/empty/"
    rows_of("DROP VIEW some_view")


def test_a_token_belongs_to_one_request() -> None:
    """Not only the text counts."""
    athena = boto3.client("athena")
    token = "0123456789" * 4
    first = start("SELECT ? AS a", ClientRequestToken=token, ExecutionParameters=["1"])

    assert start("SELECT ? AS a", ClientRequestToken=token, ExecutionParameters=["1"]) == first
    with pytest.raises(athena.exceptions.InvalidRequestException, match="Idempotent parameters do not match"):
        start("SELECT ? AS a", ClientRequestToken=token, ExecutionParameters=["2"])
    assert athena.get_query_execution(QueryExecutionId=first)["QueryExecution"]["ExecutionParameters"] == ["1"]


def test_a_workgroup_goes_with_what_it_holds_only_when_told_so() -> None:
    """Afterwards it is unknown, and a new one of the same name is empty."""
    athena = boto3.client("athena")
    athena.create_work_group(Name="short")
    athena.create_named_query(Name="q", Database="web", QueryString="SELECT 1", WorkGroup="short")
    start("SELECT 1 AS a", WorkGroup="short")
    with pytest.raises(athena.exceptions.InvalidRequestException, match="is not empty"):
        athena.delete_work_group(WorkGroup="short")
    athena.delete_work_group(WorkGroup="short", RecursiveDeleteOption=True)

    with pytest.raises(athena.exceptions.InvalidRequestException, match="is not found"):
        athena.get_work_group(WorkGroup="short")
    athena.create_work_group(Name="short")
    assert athena.list_query_executions(WorkGroup="short")["QueryExecutionIds"] == []
    assert athena.list_named_queries(WorkGroup="short")["NamedQueryIds"] == []


def test_tags_of_a_workgroup_are_those_it_was_made_with_and_later_ones() -> None:
    """They are kept where the workgroup is."""
    athena = boto3.client("athena")
    athena.tag_resource(ResourceARN=GROUP, Tags=[{"Key": "cost", "Value": "low"}])
    athena.untag_resource(ResourceARN=GROUP, TagKeys=["team"])

    assert athena.list_tags_for_resource(ResourceARN=GROUP)["Tags"] == [{"Key": "cost", "Value": "low"}]


def test_statistics_count_what_was_read_and_written() -> None:
    """Bytes of the result are those of its object."""
    athena = boto3.client("athena")
    execution = finished(start("SELECT event_id FROM raw_events"))
    statistics = athena.get_query_runtime_statistics(QueryExecutionId=execution["QueryExecutionId"])
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{BUCKET}/")

    assert statistics["QueryRuntimeStatistics"]["Rows"] == {
        "InputBytes": execution["Statistics"]["DataScannedInBytes"],
        "OutputBytes": boto3.client("s3").head_object(Bucket=BUCKET, Key=key)["ContentLength"],
        "OutputRows": 9,
    }
