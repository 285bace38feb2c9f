"""A topic for alerts, and the queue behind it that a test reads them from."""

import json
from typing import Any

import boto3


def topic_with_queue() -> str:
    """The ARN of a new topic whose messages go into a queue."""
    topic: str = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    listening(topic)
    return topic


def listening(topic: str) -> None:
    """Put a queue behind a topic."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})


def messages() -> list[dict[str, Any]]:
    """The alerts in the queue, at most ten."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="alerts")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]
