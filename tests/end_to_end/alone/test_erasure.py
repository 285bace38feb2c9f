"""A person is erased on the local platform: what names them is nowhere, also after it was sent once more."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from local_aws.state import StateFolder
from tests.end_to_end.started_platform import command
from tests.end_to_end.stored_words import places_of

STACK = ("--stack", "clickstream-local")
USER, DEVICE, SESSION = "canary-user-7f3a", "canary-device-7f3a", "canary-session-7f3a"
PERSON = ("--user", USER, "--anonymous", DEVICE, "--session", SESSION)
BATCH = "open_partitions,erase_events,compact_events,build_sessions,run_reports"


def history(folder: Path, hour: datetime, *bad: bytes) -> Path:
    """Events of the person and of somebody else in one hour, long over, and lines that are no events."""
    lines = []
    for minute in range(4):
        for user, device, session in ((USER, DEVICE, SESSION), ("other-user", "other-device", "other-session")):
            time = (hour + timedelta(minutes=minute)).isoformat()
            event = {"event_type": "page_view", "event_id": f"{session}-{minute}", "timestamp": time, "sent_at": time}
            event |= {"user_id": user, "anonymous_id": device, "session_id": session, "page_url": "https://x.test/"}
            lines.append(json.dumps(event).encode())
    path = folder / f"history-{len(bad)}.ndjson"
    path.write_bytes(b"\n".join([*lines, *bad]) + b"\n")
    return path


def send(path: Path, state: StateFolder) -> None:
    """Send a file as of its own time, and wait until every function has seen it."""
    command("test_client", "send", path, *STACK, "--arrival-times", "--raw")
    command("local_aws", "wait", "--state", state.root, "--timeout", "120")


def records_of(stream: str, shard: str) -> list[Any]:
    """What a shard holds."""
    kinesis = boto3.client("kinesis")
    start = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    return list(kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"])


def give_up(outputs: dict[str, str]) -> str:
    """Put a batch of the person where the event source mapping puts what it gives up; returns its key."""
    kinesis, stream = boto3.client("kinesis"), outputs["StreamName"]
    found = [
        (shard["ShardId"], record)
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        for record in records_of(stream, shard["ShardId"])
        if USER.encode() in record["Data"]
    ][:2]
    assert found
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    payload = {
        "Records": [
            {
                "eventID": f"{shard}:{record['SequenceNumber']}",
                "eventSourceARN": arn,
                "kinesis": {
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                },
            }
            for shard, record in found
        ]
    }
    function = boto3.client("lambda").get_function(FunctionName=outputs["ProcessEventsFunctionName"])
    body = {
        "requestContext": {"functionArn": function["Configuration"]["FunctionArn"]},
        "payload": json.dumps(payload),
    }
    key = "aws/lambda/given-up/shard/2026/11/21/batch.json"
    boto3.client("s3").put_object(Bucket=outputs["FailureBucketName"], Key=key, Body=json.dumps(body).encode())
    return key


def erased(*words: str) -> dict[str, object]:
    """Run the erasure; the last line that it prints."""
    return dict(json.loads(command("batch_jobs.erase_events", *STACK, *words).splitlines()[-1]))


def steps(names: str, *words: str | Path) -> None:
    """Run steps of the batch."""
    command("batch_jobs.run_steps", "--steps", names, *STACK, *words)


def test_nothing_names_the_person_afterwards(
    deployed: dict[str, str], platform_state: StateFolder, tmp_path: Path
) -> None:
    """Landing, lake, refused payloads, given-up batches, live items, sessions, reports: erased, and erased again."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    refused = f'{{"user_id": "{USER}", "session_id": '.encode()
    send(history(tmp_path, hour, refused), platform_state)
    steps(BATCH, "--whole", "--out", tmp_path / "out")
    key = give_up(deployed)
    before = places_of(USER, DEVICE, SESSION)
    for prefix in ("raw_events/", "bad_events/", "landing/", "sessions/", "reports/", "aws/lambda/"):
        assert any(f"/{prefix}" in name for name in before), prefix
    assert any(name.startswith(f"{deployed['SessionMetricsTableName']} ") for name in before)

    asked = erased(*PERSON)
    assert asked["state"] == "open"
    assert any(key in waits for waits in asked["waiting"])  # type: ignore[attr-defined]  # a list, by the job
    command("batch_jobs.recover_events", *STACK)
    later = (datetime.now(UTC) + timedelta(hours=25)).replace(tzinfo=None).isoformat(timespec="seconds")
    steps("compact_events,build_sessions")
    steps("build_sessions", "--now", later)
    assert erased()["state"] == "done"
    assert places_of(USER, DEVICE, SESSION) == []

    send(history(tmp_path, hour, refused), platform_state)
    assert any("/bad_events/" in name for name in places_of(USER, DEVICE, SESSION))
    steps(BATCH, "--whole", "--out", tmp_path / "out")
    assert places_of(USER, DEVICE, SESSION) == []
