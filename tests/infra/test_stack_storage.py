"""Tables, buckets, catalog and workgroup: what is kept, for how long, and what a destroyed stack takes along."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from batch_jobs.reports.report_list import REPORTS
from clickstream.tables import LAKE_TABLES

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
TABLES = {"ledger", "counters", "page-metrics", "session-metrics", "traffic-states", "anomalies", "key-limits"}
KEPT = ("KMS::Key", "Kinesis::Stream", "DynamoDB::Table", "S3::Bucket", "SecretsManager::Secret", "Logs::LogGroup")
DEPLOYED = (*LAKE_TABLES, *(report.table for report in REPORTS))
DISPOSABLE = {"dev": True, "local": True, "staging": False, "production": False}


def test_tables(template: Template, of_type: OfType) -> None:
    """Every table has the keys pk and sk, bills by request, is encrypted and can be restored to any second."""
    tables = {_short(table): table for table in of_type(template, "DynamoDB::Table")}
    assert tables.keys() == TABLES
    for table in tables.values():
        assert table["KeySchema"] == [_key("pk", "HASH"), _key("sk", "RANGE")]
        assert {attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} == {"S"}
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_ledger_never_expires(template: Template, of_type: OfType) -> None:
    """Live metrics and anomalies expire; the ledger, which proves the lake, does not."""
    expiring = {
        _short(table): table["TimeToLiveSpecification"]
        for table in of_type(template, "DynamoDB::Table")
        if "TimeToLiveSpecification" in table
    }
    assert expiring.keys() == TABLES - {"ledger"}
    assert all(ttl == {"AttributeName": "expires_at", "Enabled": True} for ttl in expiring.values())


def test_unsent_alerts_can_be_listed(template: Template, of_type: OfType) -> None:
    """Only anomalies have an index: the sparse list of those nobody was told of."""
    indexes = {
        _short(table): table["GlobalSecondaryIndexes"]
        for table in of_type(template, "DynamoDB::Table")
        if "GlobalSecondaryIndexes" in table
    }
    keys = [_key("pending", "HASH"), _key("sk", "RANGE")]
    pending = {"IndexName": "pending", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    assert indexes == {"anomalies": [pending]}


@pytest.mark.parametrize("kind", KEPT)
def test_data_survives_where_it_matters(templates: dict[str, Template], kind: str) -> None:
    """Destroying a dev or local stack removes its data; staging and production keep theirs."""
    for name, template in templates.items():
        policies = {
            resource["DeletionPolicy"]
            for resource in template["Resources"].values()
            if resource["Type"] == f"AWS::{kind}"
        }
        assert policies <= {"Delete" if DISPOSABLE[name] else "Retain"}
        assert policies or (kind == "KMS::Key" and DISPOSABLE[name])


def test_tables_refuse_deletion_where_it_matters(templates: dict[str, Template], of_type: OfType) -> None:
    """Tables of staging and production cannot be deleted by hand either."""
    for name, template in templates.items():
        protected = {table["DeletionProtectionEnabled"] for table in of_type(template, "DynamoDB::Table")}
        assert protected == {not DISPOSABLE[name]}


def test_buckets(template: Template, of_type: OfType) -> None:
    """Every bucket is private, encrypted, owned by the account and forgets aborted uploads."""
    buckets = of_type(template, "S3::Bucket")
    assert len(buckets) == 3
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_what_s3_deletes_by_itself(template: Template, of_type: OfType) -> None:
    """Query results go after a week, failed batches after a month, bad events and access logs after 90 days."""
    rules = [rule for bucket in of_type(template, "S3::Bucket") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    expiring = {
        rule["Id"]: (rule.get("Prefix"), rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule
    }
    assert expiring == {
        "query-results": ("athena-results/", 7),
        "failed-batches": (None, 30),
        "access-logs": (None, 90),
        "bad-events": ("bad_events/", 90),
    }
    assert {rule["Status"] for rule in rules} == {"Enabled"}


def test_buckets_answer_tls_only(template: Template, of_type: OfType) -> None:
    """Every bucket and the topic deny requests without TLS."""
    policies = of_type(template, "S3::BucketPolicy") + of_type(template, "SNS::TopicPolicy")
    assert len(policies) == 4
    for policy in policies:
        denied = [s["Condition"] for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied


def test_every_access_is_logged(template: Template, of_type: OfType) -> None:
    """The lake and the failure bucket have their access logs in a bucket that only S3 itself writes to."""
    logged = [one["LoggingConfiguration"] for one in of_type(template, "S3::Bucket") if "LoggingConfiguration" in one]
    assert {one["LogFilePrefix"] for one in logged} == {"bucket/", "failures/"}
    assert len({one["DestinationBucketName"]["Ref"] for one in logged}) == 1
    writers = [
        statement
        for policy in of_type(template, "S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:PutObject" and statement["Effect"] == "Allow"
    ]
    assert {one["Principal"]["Service"] for one in writers} == {"logging.s3.amazonaws.com"}
    assert all("aws:SourceAccount" in json.dumps(one["Condition"]) for one in writers)


def test_only_dev_buckets_are_emptied(templates: dict[str, Template]) -> None:
    """CDK's emptying of buckets is used in dev only: it would hang on the emulator."""
    emptied = {
        name for name, template in templates.items() if "Custom::S3AutoDeleteObjects" in _types(template).values()
    }
    assert emptied == {"dev"}


def test_catalog(template: Template, of_type: OfType) -> None:
    """The Glue tables have the library's columns, are partitioned by its keys and hold no data themselves."""
    tables = {table["TableInput"]["Name"]: table["TableInput"] for table in of_type(template, "Glue::Table")}
    assert tables.keys() == {table.name for table in DEPLOYED}
    for table in DEPLOYED:
        found = tables[table.name]
        columns = [(column["Name"], column["Type"]) for column in found["StorageDescriptor"]["Columns"]]
        assert columns == [(column.name, column.glue_type) for column in table.columns]
        keys = [(key["Name"], key["Type"]) for key in found["PartitionKeys"]]
        assert keys == [(key.name, key.glue_type) for key in table.partition_keys]
        assert found["TableType"] == "EXTERNAL_TABLE"
        assert not any(name.startswith("projection.") for name in found["Parameters"])
        assert str(found["StorageDescriptor"]["Location"]).endswith(f"/empty/{table.name}/']]}}")


def test_every_column_says_what_it_means(template: Template, of_type: OfType) -> None:
    """Each column and partition key of each table has its sentence as a comment, whole: Glue takes 255 characters."""
    comments = {
        (table["TableInput"]["Name"], column["Name"]): column["Comment"]
        for table in of_type(template, "Glue::Table")
        for column in (*table["TableInput"]["StorageDescriptor"]["Columns"], *table["TableInput"]["PartitionKeys"])
    }
    columns = [(table.name, column) for table in DEPLOYED for column in (*table.columns, *table.partition_keys)]
    assert comments == {(table, column.name): column.meaning for table, column in columns}
    assert all(len(comment) > 5 and not comment.startswith("see ") for comment in comments.values())


def test_workgroup(templates: dict[str, Template], of_type: OfType) -> None:
    """The workgroup enforces engine, encrypted results and a scan limit on every query."""
    for name, template in templates.items():
        (workgroup,) = of_type(template, "Athena::WorkGroup")
        configuration = workgroup["WorkGroupConfiguration"]
        assert configuration["EnforceWorkGroupConfiguration"] is True
        assert configuration["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
        assert configuration["BytesScannedCutoffPerQuery"] == 100 * 1024**3
        assert configuration["PublishCloudWatchMetricsEnabled"] is True
        result = configuration["ResultConfiguration"]
        assert result["EncryptionConfiguration"]["EncryptionOption"] == ("SSE_S3" if DISPOSABLE[name] else "SSE_KMS")
        assert str(result["OutputLocation"]).endswith("/athena-results/']]}")
        assert workgroup["RecursiveDeleteOption"] is DISPOSABLE[name]


def _short(table: dict[str, Any]) -> str:
    return str(table["TableName"]).split("-", 2)[2]


def _key(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


def _types(template: Template) -> dict[str, str]:
    return {name: resource["Type"] for name, resource in template["Resources"].items()}
