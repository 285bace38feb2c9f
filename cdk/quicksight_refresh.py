"""The last step of a run that published reports: QuickSight imports them again, and somebody is told if it cannot."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk.quicksight_datasets import DATASETS

PUBLISHING = ("daily", "*run_reports*")
"""Steps of an execution after which there is something new to import."""
PAUSE = Duration.minutes(3)
"""Between two looks at an import. Each look is eleven of the 25,000 entries that an execution may have."""
RETRY_AFTER = Duration.seconds(10)
RETRIES = 3


class Refresh(Construct):
    """States that import every dataset side by side; what one of them comes to does not touch the others.

    The id of an import is the name of the execution. So whatever the start answered, nothing at all or that it exists,
    the import itself says what became of it, and nothing is imported twice.

    Attributes:
        states: Begins after the run, with `$.steps`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str, topic: sns.Topic) -> None:
        super().__init__(scope, construct_id)
        ids = [dataset.physical_id(prefix) for dataset in DATASETS]
        done = sfn.Succeed(self, "Done")
        listed = sfn.Pass(self, "Datasets", result=sfn.Result.from_array(ids), result_path="$.datasets")
        failed = sfn.Condition.boolean_equals("$.imports.any_failed", True)
        judged = sfn.Choice(self, "AllImported").when(failed, self._tell(topic)).otherwise(done)
        news = [sfn.Condition.string_matches("$.steps", pattern) for pattern in PUBLISHING]
        imported = listed.next(self._imports()).next(judged)
        self.states = sfn.Choice(self, "HasNews").when(sfn.Condition.or_(*news), imported).otherwise(done)

    def _imports(self) -> sfn.Map:
        states = sfn.JsonPath.list_at("$[*].state")
        found = {"any_failed": sfn.JsonPath.array_contains(states, "failed"), "each": sfn.JsonPath.object_at("$")}
        each = sfn.Map(
            self,
            "Imports",
            items_path="$.datasets",
            item_selector={"dataset": sfn.JsonPath.string_at("$$.Map.Item.Value")},
            result_selector=found,
            result_path="$.imports",
        )
        return each.item_processor(self._one_import())

    def _one_import(self) -> sfn.Chain:
        dataset, said = sfn.JsonPath.string_at("$.dataset"), sfn.JsonPath.object_at("$")
        failed = sfn.Pass(self, "NotImported", parameters={"state": "failed", "dataset": dataset, "said": said})
        imported = sfn.Pass(self, "Imported", parameters={"state": "imported", "dataset": dataset})
        start = self._call("Start", "createIngestion", IngestionType="FULL_REFRESH")
        ask = self._call("Ask", "describeIngestion")
        status = "$.Ask.Ingestion.IngestionStatus"
        over = [sfn.Condition.string_equals(status, word) for word in ("FAILED", "CANCELLED")]
        judged = (
            sfn.Choice(self, "Ended")
            .when(sfn.Condition.string_equals(status, "COMPLETED"), imported)
            .when(sfn.Condition.or_(*over), failed)
            .otherwise(sfn.Wait(self, "Pause", time=sfn.WaitTime.duration(PAUSE)).next(ask))
        )
        start.add_catch(ask, result_path="$.Start")
        ask.add_catch(failed, result_path="$.Ask")
        return start.next(ask).next(judged)

    def _call(self, name: str, action: str, **more: str) -> tasks.CallAwsService:
        call = tasks.CallAwsService(
            self,
            name,
            service="quicksight",
            action=action,
            iam_resources=["*"],  # The role takes no policy from its tasks: it has that of `statement`.
            result_path=f"$.{name}",
            parameters={
                "AwsAccountId": Aws.ACCOUNT_ID,
                "DataSetId": sfn.JsonPath.string_at("$.dataset"),
                "IngestionId": sfn.JsonPath.string_at("$$.Execution.Name"),
                **more,
            },
        )
        call.add_retry(errors=["States.TaskFailed"], interval=RETRY_AFTER, max_attempts=RETRIES)
        return call

    def _tell(self, topic: sns.Topic) -> sfn.Chain:
        """The reports are published, and the execution fails all the same: its alarm is looked at."""
        message = {"steps": sfn.JsonPath.string_at("$.steps"), "imports": sfn.JsonPath.object_at("$.imports.each")}
        tell = tasks.SnsPublish(
            self,
            "TellNotImported",
            topic=topic,
            subject=f"{Stack.of(self).stack_name}: reports published, dashboard not refreshed",
            message=sfn.TaskInput.from_object(message),
        )
        cause = "See the message: the datasets that QuickSight could not import"
        return tell.next(sfn.Fail(self, "NotRefreshed", error="DashboardNotRefreshed", cause=cause))


def statement(prefix: str) -> iam.PolicyStatement:
    """What the state machine needs: imports of these datasets, whose ids are names of executions."""
    owner = f"arn:{Aws.PARTITION}:quicksight:{Aws.REGION}:{Aws.ACCOUNT_ID}"
    return iam.PolicyStatement(
        sid="Import",
        actions=["quicksight:CreateIngestion", "quicksight:DescribeIngestion"],
        resources=[f"{owner}:dataset/{dataset.physical_id(prefix)}/ingestion/*" for dataset in DATASETS],
    )
