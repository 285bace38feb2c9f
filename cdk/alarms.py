"""How an alarm is made: it tells the topic when it starts and when it ends, and names its section of the runbook."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from clickstream import metrics

PERIOD = Duration.minutes(5)
RUNBOOK = "docs/runbook.md"
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
LESS_THAN = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
SILENCE = cloudwatch.TreatMissingData.BREACHING
"""For alarms on silence itself: without a number they ring."""


@dataclass(frozen=True)
class Alarms:
    """Makes alarms of one stack in a construct.

    Attributes:
        scope: Where they are.
        prefix: Start of their names.
        topic: Who is told.
        part: Start of what each is called, where the construct is about one part.
    """

    scope: Construct
    prefix: str
    topic: sns.ITopic
    part: str = ""

    def add(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        meaning: str,
        section: str,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = QUIET,
        comparison: cloudwatch.ComparisonOperator = AT_LEAST,
    ) -> cloudwatch.Alarm:
        """An alarm from `threshold` on, over so many periods; `section` is its heading in the runbook."""
        alarm = cloudwatch.Alarm(
            self.scope,
            name,
            alarm_name=f"{self.prefix}-{self.part}{name}",
            alarm_description=f"{self.part}{name}: {meaning}; {RUNBOOK}#{section}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
        return alarm


def of_function(function: str, name: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
    """A metric that the function writes itself."""
    return _metric(metrics.NAMESPACE, name, {metrics.FUNCTION: function, **dimensions}, statistic)


def of_jobs(ledger: str, name: str, statistic: str = "Maximum", period: Duration = PERIOD) -> cloudwatch.Metric:
    """A metric that a step of the batch publishes."""
    return _metric(metrics.NAMESPACE, name, {metrics.LEDGER: ledger}, statistic, period)


def of_service(namespace: str, name: str, dimensions: Mapping[str, str]) -> cloudwatch.Metric:
    """A count of an AWS service."""
    return _metric(namespace, name, dimensions, "Sum")


def _metric(
    namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, period: Duration = PERIOD
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=period,
    )
