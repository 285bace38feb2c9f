"""The function that a mapping feeds: it does with each record what the record says, and notes every invocation.

It runs in the service, alone: nothing of this project is there. A note is an object named by the time.
"""

import base64
import json
import os
import time
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Note the records, then do the first deed that is not `done`. Raises `ValueError` if that is to raise."""
    records = [
        (one["kinesis"]["sequenceNumber"], json.loads(base64.b64decode(one["kinesis"]["data"])))
        for one in event["Records"]
    ]
    key = f"notes/{os.environ['SCENARIO']}/{time.time_ns():020}"
    body = json.dumps({"records": [one["n"] for _, one in records], "event_keys": sorted(event["Records"][0])})
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body.encode())
    deeds = {one["does"] for _, one in records}
    if "raise" in deeds:
        raise ValueError("as the record says")
    if "name_unknown" in deeds:
        return {"batchItemFailures": [{"itemIdentifier": "nobody"}]}
    if "report_nothing" in deeds:
        return {"batchItemFailures": []}
    failed = [number for number, one in records if one["does"] == "report"]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]} if failed else None
