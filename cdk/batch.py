"""The batch half: one Glue job that runs lists of steps. Who starts it is in `workflow`."""

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_jobs.steps import COMMON_ARGUMENTS
from cdk.code import Code
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.ingest import stream_name
from cdk.lake import Lake
from cdk.realtime import Realtime
from cdk.stack_role import StackRole, account_arn
from cdk.stream_function import log_group_named
from cdk.tables import Tables
from cdk.workflow import Workflow
from clickstream import metrics
from clickstream.lake import erasure_requests
from clickstream.ledger import WORK_LIST_KEYS
from clickstream.tables import (
    BAD_EVENTS,
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    MASKED_START,
    PURGES_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
    REPORTS_PREFIX,
    RESULTS_PREFIX,
    SESSION_SCORES,
    SESSIONS,
)

TIMEOUT = Duration.hours(6)
"""Shorter than the grace after which replaced files are deleted, so no run can publish what is gone."""
PARTITION_ACTIONS = (
    "glue:BatchGetPartition",
    "glue:BatchUpdatePartition",
    "glue:CreatePartition",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
)
QUERY_ACTIONS = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
WRITE_ACTIONS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
"""Large files go up in parts. One statement, because a role may hold ten thousand letters of policy."""
BOOKKEEPING = "_*"
"""Commits, confirmations, indexes, tombstones and records: every folder that begins with an underscore."""
_MASKED = f"{MASKED_START}*"
"""Both masked tables."""
WRITTEN = (
    f"{RAW_EVENTS.name}/*",
    f"{SESSIONS.name}/*",
    f"{SESSION_SCORES.name}/*",
    _MASKED,
    f"{BAD_EVENTS.name}/*",
    f"{QUARANTINE_PREFIX}/*",
    f"{REPORTS_PREFIX}/*",
    f"{RESULTS_PREFIX}/*",
    BOOKKEEPING,
)
COLLECTED = (
    *WRITTEN[:-1],
    f"{LANDING_PREFIX}/*",
    f"{IDENTITIES_PREFIX}/*",
    f"{PURGES_PREFIX}/*",
)
READ = ("*",)
"""Objects of the bucket that the steps write, remove, and read."""


class Batch(Construct):
    """The Glue job, its role and the workflow that starts it.

    Attributes:
        job_name: Name of the Glue job.
        workflow: State machine of the schedules.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        code: Code,
        encryption: Encryption,
        lake: Lake,
        realtime: Realtime,
        failures: s3.Bucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.job_name = f"{config.prefix}-batch"
        log_prefix = f"/aws-glue/{config.prefix}"
        for word in ("output", "error"):
            log_group_named(self, word.capitalize(), config, f"{log_prefix}/{word}", encryption.key)
        self._role = StackRole(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        log_actions = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
        self._allow("WriteLogs", log_actions, [account_arn("logs", f"log-group:{log_prefix}/*")])
        self._allow_code(code)
        self._allow_lake(lake)
        self._allow_tables(realtime.tables)
        self._allow_audit(realtime.tables, stream_name(config))
        self._allow_erasure(realtime.tables, failures)
        self._role.allow_key(encryption, decrypt=("s3", "dynamodb"), encrypt=("s3",))
        values = _common_values(lake, realtime.tables) | config.batch_settings
        values |= {"stream": stream_name(config), "failure-bucket": failures.bucket_name}
        arguments = {f"--{name}": values[name] for name in COMMON_ARGUMENTS}
        arguments["--retention-days"] = config.retention_days
        arguments["--workers"] = config.compaction_workers
        self._job(config, code, {**arguments, "--custom-logGroup-prefix": log_prefix})
        self.workflow = Workflow(
            self, "Workflow", config=config, encryption=encryption, job_name=self.job_name, topic=realtime.topic
        )

    def _allow(
        self, sid: str, actions: tuple[str, ...], resources: list[str], conditions: Mapping[str, object] | None = None
    ) -> None:
        self._role.allow(sid, actions, *resources, conditions=conditions)

    def _allow_code(self, code: Code) -> None:
        assets = (code.glue_entry, *code.glue_archives)
        self._allow("ReadCode", ("s3:GetObject",), [a.bucket.arn_for_objects(a.s3_object_key) for a in assets])

    def _allow_lake(self, lake: Lake) -> None:
        folders = {
            "ReadObjects": (("s3:GetObject",), READ),
            "WriteObjects": (WRITE_ACTIONS, WRITTEN),
            "CollectGarbage": (("s3:DeleteObject",), COLLECTED),
        }
        for sid, (actions, names) in folders.items():
            self._allow(sid, actions, [lake.bucket.arn_for_objects(name) for name in names])
        self._allow(
            "ListObjects",
            ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
            [lake.bucket.bucket_arn],
        )
        catalog = [account_arn("glue", name) for name in ("catalog", f"database/{lake.database_name}")]
        self._allow("ReadDatabase", ("glue:GetDatabase",), catalog)
        # One name for all tables of our own database: a role may hold ten thousand letters of policy.
        tables = account_arn("glue", f"table/{lake.database_name}/*")
        self._allow("Partitions", PARTITION_ACTIONS, [*catalog, tables])
        self._allow("Query", QUERY_ACTIONS, [account_arn("athena", f"workgroup/{lake.workgroup_name}")])

    def _allow_tables(self, tables: Tables) -> None:
        self._allow("ReadLedger", ("dynamodb:Query",), [tables.ledger.table_arn])
        self._allow("ReadAnomalies", ("dynamodb:Scan",), [tables.anomalies.table_arn])

    def _allow_audit(self, tables: Tables, stream: str) -> None:
        """Roll heads forward into pages and work list, never into the chain of commits; say what was found."""
        pages = [table.table_arn for table in (tables.counters, tables.page_metrics)]
        self._allow("WritePages", ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"), pages)
        work_list = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(WORK_LIST_KEYS)}}
        self._allow("WriteWorkList", ("dynamodb:PutItem",), [tables.ledger.table_arn], work_list)
        self._allow(
            "ListShards",
            ("kinesis:DescribeStreamSummary", "kinesis:ListShards"),
            [account_arn("kinesis", f"stream/{stream}")],
        )
        # The service knows no resources for metrics, so the name space limits it.
        namespace = {"StringEquals": {"cloudwatch:namespace": metrics.NAMESPACE}}
        self._allow("PublishMetrics", ("cloudwatch:PutMetricData",), ["*"], namespace)

    def _allow_erasure(self, tables: Tables, failures: s3.Bucket) -> None:
        """Remove people from the live tables, and close requests; see, but not touch, batches that were given up."""
        live = [tables.session_metrics.table_arn, tables.anomalies.table_arn]
        self._allow("ErasePeople", ("dynamodb:DeleteItem", "dynamodb:Query"), live)
        requests = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [erasure_requests.PARTITION]}}
        self._allow("WriteRequests", ("dynamodb:PutItem",), [tables.ledger.table_arn], requests)
        self._allow("ReadGivenUpBatches", ("s3:GetObject",), [failures.arn_for_objects("*")])
        self._allow("ListGivenUpBatches", ("s3:ListBucket",), [failures.bucket_arn])

    def _job(self, config: Config, code: Code, arguments: dict[str, str]) -> None:
        archives = ",".join(asset.s3_object_url for asset in code.glue_archives)
        job = glue.CfnJob(
            self,
            "Job",
            name=self.job_name,
            description="Runs the batch steps of a schedule, see batch_jobs/steps.py",
            role=self._role.role_arn,
            glue_version="5.1",
            worker_type="G.1X",
            number_of_workers=config.glue_workers,
            timeout=TIMEOUT.to_minutes(),
            max_retries=0,
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=1),
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=code.glue_entry.s3_object_url
            ),
            default_arguments={
                "--archives": archives,
                "--aws-region": Aws.REGION,
                "--code-version": code.version,
                "--job-bookmark-option": "job-bookmark-disable",
                **arguments,
            },
        )
        job.node.add_dependency(self._role)


def _common_values(lake: Lake, tables: Tables) -> dict[str, str]:
    return {
        "bucket": lake.bucket.bucket_name,
        "database": lake.database_name,
        "workgroup": lake.workgroup_name,
        "ledger-table": tables.ledger.table_name,
        "counters-table": tables.counters.table_name,
        "page-metrics-table": tables.page_metrics.table_name,
        "anomalies-table": tables.anomalies.table_name,
        "session-metrics-table": tables.session_metrics.table_name,
    }
