"""The way in for browsers and apps: one function that takes requests of trackers, behind the door that was chosen."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.code import Code
from cdk.config import Config
from cdk.doors import Door, open_door
from cdk.encryption import Encryption
from cdk.ingest import Ingest
from cdk.stream_function import function_name, log_group_named, python_function
from cdk.tables import table_named
from clickstream.settings import CollectEventsSettings, variables

MODULE = "collect_events"
TIMEOUT = Duration.seconds(15)
"""A client waits for the answer. HTTP APIs give up after 30 seconds, and a function after half of that."""


class Collector(Construct):
    """The function, its role, what it counts limits in, and its door.

    Attributes:
        function: The function.
        limits: What each write key has sent in the minute: a lease of a container an item's update.
        door: How requests reach the function.
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
    ) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.limits = table_named(self, "key-limits", config, encryption)
        self.function = self._function(config, code, encryption, ingest)
        self._allow("PutRecords", ["kinesis:PutRecords"], ingest.stream.stream_arn)
        self._allow("ClaimLimits", ["dynamodb:UpdateItem"], self.limits.table_arn)
        for statement in encryption.statements(decrypt=("dynamodb",), encrypt=("kinesis",)):
            self._role.add_to_policy(statement)
        self.door: Door = open_door(self, config, encryption, self.function)

    def _function(self, config: Config, code: Code, encryption: Encryption, ingest: Ingest) -> lambda_.Function:
        log_name = f"/aws/lambda/{function_name(config, MODULE)}"
        log_group = log_group_named(self, "Logs", config, log_name, encryption.key)
        self._allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn)
        environment = variables(
            CollectEventsSettings,
            stream_name=ingest.stream.stream_name,
            stream_buckets=config.stream_buckets,
            claims_table=self.limits.table_name,
            events_per_minute=config.collector_events_per_minute,
            origins=config.collector_origins,
            write_keys=config.write_keys,
        )
        return python_function(
            self,
            config,
            code,
            MODULE,
            self._role,
            environment,
            log_group,
            timeout=TIMEOUT,
            reserved=config.collector_concurrency or None,
        )

    def _allow(self, sid: str, actions: list[str], resource: str) -> None:
        self._role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=[resource]))
