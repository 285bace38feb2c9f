"""Alarms on what must not wait until someone looks, each tied to an objective (docs/runbook.md), and a dashboard."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk.alarms import LESS_THAN, PERIOD, SILENCE, Alarms, of_function, of_jobs, of_service
from cdk.batch import Batch
from cdk.collector import Collector
from cdk.collector_alarms import CollectorAlarms
from cdk.config import Config
from cdk.dashboard import add_dashboard
from cdk.ingest import STREAM_RETENTION, Ingest
from cdk.lake import Lake
from cdk.realtime import Realtime
from cdk.stream_function import StreamFunction
from cdk.traffic import Traffic
from clickstream import metrics

LARGEST_ITERATOR_AGE_MS = int(STREAM_RETENTION.to_milliseconds()) // 4
"""Half of the age at which batches are given up: time to act."""
LARGEST_LATENCY_MS = 300_000
LARGEST_COMPACTION_LAG_MINUTES = 120
TOO_MANY_CALLS = 100
"""In five minutes, of what is to be called once a minute."""
AUDITED = Duration.hours(1)
"""How often the ledger is audited."""
REPORTED = Duration.days(1)
"""How often reports run."""
FAILED_RUNS = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


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
        config: Config,
        ingest: Ingest,
        collector: Collector | None,
        realtime: Realtime,
        batch: Batch,
        traffic: Traffic,
        lake: Lake,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._alarms = Alarms(self, config.prefix, realtime.topic)
        self._watch_consumer("ProcessEvents", realtime.process_events)
        self._watch_consumer("DetectAnomalies", realtime.detect_anomalies)
        self._watch_stream(ingest)
        self._watch_tables(realtime)
        self._watch_batch(batch)
        self._watch_traffic(traffic)
        ledger = realtime.tables.ledger.table_name
        self._watch_ledger(ledger)
        self._watch_lags(ledger)
        self._watch_silence(ledger, ingest)
        self._watch_events(realtime)
        self._watch_alerts("DetectAnomalies", realtime.detect_anomalies.function.function_name)
        self._watch_alerts("Traffic", traffic.function.function_name)
        if collector:
            CollectorAlarms(self, "Collector", config, collector, realtime.topic)
        self.dashboard_name = config.prefix
        self.dashboard_url = (
            f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home"
            f"?region={Aws.REGION}#dashboards:name={self.dashboard_name}"
        )
        add_dashboard(self, self.dashboard_name, ingest, collector, realtime, traffic, lake)

    def _watch_consumer(self, name: str, consumer: StreamFunction) -> None:
        function = consumer.function
        age = function.metric("IteratorAge", statistic="Maximum", period=PERIOD)
        meaning = "reads the stream too slowly: records will be given up"
        self._alarms.add(f"{name}Late", age, LARGEST_ITERATOR_AGE_MS, meaning, "a-consumer-is-late")
        errors = function.metric_errors(period=PERIOD)
        meaning = "failed, timed out or crashed: look at its log"
        self._alarms.add(f"{name}Errors", errors, 1, meaning, "a-function-fails", periods=3)
        retries = of_function(function.function_name, metrics.RETRIES)
        meaning = "a service that it needs keeps failing: look at its log"
        self._alarms.add(f"{name}Retries", retries, 1, meaning, "a-function-fails", periods=3)
        for event in ("DroppedEventCount", "OnFailureDestinationDeliveredEventCount"):
            count = of_service("AWS/Lambda", event, {"EventSourceMappingUUID": consumer.mapping.ref})
            meaning = "gave up events: their records lie in the failure bucket"
            self._alarms.add(f"{name}{event.removesuffix('EventCount')}", count, 1, meaning, "batches-were-given-up")

    def _watch_stream(self, ingest: Ingest) -> None:
        section = "the-stream-is-full"
        throttled = ingest.stream.metric_write_provisioned_throughput_exceeded(statistic="Sum", period=PERIOD)
        self._alarms.add("StreamThrottled", throttled, 1, "the stream refused records: add shards", section)
        if self._config.stream_mode == "provisioned":
            incoming = ingest.stream.metric_incoming_bytes(statistic="Sum", period=Duration.minutes(3))
            meaning, most = "two consumers share the read side: add shards", self._config.busy_stream_bytes
            self._alarms.add("StreamHalfFull", incoming, most, meaning, section)

    def _watch_tables(self, realtime: Realtime) -> None:
        for table in realtime.tables.all:
            for event in ("ReadThrottleEvents", "WriteThrottleEvents"):
                throttled = table.metric(event, statistic="Sum", period=PERIOD)
                meaning = "the table refused requests"
                self._alarms.add(
                    f"{table.node.id}{event}", throttled, 1, meaning, "a-table-refuses-requests", periods=3
                )

    def _watch_batch(self, batch: Batch) -> None:
        for event in FAILED_RUNS:
            count = of_service("AWS/States", event, {"StateMachineArn": batch.workflow.state_machine_arn})
            meaning = "the lake is not being compacted: look at the Glue run"
            self._alarms.add(f"Batch{event}", count, 1, meaning, "the-batch-fails")

    def _watch_ledger(self, ledger: str) -> None:
        for name, event, meaning, section in (
            ("CounterDifference", metrics.COUNTER_DIFFERENCE, "counters are not what has landed", "counters-differ"),
            ("LedgerContradictions", metrics.LEDGER_CONTRADICTIONS, "commits do not add up", "the-ledger-is-broken"),
            ("QualityFailures", metrics.QUALITY_FAILURES, "checks of the lake failed, reports wait", "the-lake-is-odd"),
            ("QualityWarnings", metrics.QUALITY_WARNINGS, "the lake looks odd", "the-lake-is-odd"),
        ):
            self._alarms.add(name, of_jobs(ledger, event), 1, meaning, section)

    def _watch_lags(self, ledger: str) -> None:
        lag = of_jobs(ledger, metrics.COMPACTION_LAG_MINUTES)
        meaning = "an hour is not in raw_events two hours after its end"
        self._alarms.add("CompactionLate", lag, LARGEST_COMPACTION_LAG_MINUTES, meaning, "compaction-is-late")
        lag = of_jobs(ledger, metrics.REPORT_LAG_HOURS)
        self._alarms.add("ReportsLate", lag, 1, "a day has no report after the run of the reports", "reports-are-late")

    def _watch_silence(self, ledger: str, ingest: Ingest) -> None:
        """The steps publish their numbers also when they are 0: without any they have not looked."""
        audits = of_jobs(ledger, metrics.COUNTER_DIFFERENCE, "SampleCount", AUDITED)
        meaning = "the ledger was not audited for three hours, so nobody compares the counters"
        self._silent("AuditSilent", audits, meaning, "nobody-audits", periods=3)
        runs = of_jobs(ledger, metrics.REPORT_LAG_HOURS, "SampleCount", REPORTED)
        self._silent("ReportsSilent", runs, "no reports were made for two days", "reports-are-late", periods=2)
        if minutes := self._config.silent_stream_minutes:
            period = Duration.minutes(minutes)
            records = ingest.stream.metric_incoming_records(statistic="Sum", period=period)
            self._silent("StreamSilent", records, f"no record came in for {minutes} minutes", "no-events-come")

    def _silent(self, name: str, metric: cloudwatch.IMetric, meaning: str, section: str, periods: int = 1) -> None:
        self._alarms.add(name, metric, 1, meaning, section, periods, missing=SILENCE, comparison=LESS_THAN)

    def _watch_events(self, realtime: Realtime) -> None:
        process = realtime.process_events.function.function_name
        bad, most = of_function(process, metrics.BAD_PERCENT, "Average"), self._config.bad_events_alarm_percent
        self._alarms.add("BadEvents", bad, most, "many events are refused", "many-events-are-bad", periods=3)
        latency = of_function(process, metrics.LATENCY_MS, "Maximum")
        meaning = "live counters are five minutes behind"
        self._alarms.add("CountersLate", latency, LARGEST_LATENCY_MS, meaning, "a-consumer-is-late", periods=3)

    def _watch_traffic(self, traffic: Traffic) -> None:
        errors = traffic.function.metric_errors(period=PERIOD)
        meaning = "failed or timed out: look at its log"
        self._alarms.add("TrafficErrors", errors, 1, meaning, "a-function-fails", periods=3)
        calls = traffic.function.metric_invocations(period=PERIOD)
        # Without any call there is no number at all, and that is what it looks for.
        meaning, section = "is not called, or far too often", "nobody-watches-the-traffic"
        self._alarms.add("TrafficStale", calls, TOO_MANY_CALLS, meaning, section, periods=3, missing=SILENCE)

    def _watch_alerts(self, name: str, function_name: str) -> None:
        """CloudWatch has a permission of its own for the topic, so it can tell what the function could not."""
        failed = of_function(function_name, metrics.ALERTS_FAILED)
        meaning = "found anomalies and could tell nobody"
        self._alarms.add(f"{name}AlertsFailed", failed, 1, meaning, "alerts-fail", periods=3)
