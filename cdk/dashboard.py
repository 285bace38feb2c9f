"""The one dashboard: a widget for each question that someone on call, or who pays, asks first."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.alarms import of_function, of_jobs, of_service
from cdk.collector import Collector
from cdk.collector_alarms import rows as collector_rows
from cdk.ingest import Ingest
from cdk.lake import Lake
from cdk.realtime import Realtime
from cdk.traffic import Traffic
from clickstream import metrics

Rows = dict[str, list[cloudwatch.IMetric]]
WIDTH = 12
"""Of 24 columns: two widgets stand beside each other."""
WORKED = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
THROTTLED = ("ReadThrottleEvents", "WriteThrottleEvents")


def add_dashboard(
    scope: Construct,
    name: str,
    ingest: Ingest,
    collector: Collector | None,
    realtime: Realtime,
    traffic: Traffic,
    lake: Lake,
) -> cloudwatch.Dashboard:
    """Events first, then what carries them, the ledger, the lake, and what it costs."""
    collected = collector_rows(collector) if collector else {}
    carriers, stored = _carriers(ingest, realtime, traffic), _lake(ingest, realtime, lake)
    rows: Rows = {**_events(realtime, traffic), **collected, **carriers, **stored}
    widgets = [cloudwatch.GraphWidget(title=title, left=left, width=WIDTH) for title, left in rows.items()]
    pairs = [widgets[start : start + 2] for start in range(0, len(widgets), 2)]
    return cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=name, widgets=pairs)


def _events(realtime: Realtime, traffic: Traffic) -> Rows:
    process, detect = (each.function.function_name for each in (realtime.process_events, realtime.detect_anomalies))
    watch = traffic.function.function_name
    types = (*metrics.EVENT_TYPES, metrics.OTHER_TYPE)
    return {
        "Events by type": [
            of_function(process, metrics.EVENTS_PROCESSED, **{metrics.EVENT_TYPE: each}) for each in types
        ],
        "Events: received, landed, bad": [
            of_function(process, name) for name in (metrics.EVENTS, metrics.LANDED, metrics.BAD)
        ],
        "Bad events, percent of a batch": [
            of_function(process, metrics.BAD_PERCENT, each) for each in ("Average", "Maximum")
        ],
        "End-to-end latency: age of the oldest event when counted": [
            of_function(process, metrics.LATENCY_MS, each) for each in ("p50", "p99", "Maximum")
        ],
        "Anomalies of sessions": [of_function(detect, name) for name in (metrics.ANOMALIES, metrics.ALERTS)],
        "Traffic": [of_function(watch, name) for name in (metrics.MINUTES, metrics.ANOMALIES, metrics.ALERTS_FAILED)],
    }


def _carriers(ingest: Ingest, realtime: Realtime, traffic: Traffic) -> Rows:
    consumers = [realtime.process_events.function, realtime.detect_anomalies.function]
    functions: list[lambda_.Function] = [*consumers, traffic.function]
    stream, tables = ingest.stream, realtime.tables.all
    return {
        "Stream": [
            stream.metric_incoming_records(statistic="Sum"),
            stream.metric_write_provisioned_throughput_exceeded(statistic="Sum"),
        ],
        "Iterator age of the consumers": [each.metric("IteratorAge", statistic="Maximum") for each in consumers],
        "Duration": [each.metric_duration(statistic="Maximum") for each in functions],
        "Errors and throttles of functions": [
            metric for each in functions for metric in (each.metric_errors(), each.metric_throttles())
        ],
        "Units of the tables": [metric for each in tables for metric in _of_table(each, WORKED)],
        "Throttled requests of the tables": [metric for each in tables for metric in _of_table(each, THROTTLED)],
    }


def _lake(ingest: Ingest, realtime: Realtime, lake: Lake) -> Rows:
    ledger = realtime.tables.ledger.table_name
    athena = {"WorkGroup": lake.workgroup_name}
    return {
        "Ledger: batches in no commit, contradictions": [
            of_jobs(ledger, name) for name in (metrics.GIVEN_UP_BATCHES, metrics.LEDGER_CONTRADICTIONS)
        ],
        "Counters: events by which they differ from the ledger": [of_jobs(ledger, metrics.COUNTER_DIFFERENCE)],
        "Compaction lag, minutes": [of_jobs(ledger, metrics.COMPACTION_LAG_MINUTES)],
        "Report lag, hours": [of_jobs(ledger, metrics.REPORT_LAG_HOURS)],
        "Checks of the lake": [of_jobs(ledger, name) for name in (metrics.QUALITY_FAILURES, metrics.QUALITY_WARNINGS)],
        "Cost: dollars of queries, bytes in and read": [
            of_jobs(ledger, metrics.QUERY_DOLLARS, "Sum"),
            ingest.stream.metric_incoming_bytes(statistic="Sum"),
            of_service("AWS/Athena", "ProcessedBytes", athena),
        ],
    }


def _of_table(table: dynamodb.Table, names: tuple[str, ...]) -> list[cloudwatch.IMetric]:
    return [table.metric(name, statistic="Sum") for name in names]
