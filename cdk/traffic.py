"""What watches the traffic: a function that a schedule calls every minute, and may do only what it needs."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.code import Code
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.stream_function import function_name, log_group_named, python_function
from cdk.tables import PENDING_INDEX, Tables
from clickstream.settings import DetectTrafficAnomaliesSettings, variables

MODULE = "detect_traffic_anomalies"
EVERY = "rate(1 minute)"
OLDEST = Duration.minutes(1)
"""A call that could not be delivered within this is dropped: the next one does its work."""


class Traffic(Construct):
    """The function, its role and its schedule; locally the schedule is off.

    Attributes:
        function: The function.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        code: Code,
        encryption: Encryption,
        tables: Tables,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.function = self._function(config, code, encryption, tables, topic)
        self._allow("ReadCounters", ["dynamodb:Query"], tables.counters.table_arn)
        states = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
        self._allow("KeepStates", states, tables.traffic_states.table_arn)
        self._allow("PutAnomalies", ["dynamodb:PutItem"], tables.anomalies.table_arn)
        self._allow("ReadPending", ["dynamodb:Query"], f"{tables.anomalies.table_arn}/index/{PENDING_INDEX}")
        self._allow("Alert", ["sns:Publish"], topic.topic_arn)
        for statement in encryption.statements(decrypt=("dynamodb", "sns"), encrypt=("sns",)):
            self._role.add_to_policy(statement)
        self._schedule(config)

    def _function(
        self, config: Config, code: Code, encryption: Encryption, tables: Tables, topic: sns.Topic
    ) -> lambda_.Function:
        log_name = f"/aws/lambda/{function_name(config, MODULE)}"
        log_group = log_group_named(self, "Logs", config, log_name, encryption.key)
        self._allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn)
        environment = variables(
            DetectTrafficAnomaliesSettings,
            counters_table=tables.counters.table_name,
            traffic_states_table=tables.traffic_states.table_name,
            anomalies_table=tables.anomalies.table_name,
            topic_arn=topic.topic_arn,
            retention_days=config.retention_days,
        )
        return python_function(self, config, code, MODULE, self._role, environment, log_group)

    def _allow(self, sid: str, actions: list[str], resource: str) -> None:
        self._role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=[resource]))

    def _schedule(self, config: Config) -> None:
        role = iam.Role(self, "SchedulerRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(sid="Invoke", actions=["lambda:InvokeFunction"], resources=[self.function.function_arn])
        )
        schedule = scheduler.CfnSchedule(
            self,
            "EveryMinute",
            name=f"{config.prefix}-traffic",
            description="Complete minutes of the counters",
            schedule_expression=EVERY,
            schedule_expression_timezone="UTC",
            state="DISABLED" if config.is_local else "ENABLED",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.function.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(OLDEST.to_seconds()), maximum_retry_attempts=0
                ),
            ),
        )
        schedule.node.add_dependency(role)
