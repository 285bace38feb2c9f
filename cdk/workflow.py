"""Who starts the Glue job: a schedule starts an execution, which starts a run, waits for it and tells of failure.

Where there is QuickSight, the execution then has it import what was published.
"""

import json

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from batch_jobs.steps import Schedule
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.quicksight_refresh import Refresh, statement

SCHEDULES: dict[Schedule, str] = {"hourly": "cron(10 * * * ? *)", "daily": "cron(40 2 * * ? *)"}
"""UTC. The hour is compacted ten minutes after its end; the day is reported when its last hours have settled."""
RUN_ACTIONS = ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun")
WAIT_FOR_OTHER_RUN = Duration.minutes(5)
WAITS = 10
TIMEOUT = Duration.hours(8)
"""Waits for another run, and the longest run: what takes longer hangs. Shorter than the grace of replaced files."""


class Workflow(Construct):
    """State machine and schedules.

    Attributes:
        state_machine_arn: The state machine; its input is `{"steps": "hourly"}`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        encryption: Encryption,
        job_name: str,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        job_arn = f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}:job/{job_name}"
        role.add_to_policy(iam.PolicyStatement(sid="RunJob", actions=list(RUN_ACTIONS), resources=[job_arn]))
        role.add_to_policy(iam.PolicyStatement(sid="Tell", actions=["sns:Publish"], resources=[topic.topic_arn]))
        for needed in encryption.statements(decrypt=("sns",), encrypt=("sns",)):
            role.add_to_policy(needed)
        if config.quicksight_principal:
            role.add_to_policy(statement(config.prefix))
        machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=f"{config.prefix}-batch",
            role=role.without_policy_updates(),
            timeout=TIMEOUT,
            definition_body=sfn.DefinitionBody.from_chainable(self._definition(config, job_name, topic)),
        )
        machine.node.add_dependency(role)
        self.state_machine_arn = machine.state_machine_arn
        self._schedules(config)

    def _definition(self, config: Config, job_name: str, topic: sns.Topic) -> sfn.Chain:
        failed = sfn.Fail(self, "Failed", error="BatchFailed", cause="See the message and the log of the Glue run")
        tell = tasks.SnsPublish(
            self,
            "Tell",
            topic=topic,
            subject=f"{Stack.of(self).stack_name}: batch failed",
            message=sfn.TaskInput.from_object(
                {"steps": sfn.JsonPath.string_at("$.steps"), "error": sfn.JsonPath.object_at("$.error")}
            ),
        )
        run = tasks.GlueStartJobRun(
            self,
            "Run",
            glue_job_name=job_name,
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            arguments=sfn.TaskInput.from_object({"--steps": sfn.JsonPath.string_at("$.steps")}),
            result_path=sfn.JsonPath.DISCARD,
        )
        run.add_retry(
            errors=["Glue.ConcurrentRunsExceededException"],
            interval=WAIT_FOR_OTHER_RUN,
            backoff_rate=1,
            max_attempts=WAITS,
        )
        run.add_catch(tell, errors=["States.ALL"], result_path="$.error")
        tell.next(failed)
        if not config.quicksight_principal:
            return sfn.Chain.start(run)
        return sfn.Chain.start(run).next(Refresh(self, "Refresh", prefix=config.prefix, topic=topic).states)

    def _schedules(self, config: Config) -> None:
        role = iam.Role(self, "SchedulerRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(sid="Start", actions=["states:StartExecution"], resources=[self.state_machine_arn])
        )
        for name, expression in SCHEDULES.items():
            schedule = scheduler.CfnSchedule(
                self,
                name.capitalize(),
                name=f"{config.prefix}-{name}",
                description=f"Batch steps of {name}",
                schedule_expression=expression,
                schedule_expression_timezone="UTC",
                state="DISABLED" if config.is_local else "ENABLED",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=self.state_machine_arn, role_arn=role.role_arn, input=json.dumps({"steps": name})
                ),
            )
            schedule.node.add_dependency(role)
