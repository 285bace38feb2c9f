"""What of the collector is watched: requests that were not taken, and clients that wait."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from cdk.collector import Collector
from cdk.config import Config
from clickstream import metrics

PERIOD = Duration.minutes(5)
SLOW_MS = 3_000
REFUSED_PERCENT = 10


class CollectorAlarms(Construct):
    """Alarms of the collector; every one says when it starts and when it ends."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, collector: Collector, tell: actions.SnsAction
    ) -> None:
        super().__init__(scope, construct_id)
        self._config, self._tell = config, tell
        door, function = collector.door, collector.function
        unavailable, refused, unchecked = (
            own(collector, metrics.UNAVAILABLE),
            own(collector, metrics.REFUSED_PERCENT, "Average"),
            own(collector, metrics.UNCHECKED),
        )
        self._alarm("Failures", door.failures, 1, "trackers are answered 5xx and keep their events", periods=3)
        self._alarm("Unavailable", unavailable, 1, "the stream does not take what comes: add shards", periods=3)
        self._alarm("Refused", refused, REFUSED_PERCENT, "many requests are answered with an error", periods=3)
        self._alarm("Slow", door.latency_ms, SLOW_MS, "one of a hundred clients waits this many ms", periods=3)
        self._alarm("Unchecked", unchecked, 1, "the table of limits does not answer: nobody is limited", periods=3)
        errors = function.metric_errors(period=PERIOD)
        self._alarm("Errors", errors, 1, "failed, timed out or crashed: look at its log")
        throttles = function.metric_throttles(period=PERIOD)
        self._alarm("Throttles", throttles, 1, "no function is free: raise the account's limit or collectorConcurrency")
        for event in ("ReadThrottleEvents", "WriteThrottleEvents"):
            throttled = collector.limits.metric(event, statistic="Sum", period=PERIOD)
            self._alarm(f"Limits{event}", throttled, 1, "the table of limits refused requests", periods=3)

    def _alarm(self, name: str, metric: cloudwatch.Metric, threshold: float, meaning: str, periods: int = 1) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._config.prefix}-Collector{name}",
            alarm_description=f"Collector{name}: {meaning}",
            metric=metric.with_(period=PERIOD),
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)


def rows(collector: Collector) -> dict[str, list[cloudwatch.IMetric]]:
    """Graphs for the dashboard, by title."""
    door, function = collector.door, collector.function
    counts = [own(collector, name) for name in (metrics.REQUESTS, metrics.EVENTS, metrics.RECORDS)]
    refusals = [own(collector, name) for name in (metrics.UNAVAILABLE, metrics.LIMITED, metrics.RESENT)]
    return {
        "Collected": [*counts],
        "Not collected": [*refusals, door.failures, function.metric_throttles()],
        "A client waits": [door.latency_ms, function.metric_duration(statistic="p99")],
    }


def own(collector: Collector, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric that the function writes itself."""
    return cloudwatch.Metric(
        namespace=metrics.NAMESPACE,
        metric_name=name,
        dimensions_map={metrics.FUNCTION: collector.function.function_name},
        statistic=statistic,
        period=PERIOD,
    )
