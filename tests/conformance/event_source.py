"""What an event source mapping does with a batch: which records each invocation held, and what was given up."""

import json
import time
from collections.abc import Sequence
from typing import Any

from tests.conformance.scenarios import BATCHES, Batch
from tests.conformance.scratch import Scratch
from tests.conformance.transcripts import Recorder

KIND = "event_source"
LAST = 99
"""Number of the record that is put after the others: when it was delivered, all before it are settled."""
_POLL_S = {"aws": 5.0, "local": 0.3}
_LIMIT_S = 1800.0


def record(scratch: Scratch, recorder: Recorder) -> None:
    """Play every batch and keep what happened."""
    role = scratch.function_role()
    for batch in BATCHES:
        recorder.write(KIND, batch.name, _play(scratch, batch, role))
        print(f"{KIND} {batch.name}", flush=True)


def _play(scratch: Scratch, batch: Batch, role: str) -> dict[str, Any]:
    name = scratch.function(batch.name.replace("_", "-"), role)
    numbers = _put(scratch, name, [{"n": n, "does": deed} for n, deed in enumerate(batch.deeds)])
    functions = scratch.client("lambda")
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=f"arn:aws:kinesis:{scratch.region}:{scratch.account}:stream/{name}",
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        # On the local platform only its own runner is to deliver, not the emulator.
        Enabled=scratch.place == "aws",
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{scratch.name}"}},
        **batch.settings,
    )["UUID"]
    scratch.remove_later(functions.delete_event_source_mapping, UUID=mapping)
    _wait(scratch, batch, lambda notes: bool(notes))
    numbers |= _put(scratch, name, [{"n": LAST, "does": "done"}])
    notes = _wait(scratch, batch, lambda notes: any(LAST in note["records"] for note in notes))
    time.sleep(_POLL_S[scratch.place])
    return {
        "settings": dict(batch.settings),
        "deeds": list(batch.deeds),
        "invocations": [note["records"] for note in notes],
        "event_keys": notes[0]["event_keys"],
        "given_up": [_told(one, numbers) for one in _objects(scratch, f"aws/lambda/{mapping}/")],
    }


def comparable(transcript: dict[str, Any]) -> dict[str, Any]:
    """What two places must agree on: without the last record, which may come with others or alone."""
    invocations = [[n for n in records if n != LAST] for records in transcript["invocations"]]
    return {
        "invocations": [records for records in invocations if records],
        "event_keys": transcript["event_keys"],
        "given_up": transcript["given_up"],
    }


def _put(scratch: Scratch, stream: str, bodies: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Put records in one call; the number of each sequence number."""
    records = [{"Data": json.dumps(body).encode(), "PartitionKey": "one"} for body in bodies]
    put = scratch.client("kinesis").put_records(StreamName=stream, Records=records)
    assert not put["FailedRecordCount"], put
    return {one["SequenceNumber"]: body["n"] for one, body in zip(put["Records"], bodies, strict=True)}


def _wait(scratch: Scratch, batch: Batch, is_done: Any) -> list[dict[str, Any]]:
    """The notes of the function, oldest first, when they are as wanted. Raises `TimeoutError` after half an hour."""
    deadline = time.monotonic() + _LIMIT_S
    while not is_done(notes := _objects(scratch, f"notes/{batch.name.replace('_', '-')}/")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{batch.name}: {len(notes)} invocations after {_LIMIT_S:.0f} s, and no end")
        time.sleep(_POLL_S[scratch.place])
    return notes


def _objects(scratch: Scratch, prefix: str) -> list[dict[str, Any]]:
    s3 = scratch.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=scratch.name, Prefix=prefix)
    keys = sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))
    return [json.loads(s3.get_object(Bucket=scratch.name, Key=key)["Body"].read()) | {"_key": key} for key in keys]


def _told(given_up: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    """An object of the failure bucket by what it says; records by their numbers."""
    batch, request = given_up["KinesisBatchInfo"], given_up["requestContext"]
    parts = given_up["_key"].split("/")
    return {
        "keys": sorted(given_up.keys() - {"_key"}),
        "batch_keys": sorted(batch),
        "first": numbers[batch["startSequenceNumber"]],
        "last": numbers[batch["endSequenceNumber"]],
        "size": batch["batchSize"],
        "condition": request["condition"],
        "invocations": request["approximateInvokeCount"],
        "response": {name: value for name, value in given_up["responseContext"].items() if name != "executedVersion"},
        "version": given_up["version"],
        "key_parts": len(parts),
        "payload": [
            numbers[one["kinesis"]["sequenceNumber"]] for one in json.loads(given_up.get("payload", "{}"))["Records"]
        ],
    }
