"""What may explain that a function did not do its part: its mapping, its log, the failure bucket; only looked at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3

from aws_processor import mappings_of
from aws_stores import CONFIG, S3Bucket, call
from batch_jobs.proof.proving import Proof, is_on_this_machine
from clickstream.errors import InfrastructureError
from clickstream.stream.failures import failed_keys

LETTERS = 300
LINES = 100
LOOK_BACK = timedelta(minutes=1)
"""Before the events were sent: a function that fails all the time has said so earlier, too."""
_WELL = {"OK", "No records processed"}
_TROUBLE = ("error", "ERROR", "Traceback", "Task")
"""Words of a line that tells of a failure (`Task timed out after …`); no line of ours holds one when all is well."""


def of_function(proof: Proof, function: str) -> list[str]:
    """Everything suspicious about a function that reads the stream, and where its log is."""
    found = [*_of_mapping(function), *_of_log(function, proof.marked.sent_time - LOOK_BACK), *_given_up(proof)]
    return [*found, f"see the log group {log_group(function)}"]


def log_group(function: str) -> str:
    """Where Lambda puts what the function says."""
    return f"/aws/lambda/{function}"


def _of_mapping(function: str) -> Iterator[str]:
    try:
        mappings = mappings_of(function)
    except InfrastructureError as error:
        yield f"the mappings of {function} cannot be listed: {error}"
        return
    if not mappings:
        yield f"{function} has no event source mapping: deploy the stack again"
    for mapping in mappings:
        state, result = mapping.get("State", ""), mapping.get("LastProcessingResult", "")
        if state != "Enabled" and not is_on_this_machine():
            yield (
                f"the event source mapping {mapping['UUID']} of {function} is {state}: "
                f"aws lambda update-event-source-mapping --uuid {mapping['UUID']} --enabled"
            )
        elif result and result not in _WELL:
            yield f"the event source mapping {mapping['UUID']} of {function} says: {result}"


def _of_log(function: str, since: datetime) -> Iterator[str]:
    """The newest line of its log that tells of trouble."""
    pages: Any = boto3.client("logs", config=CONFIG).get_paginator("filter_log_events")
    where = {"logGroupName": log_group(function), "startTime": int(since.timestamp() * 1000)}
    # One word at a time: the emulator takes no more than two in a pattern.
    searches = [pages.paginate(**where, filterPattern=word, PaginationConfig={"MaxItems": LINES}) for word in _TROUBLE]
    try:
        events = call(lambda: [event for search in searches for page in search for event in page["events"]])
    except InfrastructureError as error:
        yield f"its log cannot be read: {error}"
        return
    if events:
        newest = max(events, key=lambda event: event["timestamp"])
        yield f"{function} failed: {newest['message'].strip()[-LETTERS:]}"


def _given_up(proof: Proof) -> Iterator[str]:
    try:
        count = len(failed_keys(S3Bucket(proof.names["FailureBucketName"])))
    except InfrastructureError as error:
        yield f"the failure bucket cannot be read: {error}"
        return
    if count:
        yield f"{count} batches that were given up lie in {proof.names['FailureBucketName']}: `make recover`"
