"""What jobs published as metrics."""

from datetime import datetime, timedelta

import boto3

from clickstream import metrics


def published(around: datetime) -> dict[str, float]:
    """The greatest value of each metric of the ledger `ledger`, within years of a time."""
    client = boto3.client("cloudwatch")
    names = [found["MetricName"] for found in client.list_metrics(Namespace=metrics.NAMESPACE)["Metrics"]]
    years = timedelta(days=9999)
    return {
        name: client.get_metric_statistics(
            Namespace=metrics.NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": metrics.LEDGER, "Value": "ledger"}],
            Statistics=["Maximum"],
            StartTime=around - years,
            EndTime=around + years,
            Period=86400,
        )["Datapoints"][0]["Maximum"]
        for name in names
    }
