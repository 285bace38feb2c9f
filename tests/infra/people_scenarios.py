"""What people do with their roles: the commands of the documentation, and what consoles and the command line call."""

import subprocess
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

import awswrangler as wr
import boto3
import pytest
from awswrangler.exceptions import QueryFailed
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from aws_stores import DynamoTable
from batch_jobs import (
    list_anomalies,
    recover_events,
    repair_pages,
    run_query,
    show_counters,
    show_ledger,
    show_session,
    show_top_pages,
    train_sessions,
)
from batch_jobs.backtest_sources import from_lake
from batch_jobs.live.state import Tables, read_anomalies, read_hour, read_sessions
from clickstream.lake.session_models import FOREST_FILE, METRICS_FILE
from clickstream.ledger import Ledger
from notebooks.lake_reader import LakeReader
from tests.aws.small_forest import forest_bytes
from tests.infra.people_account import STACK, StackInUse
from tests.infra.role_scenarios import stale
from tests.unit.test_notebook_files import PATHS, asked

SQL = Path(__file__).parents[2] / "sql"
TO_STACK = ("--stack", STACK)
CATALOG = "AwsDataCatalog"
FUNCTIONS = ("ProcessEvents", "DetectAnomalies", "DetectTrafficAnomalies", "CollectEvents")


def analyst(stack: StackInUse) -> None:
    """Every table that names nobody, by SQL of one's own and by a file of ours; the console; saved queries."""
    group = stack.outputs["AnalystWorkgroupName"]
    for table in readable_tables(stack, "Analyst"):
        assert is_read(stack, table, group)
    assert run_query.main([str(SQL / "masked_rows.sql"), "--workgroup", group, *TO_STACK]) == 0
    browse(stack, group)
    athena: Any = boto3.client("athena")
    saved = athena.create_named_query(
        Name="mine", Database=stack.outputs["DatabaseName"], QueryString="SELECT 1", WorkGroup=group
    )["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=saved)


def scientist(stack: StackInUse) -> None:
    """Every statement of the notebooks, tables of events, sessions and scores; a model is trained and registered."""
    group = stack.outputs["WorkgroupName"]
    tables = readable_tables(stack, "Scientist")
    for table in [name for name in tables if not name.startswith("report_")] + ["report_top_clients"]:
        assert is_read(stack, table, group)
    lake = LakeReader.of_stack(STACK)
    for path in PATHS:
        for name in asked(path, "ask"):
            lake.ask(name)
        for text in asked(path, "ask_text"):
            lake.ask_text(text)
        for name in asked(path, "report"):
            assert not lake.report(name).empty
    assert from_lake(STACK, None, None).minutes
    with patch("batch_jobs.training_here.subprocess.run", _fitted):
        assert train_sessions.main(TO_STACK) == 0
    browse(stack, group)


def browse(stack: StackInUse, group: str) -> None:
    """What Athena's console shows, and its buttons: run, stop, history, saved queries."""
    athena: Any = boto3.client("athena")
    database = stack.outputs["DatabaseName"]
    assert athena.list_work_groups()["WorkGroups"]
    assert athena.list_data_catalogs()["DataCatalogsSummary"]
    assert athena.list_databases(CatalogName=CATALOG)["DatabaseList"]
    assert athena.list_table_metadata(CatalogName=CATALOG, DatabaseName=database)["TableMetadataList"]
    athena.get_table_metadata(CatalogName=CATALOG, DatabaseName=database, TableName="report_headline")
    asked_for = {"QueryString": "SELECT COUNT(*) FROM report_headline", "WorkGroup": group}
    started = athena.start_query_execution(**asked_for, QueryExecutionContext={"Database": database})
    athena.stop_query_execution(QueryExecutionId=started["QueryExecutionId"])
    assert athena.list_query_executions(WorkGroup=group)["QueryExecutionIds"]
    athena.batch_get_query_execution(QueryExecutionIds=[started["QueryExecutionId"]])
    ids = athena.list_named_queries(WorkGroup=group)["NamedQueryIds"]
    permitted(athena.get_named_query, NamedQueryId="none")
    athena.batch_get_named_query(NamedQueryIds=["none", *ids])


def on_call(stack: StackInUse) -> None:
    """The page "Watch it", the runbook, the live tables; the batch is started, followed and stopped."""
    for main, words in (
        (show_counters.main, []),
        (show_top_pages.main, []),
        (show_session.main, ["s1"]),
        (list_anomalies.main, []),
    ):
        assert main([*TO_STACK, *words]) == 0
    names = ("Counters", "PageMetrics", "SessionMetrics", "Anomalies")
    counters, pages, sessions, anomalies = (DynamoTable(stack.outputs[f"{name}TableName"]) for name in names)
    tables = Tables(counters, pages, sessions, anomalies, 30)
    now = datetime.now(UTC)
    assert read_hour(tables, now).minutes
    assert read_sessions(tables, now)
    read_anomalies(tables, now)
    watch(stack)
    restart(stack)


def watch(stack: StackInUse) -> None:
    """The commands of the command line that only look."""
    name = stack.outputs
    logs, metrics, lambda_ = boto3.client("logs"), boto3.client("cloudwatch"), boto3.client("lambda")
    dynamodb, kinesis = boto3.client("dynamodb"), boto3.client("kinesis")
    glue, s3, schedules = boto3.client("glue"), boto3.client("s3"), boto3.client("scheduler")
    functions = [name[f"{one}FunctionName"] for one in FUNCTIONS]
    groups = [f"/aws/lambda/{functions[0]}", f"/aws-glue/{STACK}/error", f"/aws/apigateway/{STACK}-collector"]
    since, now = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)
    logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/clickstream")
    for group in groups:
        permitted(logs.describe_log_streams, logGroupName=group)
        permitted(logs.filter_log_events, logGroupName=group, limit=5)
        permitted(logs.get_log_events, logGroupName=group, logStreamName="one")
    permitted(metrics.describe_alarms)
    permitted(metrics.describe_alarm_history)
    permitted(metrics.list_dashboards)
    permitted(metrics.list_metrics)
    permitted(metrics.get_dashboard, DashboardName=name["DashboardName"])
    permitted(metrics.get_metric_data, MetricDataQueries=[], StartTime=since, EndTime=now)
    for table in ("Counters", "PageMetrics"):
        dynamodb.describe_table(TableName=name[f"{table}TableName"])
        dynamodb.scan(TableName=name[f"{table}TableName"], Limit=5)
    for function in functions:
        permitted(lambda_.get_function, FunctionName=function)
        permitted(lambda_.get_function_configuration, FunctionName=function)
    kinesis.describe_stream(StreamName=name["StreamName"])
    kinesis.describe_stream_summary(StreamName=name["StreamName"])
    kinesis.list_shards(StreamName=name["StreamName"])
    job = name["JobName"]
    permitted(glue.get_job, JobName=job)
    permitted(glue.get_job_runs, JobName=job)
    permitted(glue.get_job_run, JobName=job, RunId="jr_1")
    permitted(schedules.get_schedule, Name=f"{STACK}-hourly")
    s3.list_objects_v2(Bucket=name["FailureBucketName"])


def restart(stack: StackInUse) -> None:
    """The batch by hand, and a consumer switched off and on."""
    states, lambda_ = boto3.client("stepfunctions"), boto3.client("lambda")
    machine = stack.outputs["StateMachineArn"]
    permitted(states.describe_state_machine, stateMachineArn=machine)
    permitted(states.start_execution, stateMachineArn=machine, input='{"steps": "now"}')
    permitted(states.list_executions, stateMachineArn=machine)
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:one"
    permitted(states.describe_execution, executionArn=execution)
    permitted(states.get_execution_history, executionArn=execution)
    permitted(states.redrive_execution, executionArn=execution)
    permitted(states.stop_execution, executionArn=execution)
    lambda_.list_event_source_mappings(FunctionName=stack.outputs["ProcessEventsFunctionName"])
    for mapping in stack.mappings:
        lambda_.get_event_source_mapping(UUID=mapping)
        for is_enabled in (False, True):
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=is_enabled)


def recovery(stack: StackInUse) -> None:
    """A batch was given up, a bad event is taken back, a page was lost and the tables were restored; it adds up."""
    assert show_ledger.main(TO_STACK) == 1, "records are in the failure bucket alone"
    assert recover_events.main([*TO_STACK, "--dry-run"]) == 0
    with patch("clickstream.ledger.INLINE_BYTES", 0), stale(Ledger, "head", None):
        assert recover_events.main(TO_STACK) == 0
    assert recover_events.main([*TO_STACK, "--bad"]) == 0
    assert repair_pages.main(TO_STACK) == 0
    assert repair_pages.main([*TO_STACK, "--all"]) == 0
    assert show_ledger.main(TO_STACK) == 0


def closed(stack: StackInUse) -> dict[str, str]:
    """What Athena answers to an analyst who asks about a table that is not open, by its name."""
    opened = readable_tables(stack, "Analyst")
    group, answers = stack.outputs["AnalystWorkgroupName"], {}
    for table in (one["TableInput"]["Name"] for one in stack.deployed.stack.of_type("Glue::Table").values()):
        if table not in opened:
            with pytest.raises(QueryFailed) as refused:
                is_read(stack, table, group)
            answers[table] = str(refused.value)
    return answers


def readable_tables(stack: StackInUse, person: str) -> list[str]:
    """The tables whose files a role may read."""
    granted = {grant.resource for grant in stack.guard(person).grants if grant.action == "s3:GetObject"}
    folders = {one.partition("/")[2].removesuffix("/*") for one in granted}
    tables = (one["TableInput"]["Name"] for one in stack.deployed.stack.of_type("Glue::Table").values())
    return [
        name
        for name in tables
        if {name, name.replace("report_", "reports/"), *(["reports"] if name.startswith("report_") else [])} & folders
    ]


def is_read(stack: StackInUse, table: str, workgroup: str) -> bool:
    """Whether Athena counts the rows of a table. Raises `QueryFailed` where it is refused."""
    sql = f"SELECT COUNT(*) AS n FROM {table}"  # noqa: S608  a name of our own
    answer = wr.athena.read_sql_query(sql, stack.outputs["DatabaseName"], workgroup=workgroup, ctas_approach=False)
    return len(answer) == 1


def permitted(call: Any, **arguments: object) -> None:
    """Make a call of which only the permission is of interest: its parameters are checked, and nothing is sent.

    moto does not play all of what there is to answer. Raises `ClientError` where the role's policy refuses it.
    """
    events = call.__self__.meta.events
    events.register_first("before-call", _nothing)
    try:
        call(**arguments)
    finally:
        events.unregister("before-call", _nothing)


def _nothing(**_: object) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", HTTPStatus.OK, HTTPHeaders(), None), {}


def _fitted(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
    """Stands for the script that trains, which calls no service and needs scikit-learn."""
    made = Path(command[command.index("--model-dir") + 1])
    made.mkdir()
    (made / FOREST_FILE).write_bytes(forest_bytes())
    (made / METRICS_FILE).write_text('{"rows": 3, "flagged": 0, "agreement": 1.0}')
    return subprocess.CompletedProcess(command, 0, "", "")
