"""The Python tracker against the API of Kinesis, and as a package of its own."""

import json
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import boto3
import pytest
import zstandard

from clickstream_tracker import Tracker

PROJECT = Path(__file__).parents[2] / "trackers/python"


@pytest.fixture
def stream(aws: None) -> str:
    """A stream of two shards."""
    boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=2)
    return "clicks"


def shards_of(stream: str) -> list[list[dict[str, object]]]:
    """The events of each shard, in order."""
    kinesis = boto3.client("kinesis")
    found = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        place = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        records = kinesis.get_records(ShardIterator=place["ShardIterator"])["Records"]
        packed = [zstandard.ZstdDecompressor().decompress(record["Data"]) for record in records]
        found.append([json.loads(line) for data in packed for line in data.split(b"\n")])
    return found


def test_events_reach_a_stream_with_a_client_of_the_environment(stream: str) -> None:
    """Both shards are used, a session is on one of them and in order, and every event is accepted once."""
    with Tracker(stream) as tracker:
        for number in range(400):
            tracker.track("click", session_id=f"s-{number % 40}", event_id=str(number))
    shards = shards_of(stream)
    assert sorted(int(str(event["event_id"])) for events in shards for event in events) == list(range(400))
    sessions = [{event["session_id"] for event in events} for events in shards]
    assert all(sessions)
    assert not sessions[0] & sessions[1]
    for events in shards:
        for session in {event["session_id"] for event in events}:
            ids = [int(str(event["event_id"])) for event in events if event["session_id"] == session]
            assert ids == sorted(ids)
    assert tracker.totals.accepted == 400


def test_a_missing_stream_ends_the_program_soon(aws: None, caplog: pytest.LogCaptureFixture) -> None:
    """The events are undelivered, and the log says what to do."""
    with Tracker("gone") as tracker:
        tracker.track("click")
    assert tracker.totals.undelivered == 1
    assert "there is no stream named gone: deploy the stack first" in caplog.text


def test_the_first_lines_of_the_readme(stream: str) -> None:
    """They run as they stand, with another stream."""
    text = (PROJECT / "README.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    exec(code.replace("clickstream-production", stream), {})  # noqa: S102 - our own page
    (event,) = [event for events in shards_of(stream) for event in events]
    assert (event["event_type"], event["revenue"]) == ("purchase", "9.90")


def test_the_package_holds_itself_alone(tmp_path: Path) -> None:
    """Its wheel has the modules of the folder, and asks for boto3 and zstandard."""
    words = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), "."]
    subprocess.run([sys.executable, *words], cwd=PROJECT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
        (metadata,) = [name for name in opened.namelist() if name.endswith("METADATA")]
        told = message_from_string(opened.read(metadata).decode())
    folder = PROJECT / "clickstream_tracker"
    assert names == {f"clickstream_tracker/{path.name}" for path in folder.iterdir() if path.is_file()}
    assert [re.split("[<>=]", name)[0] for name in told.get_all("Requires-Dist", [])] == ["boto3", "zstandard"]
    assert told["License-Expression"] == "Apache-2.0"
