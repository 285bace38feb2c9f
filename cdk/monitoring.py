"""One dashboard to look at, and alarms on what must not wait until someone looks."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from cdk.batch import Batch
from cdk.collector import Collector
from cdk.collector_alarms import CollectorAlarms, rows
from cdk.config import Config
from cdk.ingest import STREAM_RETENTION, Ingest
from cdk.realtime import Realtime
from cdk.stream_function import StreamFunction
from cdk.traffic import Traffic
from clickstream import metrics

PERIOD = Duration.minutes(5)
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
LARGEST_ITERATOR_AGE_MS = int(STREAM_RETENTION.to_milliseconds()) // 4
"""Half of the age at which batches are given up: time to act."""
TOO_MANY_CALLS = 100
"""In five minutes, of what is to be called once a minute."""
AUDITED = Duration.hours(1)
"""How often the ledger is audited."""


class Monitoring(Construct):
    """Dashboard and alarms; every alarm tells the topic when it starts and when it ends.

    Attributes:
        dashboard_name: Name of the CloudWatch dashboard.
        dashboard_url: Its address in the console.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        ingest: Ingest,
        collector: Collector | None,
        realtime: Realtime,
        batch: Batch,
        traffic: Traffic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._tell = actions.SnsAction(realtime.topic)
        self._consumers = {"ProcessEvents": realtime.process_events, "DetectAnomalies": realtime.detect_anomalies}
        for name, consumer in self._consumers.items():
            self._watch_consumer(name, consumer)
        self._watch_stream(ingest)
        self._watch_tables(realtime)
        self._watch_batch(batch)
        self._watch_traffic(traffic)
        self._watch_ledger(realtime)
        self._watch_audit(realtime)
        self._watch_events(realtime)
        self._watch_alerts("DetectAnomalies", realtime.detect_anomalies.function.function_name)
        self._watch_alerts("Traffic", traffic.function.function_name)
        if collector:
            CollectorAlarms(self, "Collector", config=config, collector=collector, tell=self._tell)
        self.dashboard_name = config.prefix
        self.dashboard_url = (
            f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home"
            f"?region={Aws.REGION}#dashboards:name={self.dashboard_name}"
        )
        self._dashboard(ingest, collector, realtime, traffic)

    def _watch_consumer(self, name: str, consumer: StreamFunction) -> None:
        function = consumer.function
        age = function.metric("IteratorAge", statistic="Maximum", period=PERIOD)
        self._alarm(
            f"{name}Late", age, LARGEST_ITERATOR_AGE_MS, "reads the stream too slowly: records will be given up"
        )
        errors = function.metric_errors(period=PERIOD)
        self._alarm(f"{name}Errors", errors, 1, "failed, timed out or crashed: look at its log", periods=3)
        retries = _own(function.function_name, metrics.RETRIES)
        self._alarm(f"{name}Retries", retries, 1, "a service that it needs keeps failing: look at its log", periods=3)
        for event in ("DroppedEventCount", "OnFailureDestinationDeliveredEventCount"):
            count = cloudwatch.Metric(
                namespace="AWS/Lambda",
                metric_name=event,
                dimensions_map={"EventSourceMappingUUID": consumer.mapping.ref},
                statistic="Sum",
                period=PERIOD,
            )
            self._alarm(
                f"{name}{event.removesuffix('EventCount')}",
                count,
                1,
                "gave up events: their records lie in the failure bucket",
            )

    def _watch_stream(self, ingest: Ingest) -> None:
        throttled = ingest.stream.metric_write_provisioned_throughput_exceeded(statistic="Sum", period=PERIOD)
        self._alarm("StreamThrottled", throttled, 1, "the stream refused records: add shards")
        if self._config.stream_mode == "provisioned":
            incoming = ingest.stream.metric_incoming_bytes(statistic="Sum", period=Duration.minutes(3))
            self._alarm(
                "StreamHalfFull",
                incoming,
                self._config.busy_stream_bytes,
                "two consumers share the read side: add shards",
            )

    def _watch_tables(self, realtime: Realtime) -> None:
        for table in realtime.tables.all:
            for event in ("ReadThrottleEvents", "WriteThrottleEvents"):
                throttled = table.metric(event, statistic="Sum", period=PERIOD)
                self._alarm(f"{table.node.id}{event}", throttled, 1, "the table refused requests", periods=3)

    def _watch_batch(self, batch: Batch) -> None:
        for event in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
            count = cloudwatch.Metric(
                namespace="AWS/States",
                metric_name=event,
                dimensions_map={"StateMachineArn": batch.workflow.state_machine_arn},
                statistic="Sum",
                period=PERIOD,
            )
            self._alarm(f"Batch{event}", count, 1, "the lake is not being compacted: look at the Glue run")

    def _watch_ledger(self, realtime: Realtime) -> None:
        dimensions = {metrics.LEDGER: realtime.tables.ledger.table_name}
        for name, event, meaning in (
            ("CounterDifference", metrics.COUNTER_DIFFERENCE, "counters are not what has landed: `make repair`"),
            ("LedgerContradictions", metrics.LEDGER_CONTRADICTIONS, "commits do not add up: `make ledger` names them"),
            ("QualityFailures", metrics.QUALITY_FAILURES, "checks of the lake failed, reports wait: see the Glue run"),
            ("QualityWarnings", metrics.QUALITY_WARNINGS, "the lake looks odd: see check_quality in the Glue run"),
        ):
            found = cloudwatch.Metric(
                namespace=metrics.NAMESPACE,
                metric_name=event,
                dimensions_map=dimensions,
                statistic="Maximum",
                period=PERIOD,
            )
            self._alarm(name, found, 1, meaning)

    def _watch_audit(self, realtime: Realtime) -> None:
        """The audit publishes its numbers also when they are 0: without any it has not looked."""
        audits = cloudwatch.Metric(
            namespace=metrics.NAMESPACE,
            metric_name=metrics.COUNTER_DIFFERENCE,
            dimensions_map={metrics.LEDGER: realtime.tables.ledger.table_name},
            statistic="SampleCount",
            period=AUDITED,
        )
        self._alarm(
            "AuditSilent",
            audits,
            1,
            "the ledger was not audited for three hours, so nobody compares the counters: look at the Glue run",
            periods=3,
            missing=cloudwatch.TreatMissingData.BREACHING,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        )

    def _watch_events(self, realtime: Realtime) -> None:
        bad = _own(realtime.process_events.function.function_name, metrics.BAD_PERCENT, "Average")
        meaning = "many events are refused: `sql/bad_events.sql` says why; repair the producer, or `make recover BAD=1`"
        self._alarm("BadEvents", bad, self._config.bad_events_alarm_percent, meaning, periods=3)

    def _watch_traffic(self, traffic: Traffic) -> None:
        errors = traffic.function.metric_errors(period=PERIOD)
        self._alarm("TrafficErrors", errors, 1, "failed or timed out: look at its log", periods=3)
        calls = traffic.function.metric_invocations(period=PERIOD)
        # Without any call there is no number at all: for this alarm alone, that is what it looks for.
        missing = cloudwatch.TreatMissingData.BREACHING
        self._alarm(
            "TrafficStale", calls, TOO_MANY_CALLS, "is not called, or far too often", periods=3, missing=missing
        )

    def _watch_alerts(self, name: str, function_name: str) -> None:
        """CloudWatch has a permission of its own for the topic, so it can tell what the function could not."""
        failed = _own(function_name, metrics.ALERTS_FAILED)
        meaning = "found anomalies and could tell nobody: see batch_jobs/list_anomalies.py, and whether it may publish"
        self._alarm(f"{name}AlertsFailed", failed, 1, meaning, periods=3)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        meaning: str,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        comparison: cloudwatch.ComparisonOperator = AT_LEAST,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._config.prefix}-{name}",
            alarm_description=f"{name}: {meaning}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)

    def _dashboard(self, ingest: Ingest, collector: Collector | None, realtime: Realtime, traffic: Traffic) -> None:
        stream, functions = ingest.stream, [consumer.function for consumer in self._consumers.values()]
        process, detect = (function.function_name for function in functions)
        graphs: dict[str, list[cloudwatch.IMetric]] = {
            **(rows(collector) if collector else {}),
            "Events": [_own(process, name) for name in (metrics.EVENTS, metrics.LANDED, metrics.BAD)],
            "Age of the oldest event when done": [_own(process, metrics.LATENCY_MS, s) for s in ("Maximum", "p50")],
            "Stream": [stream.metric_incoming_records(), stream.metric_incoming_bytes()],
            "Lag of the consumers": [f.metric("IteratorAge", statistic="Maximum") for f in functions],
            "Errors": [f.metric_errors() for f in functions],
            "Duration": [f.metric_duration(statistic="Maximum") for f in functions],
            "Write units of the tables": [t.metric_consumed_write_capacity_units() for t in realtime.tables.all],
            "Anomalies": [_own(detect, name) for name in (metrics.ANOMALIES, metrics.ALERTS)],
        }
        watched = traffic.function.function_name
        graphs["Traffic"] = [
            _own(watched, name) for name in (metrics.MINUTES, metrics.ANOMALIES, metrics.ALERTS_FAILED)
        ]
        widgets = [cloudwatch.GraphWidget(title=title, left=left, width=12) for title, left in graphs.items()]
        pairs = [widgets[start : start + 2] for start in range(0, len(widgets), 2)]
        cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self.dashboard_name, widgets=pairs)


def _own(function: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric that the function writes itself."""
    return cloudwatch.Metric(
        namespace=metrics.NAMESPACE,
        metric_name=name,
        dimensions_map={metrics.FUNCTION: function},
        statistic=statistic,
        period=PERIOD,
    )
