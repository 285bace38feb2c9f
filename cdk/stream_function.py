"""One consumer of the stream: role, log group, function and event source mapping."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.code import Code
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.ingest import STREAM_RETENTION, Ingest

BATCH_RECORDS = 10_000
TIMEOUT = Duration.seconds(60)
LOG_RETENTION = logs.RetentionDays.ONE_MONTH
LARGEST_AGE_S = int(STREAM_RETENTION.to_seconds()) // 2
"""A batch that fails this long goes to the failure bucket while its records can still be read from the stream."""
READ_STREAM = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class StreamFunction(Construct):
    """A Lambda function that is called with batches of the stream and may do only what it is granted.

    Attributes:
        function: The function.
        mapping: Its event source mapping.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        code: Code,
        encryption: Encryption,
        ingest: Ingest,
        module: str,
        environment: dict[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        log_name = f"/aws/lambda/{function_name(config, module)}"
        log_group = log_group_named(self, "Logs", config, log_name, encryption.key)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.function = python_function(self, config, code, module, self._role, environment, log_group)
        self.allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn)
        self.allow("ReadStream", READ_STREAM, ingest.stream.stream_arn)
        self.allow("PutFailures", ["s3:PutObject"], ingest.failures.arn_for_objects("*"))
        self.allow("ListFailures", ["s3:ListBucket"], ingest.failures.bucket_arn)
        self.mapping = self._mapping(config, ingest)

    def allow(self, sid: str, actions: list[str] | tuple[str, ...], *resources: str) -> None:
        """Grant the actions on exactly these resources."""
        self._role.add_to_policy(iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources)))

    def allow_key(self, statements: Sequence[iam.PolicyStatement]) -> None:
        """Let it use the key, as `Encryption.statements` says."""
        for statement in statements:
            self._role.add_to_policy(statement)

    def _mapping(self, config: Config, ingest: Ingest) -> lambda_.CfnEventSourceMapping:
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=self.function.function_name,
            event_source_arn=ingest.stream.stream_arn,
            # The emulator's own poller loses records, so locally `local_aws` reads the mapping and polls itself.
            enabled=not config.is_local,
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_RECORDS,
            maximum_batching_window_in_seconds=config.batch_window_s,
            parallelization_factor=1,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=-1,
            maximum_record_age_in_seconds=LARGEST_AGE_S,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=ingest.failures.bucket_arn)
            ),
            metrics_config=lambda_.CfnEventSourceMapping.MetricsConfigProperty(metrics=["EventCount"]),
        )
        # Lambda checks at creation that the role may read the stream and write to the destination.
        mapping.node.add_dependency(self._role)
        return mapping


def function_name(config: Config, module: str) -> str:
    """The name of the function whose handler is in the module."""
    return f"{config.prefix}-{module.replace('_', '-')}"


def python_function(
    scope: Construct,
    config: Config,
    code: Code,
    module: str,
    role: iam.Role,
    environment: dict[str, str],
    log_group: logs.LogGroup,
    *,
    timeout: Duration = TIMEOUT,
    reserved: int | None = None,
) -> lambda_.Function:
    """A function of our code with its layer; what it may do is the matter of its role.

    Of the account's invocations at a time, so many are `reserved` for it; None for as many as are free.
    """
    return lambda_.Function(
        scope,
        "Function",
        function_name=function_name(config, module),
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.X86_64,
        handler=f"{module}.handler",
        code=code.function_code,
        layers=[code.layer],
        role=role,
        memory_size=config.memory_mb,
        timeout=timeout,
        reserved_concurrent_executions=reserved,
        environment=environment,
        log_group=log_group,
    )


def log_group_named(
    scope: Construct, construct_id: str, config: Config, name: str, key: kms.IKey | None
) -> logs.LogGroup:
    """A log group that forgets after a month and leaves with a disposable stack."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=LOG_RETENTION,
        removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
    )
