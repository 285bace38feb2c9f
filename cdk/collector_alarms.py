"""What of the collector is watched: requests that were not taken, and clients that wait."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.alarms import PERIOD, Alarms, of_function
from cdk.collector import Collector
from cdk.config import Config
from clickstream import metrics

SLOW_MS = 3_000
REFUSED_PERCENT = 10
SECTION = "the-collector-refuses-requests"


class CollectorAlarms(Construct):
    """Alarms of the collector; every one says when it starts and when it ends."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, collector: Collector, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self._alarms = Alarms(self, config.prefix, topic, "Collector")
        door, function = collector.door, collector.function
        unavailable, refused, unchecked = (
            own(collector, metrics.UNAVAILABLE),
            own(collector, metrics.REFUSED_PERCENT, "Average"),
            own(collector, metrics.UNCHECKED),
        )
        self._add("Failures", door.failures, 1, "trackers are answered 5xx and keep their events", periods=3)
        self._add("Unavailable", unavailable, 1, "the stream does not take what comes: add shards", periods=3)
        self._add("Refused", refused, REFUSED_PERCENT, "many requests are answered with an error", periods=3)
        self._add("Slow", door.latency_ms, SLOW_MS, "one of a hundred clients waits this many ms", periods=3)
        self._add("Unchecked", unchecked, 1, "the table of limits does not answer: nobody is limited", periods=3)
        self._add("Errors", function.metric_errors(period=PERIOD), 1, "failed, timed out or crashed: look at its log")
        throttles = function.metric_throttles(period=PERIOD)
        self._add("Throttles", throttles, 1, "no function is free: raise the account's limit or collectorConcurrency")
        for event in ("ReadThrottleEvents", "WriteThrottleEvents"):
            throttled = collector.limits.metric(event, statistic="Sum", period=PERIOD)
            self._add(f"Limits{event}", throttled, 1, "the table of limits refused requests", periods=3)

    def _add(self, name: str, metric: cloudwatch.Metric, threshold: float, meaning: str, periods: int = 1) -> None:
        self._alarms.add(name, metric.with_(period=PERIOD), threshold, meaning, SECTION, periods)


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
    return of_function(collector.function.function_name, name, statistic)
