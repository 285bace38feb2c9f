"""Everything that a stack and the local platform say about what they did, apart from what they store.

`stored_words` has the objects and items. Here are the log groups, the platform's own logs, metrics, alarms with their
history, executions of the state machine with input and output, the texts of Athena's queries, and the catalog.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

Said = tuple[str, bytes]
"""Where it was said, the kind of place before the first space; and the words."""


def everything_said(log_folder: Path) -> Iterator[Said]:
    """All of it, of the account that the environment names and of the platform that keeps its logs in a folder."""
    yield from log_lines()
    yield from metrics()
    yield from alarms()
    yield from executions()
    yield from _query_texts()
    yield from _catalog()
    for path in log_folder.rglob("*.log"):
        yield f"platform {path.name}", path.read_bytes()


def log_lines() -> Iterator[Said]:
    """Every line of every log group."""
    logs = boto3.client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in page["events"]:
                    yield f"logs {name} {event['logStreamName']}", event["message"].encode()


def metric_lines() -> Iterator[dict[str, Any]]:
    """The log lines that CloudWatch makes metrics of (EMF), as objects."""
    for _, line in log_lines():
        if b'"_aws"' in line:
            yield json.loads(line)


def metrics() -> Iterator[Said]:
    """Names and dimensions of what was published as metrics without a log."""
    for page in boto3.client("cloudwatch").get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            yield f"metrics {metric['MetricName']}", repr(metric).encode()


def alarms() -> Iterator[Said]:
    """Every alarm with the reason of its state, and what became of it."""
    cloudwatch = boto3.client("cloudwatch")
    for page in cloudwatch.get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            history = cloudwatch.describe_alarm_history(AlarmName=alarm["AlarmName"])["AlarmHistoryItems"]
            yield f"alarms {alarm['AlarmName']}", repr((alarm, history)).encode()


def executions() -> Iterator[Said]:
    """Input, output and every step of each execution of a state machine."""
    machines = boto3.client("stepfunctions")
    for machine in machines.list_state_machines()["stateMachines"]:
        for one in machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            arn = one["executionArn"]
            told = machines.describe_execution(executionArn=arn), machines.get_execution_history(executionArn=arn)
            yield f"executions {arn}", repr(told).encode()


def _query_texts() -> Iterator[Said]:
    athena = boto3.client("athena")
    for group in athena.list_work_groups()["WorkGroups"]:
        pages = athena.get_paginator("list_query_executions").paginate(WorkGroup=group["Name"])
        for one in (one for page in pages for one in page["QueryExecutionIds"]):
            yield f"queries {one}", repr(athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]).encode()


def _catalog() -> Iterator[Said]:
    glue = boto3.client("glue")
    for database in glue.get_databases()["DatabaseList"]:
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            pages = glue.get_paginator("get_partitions").paginate(
                DatabaseName=database["Name"], TableName=table["Name"]
            )
            yield f"catalog {table['Name']}", repr((table, [page["Partitions"] for page in pages])).encode()
