"""The usual endpoint: Flask and boto3, one record an event, no look at what PutRecords refused. Run by gunicorn."""

import json
import os
from typing import Any

import boto3
from flask import Flask, request

app = Flask(__name__)
kinesis = boto3.client("kinesis")
STREAM = os.environ.get("STREAM", "events")


@app.post("/v1/batch")  # type: ignore[untyped-decorator]  # Flask is in another environment
def batch() -> tuple[dict[str, bool], int]:
    """Segment's batch → flat events with five fields → the stream."""
    events = [
        {
            "event_type": event.get("type"),
            "event_id": event.get("messageId"),
            "anonymous_id": event.get("anonymousId"),
            "timestamp": event.get("timestamp"),
            "ip_address": request.remote_addr,
        }
        for event in request.get_json()["batch"]
    ]
    records: list[Any] = [
        {"Data": json.dumps(event).encode(), "PartitionKey": event["anonymous_id"] or "-"} for event in events
    ]
    kinesis.put_records(StreamName=STREAM, Records=records)
    return {"success": True}, 200
