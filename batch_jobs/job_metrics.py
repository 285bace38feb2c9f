"""Metrics of a job. Nobody searches its log for embedded ones, so they are published by a call."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3

from aws_stores import CONFIG, call
from clickstream import metrics


def publish(ledger_table: str, at: datetime, values: Mapping[str, float]) -> None:
    """Publish the values under the ledger's name, which tells environments apart. Raises `InfrastructureError`."""
    common = {"Dimensions": [{"Name": metrics.LEDGER, "Value": ledger_table}], "Timestamp": at}
    data: list[Any] = [
        {"MetricName": name, "Value": value, "Unit": metrics.unit_of(name), **common} for name, value in values.items()
    ]
    call(boto3.client("cloudwatch", config=CONFIG).put_metric_data, Namespace=metrics.NAMESPACE, MetricData=data)
