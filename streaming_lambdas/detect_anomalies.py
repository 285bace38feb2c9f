"""Lambda: a batch of the stream → session metrics, anomalies, alerts. Decode, one call, answer."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3

from aws_stores import CONFIG, DynamoTable, call, stream_epoch
from clickstream import metrics
from clickstream.detection.alerting import Alert
from clickstream.detection.detecting import AnomalyDetector
from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import all_done, decode_batch, retry_from
from clickstream.intake.portions import portion
from clickstream.positions import Epochs
from clickstream.settings import DetectAnomaliesSettings, load

FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "detect_anomalies")
"""Name of the deployed function, set by Lambda: tells the environments of one account apart in metrics."""
WRITERS = 8
"""Session pages are independent items: this many are written at the same time."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda's signature
    """Take one batch in. A failed service has the whole batch delivered again, too many events the rest of them."""
    part = portion(decode_batch(event))
    batch = part.batch
    try:
        found = detector().detect(batch)
    except InfrastructureError as error:
        sys.stdout.write(metrics.retry_line(FUNCTION, _now(), batch.shard_id, error) + "\n")
        return retry_from(batch.records[0].sequence_number)
    values = {
        metrics.SESSIONS: found.sessions,
        metrics.ANOMALIES: found.anomalies,
        metrics.ALERTS: found.alerts,
        metrics.ALERTS_FAILED: found.alerts_failed,
        metrics.ALERTS_HELD: found.alerts_held,
    }
    properties = {"shard_id": batch.shard_id, **metrics.trouble(found.problem)}
    sys.stdout.write(metrics.line(FUNCTION, _now(), values, **properties) + "\n")
    return retry_from(part.rest) if part.rest else all_done()


@cache
def detector() -> AnomalyDetector:
    """The detector of this container, built from its settings at the first batch."""
    settings = load(DetectAnomaliesSettings, os.environ)
    sns = boto3.client("sns", config=CONFIG)

    def publish(alert: Alert) -> None:
        subject = f"Clickstream anomaly: {alert.rule}"
        call(sns.publish, TopicArn=settings.topic_arn, Subject=subject, Message=json.dumps(alert.message()))

    return AnomalyDetector(
        session_metrics=DynamoTable(settings.session_metrics_table),
        anomalies=DynamoTable(settings.anomalies_table),
        publish=publish,
        epochs=Epochs(stream_epoch, _now),
        now=_now,
        retention_days=settings.retention_days,
        each=ThreadPoolExecutor(WRITERS).map,
    )


def _now() -> datetime:
    return datetime.now(UTC)
