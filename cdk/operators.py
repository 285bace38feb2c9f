"""What people may do who keep the stack running: those on call, and those who bring back what was given up."""

from aws_cdk import Aws
from aws_cdk import aws_dynamodb as dynamodb

from cdk.batch import Batch
from cdk.ingest import Ingest
from cdk.lake import Lake
from cdk.person import Person
from cdk.realtime import Realtime
from cdk.stack_role import account_arn
from cdk.stream_function import StreamFunction
from clickstream.ledger import COMMIT_KEYS, WORK_LIST_KEYS
from clickstream.tables import BAD_EVENTS, COMMITS_PREFIX, DELTAS_PREFIX, LANDING_PREFIX, RAW_EVENTS

SEE_METRICS = ("cloudwatch:GetMetricData", "cloudwatch:ListDashboards", "cloudwatch:ListMetrics")
SEE_ALARMS = ("cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms")
SEE_LOGS = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
SEE_RUNS = ("glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns")
SEE_STREAM = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards")
RUN_BATCH = ("states:DescribeStateMachine", "states:ListExecutions", "states:StartExecution")
FOLLOW_BATCH = (
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:RedriveExecution",
    "states:StopExecution",
)


def let_watch(person: Person, prefix: str, ingest: Ingest, batch: Batch) -> None:
    """Let somebody see alarms, numbers, logs and runs; nothing of it holds an event.

    Logs hold counts and names of rules. What is listed over the whole account are names alone.
    """
    person.allow("SeeMetrics", SEE_METRICS, "*")
    person.allow("SeeAlarms", SEE_ALARMS, account_arn("cloudwatch", "alarm:*"))
    dashboard = f"arn:{Aws.PARTITION}:cloudwatch::{Aws.ACCOUNT_ID}:dashboard/{prefix}"
    person.allow("SeeDashboard", ("cloudwatch:GetDashboard",), dashboard)
    person.allow("FindLogs", ("logs:DescribeLogGroups",), account_arn("logs", "log-group:*"))
    groups = (f"/aws/lambda/{prefix}-*", f"/aws-glue/{prefix}/*", f"/aws/apigateway/{prefix}-*")
    person.allow("SeeLogs", SEE_LOGS, *(account_arn("logs", f"log-group:{name}") for name in groups))
    person.allow("SeeStream", SEE_STREAM, ingest.stream.stream_arn)
    person.allow(
        "SeeRuns", ("glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns"), account_arn("glue", f"job/{batch.job_name}")
    )
    person.allow("SeeSchedules", ("scheduler:GetSchedule",), account_arn("scheduler", f"schedule/default/{prefix}-*"))
    person.allow("ListGivenUpBatches", ("s3:ListBucket",), ingest.failures.bucket_arn)


def let_read_live_tables(person: Person, realtime: Realtime) -> None:
    """Let somebody read counters, sessions and anomalies, which name sessions and pages, and no person."""
    tables = realtime.tables
    counted = (tables.counters, tables.page_metrics)
    person.allow("ReadCounters", ("dynamodb:DescribeTable", "dynamodb:Query", "dynamodb:Scan"), *_arns(*counted))
    sessions = (tables.session_metrics, tables.anomalies)
    person.allow("ReadSessions", ("dynamodb:Query", "dynamodb:Scan"), *_arns(*sessions))


def let_restart(person: Person, batch: Batch, realtime: Realtime) -> None:
    """Let somebody start, follow and stop the batch, and switch the consumers of the stream off and on."""
    machine = batch.workflow.state_machine_arn
    person.allow("RunBatch", RUN_BATCH, machine)
    person.allow("FollowBatch", FOLLOW_BATCH, account_arn("states", f"execution:{batch.job_name}:*"))
    for name, consumer in (("ProcessEvents", realtime.process_events), ("DetectAnomalies", realtime.detect_anomalies)):
        _let_switch(person, f"Switch{name}", consumer)


def _let_switch(person: Person, sid: str, consumer: StreamFunction) -> None:
    """Of the mapping anything may be changed but the function that it calls: no other one gets the events."""
    mapping = account_arn("lambda", f"event-source-mapping:{consumer.mapping.ref}")
    only = {"ArnEquals": {"lambda:FunctionArn": consumer.function.function_arn}}
    person.allow(sid, ("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"), mapping, conditions=only)


def let_see_functions(person: Person, *functions: str, is_code_shown: bool = False) -> None:
    """Let somebody see how functions are configured, which holds no secret, and the mappings of the account."""
    code = ("lambda:GetFunction",) if is_code_shown else ()
    person.allow("SeeFunctions", (*code, "lambda:GetFunctionConfiguration"), *functions)
    # It knows no resources.
    person.allow("ListMappings", ("lambda:ListEventSourceMappings",), "*")


def let_recover(person: Person, ingest: Ingest, lake: Lake, realtime: Realtime) -> None:
    """Let somebody account for every record, and bring back what was given up, refused, or wrong in a page."""
    _let_read_what_was_sent(person, ingest, lake)
    _let_write_again(person, ingest, lake)
    tables = realtime.tables
    commits, lanes = COMMIT_KEYS
    objects, hours = WORK_LIST_KEYS
    for sid, action, keys in (
        ("ReadLedger", "Query", (commits, lanes, objects)),
        ("ReadCommit", "GetItem", (commits,)),
        ("AppendCommits", "PutItem", (commits, lanes, objects, hours)),
    ):
        # Never the requests for erasures, which name people.
        own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
        person.allow(sid, (f"dynamodb:{action}",), tables.ledger.table_arn, conditions=own)
    pages = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Scan")
    counted = _arns(tables.counters, tables.page_metrics)
    person.allow("RepairPages", [f"dynamodb:{action}" for action in pages], *counted)
    person.allow("ReadKey", ("secretsmanager:GetSecretValue",), realtime.secret.secret_arn)
    person.allow("SeeMetrics", ("cloudwatch:GetMetricData",), "*")


def _let_read_what_was_sent(person: Person, ingest: Ingest, lake: Lake) -> None:
    reading = ("kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards")
    person.allow("ReadStream", reading, ingest.stream.stream_arn)
    folders = (LANDING_PREFIX, BAD_EVENTS.name, DELTAS_PREFIX, COMMITS_PREFIX)
    person.allow("ReadObjects", ("s3:GetObject",), *(lake.bucket.arn_for_objects(f"{name}/*") for name in folders))
    listed = {"StringLike": {"s3:prefix": [f"{name}/*" for name in (LANDING_PREFIX, RAW_EVENTS.name, COMMITS_PREFIX)]}}
    person.allow("ListObjects", ("s3:ListBucket",), lake.bucket.bucket_arn, conditions=listed)
    person.allow("ListGivenUpBatches", ("s3:ListBucket",), ingest.failures.bucket_arn)


def _let_write_again(person: Person, ingest: Ingest, lake: Lake) -> None:
    folders = (LANDING_PREFIX, BAD_EVENTS.name, DELTAS_PREFIX)
    person.allow("WriteObjects", ("s3:PutObject",), *(lake.bucket.arn_for_objects(f"{name}/*") for name in folders))
    given_up = ingest.failures.arn_for_objects("*")
    person.allow("TakeGivenUpBatches", ("s3:DeleteObject", "s3:GetObject"), given_up)


def _arns(*tables: dynamodb.Table) -> list[str]:
    return [table.table_arn for table in tables]
