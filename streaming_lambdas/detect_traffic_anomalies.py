"""Lambda, once a minute: complete minutes of the counters → traffic anomalies, alerts. One call, one line."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3

from aws_stores import CONFIG, DynamoTable, call
from clickstream import metrics
from clickstream.detection.traffic_alerting import TrafficAlert
from clickstream.detection.watching import TrafficDetector
from clickstream.settings import DetectTrafficAnomaliesSettings, load

FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "detect_traffic_anomalies")
"""Name of the deployed function, set by Lambda: tells the environments of one account apart in metrics."""
WRITERS = 8
"""Series are independent items: this many are written at the same time."""


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001  Lambda's signature
    """Take in what is complete. A failed service ends the run with an error; the next one does its work."""
    found = detector().detect()
    values = {
        metrics.SERIES: found.series,
        metrics.MINUTES: found.minutes,
        metrics.ANOMALIES: found.anomalies,
        metrics.ALERTS: found.alerts,
        metrics.ALERTS_FAILED: found.alerts_failed,
    }
    sys.stdout.write(metrics.line(FUNCTION, _now(), values, **metrics.trouble(found.problem)) + "\n")
    return values


@cache
def detector() -> TrafficDetector:
    """The detector of this container, built from its settings at the first run."""
    settings = load(DetectTrafficAnomaliesSettings, os.environ)
    sns = boto3.client("sns", config=CONFIG)

    def publish(alert: TrafficAlert) -> None:
        call(sns.publish, TopicArn=settings.topic_arn, Subject=alert.subject, Message=json.dumps(alert.message()))

    return TrafficDetector(
        counters=DynamoTable(settings.counters_table),
        states=DynamoTable(settings.traffic_states_table),
        anomalies=DynamoTable(settings.anomalies_table),
        publish=publish,
        now=_now,
        retention_days=settings.retention_days,
        each=ThreadPoolExecutor(WRITERS).map,
    )


def _now() -> datetime:
    return datetime.now(UTC)
