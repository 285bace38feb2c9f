"""The role that QuickSight takes on: what AWS documents for an Athena source, of our reports alone."""

from typing import Any

import pytest

from cdk.quicksight_access import RESULTS
from clickstream.tables import RAW_EVENTS, REPORTS_PREFIX
from tests.infra.policy_requests import ACCOUNT, REGION, Account, arn
from tests.infra.policy_statements import Grant, Request, allowed_by
from tests.infra.policy_template import Resolved

DATABASE = "clickstream_production"
REPORTS = {
    *("daily_metrics", "event_types", "top_pages", "funnel", "session_summary"),
    *("channels", "campaigns", "retention", "headline", "bad_events"),
}
CATALOG = {"catalog", f"database/{DATABASE}", *(f"table/{DATABASE}/report_{name}" for name in REPORTS)}
QUERY = ("BatchGetQueryExecution", "GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "GetWorkGroup")
READ = ("BatchGetPartition", "GetDatabase", "GetDatabases", "GetPartition", "GetPartitions", "GetTable", "GetTables")
NAMES = ("GetDataCatalog", "GetDatabase", "GetTableMetadata", "ListDatabases", "ListTableMetadata")
WRITE = ("AbortMultipartUpload", "ListMultipartUploadParts", "PutObject")
LIST = ("GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")


@pytest.fixture
def grants(quicksight: Resolved) -> list[Grant]:
    """What the role may do, and what buckets deny everybody."""
    return quicksight.role("ServingQuickSightAccessRole")


@pytest.fixture
def bucket(quicksight: Resolved) -> str:
    """The ARN of the lake's bucket."""
    (name,) = [name for name in quicksight.of_type("S3::Bucket") if name.startswith("LakeBucket")]
    return quicksight.arn(name)


def test_exactly_what_is_documented(quicksight: Resolved, grants: list[Grant], bucket: str) -> None:
    """Queries in the workgroup, the catalog of reports, their files, answers, and the key of both."""
    # Sources: the reading actions of AWS's managed policy AWSQuicksightAthenaAccess, version 11; Athena's user guide on
    # what its callers need of Glue and S3; the role for QuickSight in AWS's Cloud Intelligence Dashboards.
    (key,) = (quicksight.arn(name) for name in quicksight.of_type("KMS::Key"))
    workgroup = arn("athena", "workgroup/clickstream-production-quicksight")
    assert {(grant.action, grant.resource) for grant in grants if grant.effect == "Allow"} == {
        *((f"athena:{name}", workgroup) for name in (*QUERY, "StartQueryExecution", "StopQueryExecution")),
        *((f"athena:{name}", arn("athena", "datacatalog/AwsDataCatalog")) for name in NAMES),
        ("athena:ListDataCatalogs", "*"),
        *((f"glue:{name}", arn("glue", part)) for name in READ for part in CATALOG),
        *(("s3:GetObject", f"{bucket}/{REPORTS_PREFIX}/{name}/*") for name in REPORTS),
        ("s3:GetObject", f"{bucket}/{RESULTS}/*"),
        *((f"s3:{name}", f"{bucket}/{RESULTS}/*") for name in WRITE),
        *((f"s3:{name}", bucket) for name in LIST),
        ("kms:Decrypt", key),
        ("kms:GenerateDataKey", key),
    }


def test_only_quicksight_takes_it_on(quicksight: Resolved) -> None:
    """And the data source names it, so that no role of the whole account is needed."""
    (source,) = quicksight.of_type("QuickSight::DataSource").values()
    named = source["DataSourceParameters"]["AthenaParameters"]["RoleArn"]
    (role,) = [one for name, one in quicksight.of_type("IAM::Role").items() if quicksight.arn(name) == named]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "quicksight.amazonaws.com"}


def test_a_report_can_be_read(quicksight: Resolved, grants: list[Grant], bucket: str) -> None:
    """Each call that a query through Athena makes in the role's name is allowed."""
    account = Account(quicksight.keys())
    table = {"DatabaseName": DATABASE, "TableName": "report_funnel"}
    place = {"Bucket": bucket.rpartition(":")[2]}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("athena", "StartQueryExecution", {"WorkGroup": "clickstream-production-quicksight"}),
        ("athena", "GetQueryResults", {}),
        ("glue", "GetTable", {**table, "Name": table["TableName"]}),
        ("glue", "GetPartitions", table),
        ("s3", "ListObjectsV2", place),
        ("s3", "GetObject", {**place, "Key": "reports/funnel/2026-11-21/parquet/funnel.parquet"}),
        ("s3", "PutObject", {**place, "Key": "athena-results/quicksight/1.csv"}),
        ("s3", "GetObject", {**place, "Key": "athena-results/quicksight/1.csv"}),
    ]
    needed = [request for call in calls for request in account.requests(*call)]
    assert [request for request in needed if not allowed_by(grants, request)] == []
    assert sum(request.action.startswith("kms:") for request in needed) == 3


def test_nothing_else_can_be_reached(grants: list[Grant], bucket: str) -> None:
    """No event, no report of single clients, no other database, no change to a report, no other workgroup."""
    tls = {"aws:SecureTransport": ["true"]}
    events = arn("glue", f"table/{DATABASE}/{RAW_EVENTS.name}")
    report = f"{bucket}/reports/funnel/2026-11-21/parquet/funnel.parquet"
    denied = [
        Request("s3:GetObject", f"{bucket}/{RAW_EVENTS.name}/dt=2026-11-21/hour=9/g=1-x/part-0.parquet", tls),
        Request("s3:GetObject", f"{bucket}/sessions/x.parquet", tls),
        Request("s3:GetObject", f"{bucket}/reports/top_clients/2026-11-21/parquet/top_clients.parquet", tls),
        Request("glue:GetTable", arn("glue", f"table/{DATABASE}/report_top_clients")),
        Request("s3:GetObject", f"{bucket}/athena-results/1.csv", tls),
        Request("s3:PutObject", report, tls),
        Request("s3:DeleteObject", report, tls),
        Request("s3:GetObject", report, {"aws:SecureTransport": ["false"]}),
        Request("glue:GetTable", events),
        Request("glue:GetTable", arn("glue", "table/default/report_x")),
        Request("glue:CreateTable", arn("glue", f"table/{DATABASE}/report_x")),
        Request("athena:StartQueryExecution", arn("athena", "workgroup/primary")),
        Request("athena:StartQueryExecution", arn("athena", "workgroup/clickstream-production")),
        Request("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"),
    ]
    assert [request for request in denied if allowed_by(grants, request)] == []
    assert allowed_by(grants, Request("s3:GetObject", report, tls))
