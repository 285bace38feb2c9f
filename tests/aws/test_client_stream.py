"""Sending into a stream of an account in memory: what arrives, where, and how a stream is found."""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
import pyarrow as pa
import pytest
from botocore.stub import Stubber

from clickstream_tracker.errors import SendError
from test_client.__main__ import main
from test_client.source import examine
from test_client.stream import stack_output


@pytest.fixture
def stream(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stream of two shards."""
    for name in ("STREAM_NAME", "STACK_NAME"):
        monkeypatch.delenv(name, raising=False)
    boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=2)
    return "clicks"


@pytest.fixture
def day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A simulated day in a file."""
    path = tmp_path / "day.ndjson.zst"
    assert main(["simulate", "--events", "3000", "--seed", "2", "--out", str(path)]) == 0
    capsys.readouterr()
    return path


def records_of(stream: str) -> dict[str, list[dict[str, Any]]]:
    """Everything in the stream, by shard, in order."""
    kinesis = boto3.client("kinesis")
    found: dict[str, list[dict[str, Any]]] = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        place = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records: list[dict[str, Any]] = []
        while answer := kinesis.get_records(ShardIterator=place, Limit=1_000):
            if not answer["Records"]:
                break
            records += [dict(record) for record in answer["Records"]]
            place = answer["NextShardIterator"]
        found[shard["ShardId"]] = records
    return found


def lines_of(record: dict[str, Any]) -> list[bytes]:
    """The lines of a packed record."""
    data: bytes = pa.input_stream(io.BytesIO(record["Data"]), compression="zstd").read()
    return data.split(b"\n")


def test_a_day_arrives_whole_and_in_order(stream: str, day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is in the stream once, both shards are used, and a session's lines are on one shard in file order."""
    assert main(["send", str(day), "--stream", stream]) == 0
    result = json.loads(capsys.readouterr().out)
    shards = {
        shard: [line for record in records for line in lines_of(record)]
        for shard, records in records_of(stream).items()
    }
    items = list(examine(day).items())
    assert Counter(line for lines in shards.values() for line in lines) == Counter(item.data for item in items)
    assert result["sent"] == len(items)
    assert all(len(lines) > 500 for lines in shards.values())
    by_session: dict[str, list[bytes]] = defaultdict(list)
    for item in items:
        if item.session_id:
            by_session[item.session_id].append(item.data)
    places = [{line: place for place, line in enumerate(lines)} for lines in shards.values()]
    for lines in by_session.values():
        (home,) = [place for place in places if lines[0] in place]
        assert [home[line] for line in lines] == sorted(home[line] for line in lines)


def test_totals_are_those_of_the_stream(stream: str, day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records, bytes and lines without a session are counted as accepted."""
    assert main(["send", str(day), "--stream", stream]) == 0
    result = json.loads(capsys.readouterr().out)
    records = [record for found in records_of(stream).values() for record in found]
    assert result["records"] == len(records)
    assert result["bytes"] == sum(len(record["Data"]) for record in records)
    assert result["bad_hint"] == sum(item.session_id is None for item in examine(day).items()) > 0
    assert (result["unsent"], result["retried_records"], result["format"]) == (0, 0, "ndjson")


def test_raw_is_one_line_a_record(stream: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Raw records hold the lines themselves, bad ones unchanged."""
    lines = [b'{"session_id":"%d"}' % number for number in range(40)] + [b"bad \xff"]
    (tmp_path / "f.ndjson").write_bytes(b"\n".join(lines))
    assert main(["send", str(tmp_path / "f.ndjson"), "--stream", stream, "--raw"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 41
    assert Counter(record["Data"] for found in records_of(stream).values() for record in found) == Counter(lines)


def test_arrival_times_are_in_the_partition_keys(stream: str, day: Path) -> None:
    """Keys name bucket and arrival, ordered within a shard to the minute, and no record spans two minutes."""
    assert main(["send", str(day), "--stream", stream, "--arrival-times", "--buckets", "2"]) == 0
    sent_at = {item.data: item.arrival_ms for item in examine(day).items()}
    for records in records_of(stream).values():
        arrivals = [int(record["PartitionKey"].partition("@")[2]) for record in records]
        assert [time // 60_000 for time in arrivals] == sorted(time // 60_000 for time in arrivals)
        for record, arrival in zip(records, arrivals, strict=True):
            times = [time for time in map(sent_at.get, lines_of(record)) if time]
            assert {time // 60_000 for time in times} <= {arrival // 60_000}


def described(outputs: dict[str, str]) -> dict[str, Any]:
    """The answer of DescribeStacks for a stack with these outputs."""
    rows = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    stack = {"StackName": "shop", "CreationTime": datetime(2026, 6, 1, tzinfo=UTC), "StackStatus": "CREATE_COMPLETE"}
    return {"Stacks": [{**stack, "Outputs": rows}]}


@pytest.fixture
def cloudformation(aws: None) -> Iterator[Stubber]:
    """CloudFormation with prepared answers."""
    with Stubber(boto3.client("cloudformation")) as stubber:
        yield stubber


def test_the_stack_names_the_stream(cloudformation: Stubber) -> None:
    """The output StreamName of the stack is taken, whatever else it puts out."""
    answer = described({"BucketName": "b", "StreamName": "clicks-1"})
    cloudformation.add_response("describe_stacks", answer, {"StackName": "shop"})
    assert stack_output(cast("Any", cloudformation).client, "shop") == "clicks-1"


def test_stacks_that_do_not_help_are_one_sentence(cloudformation: Stubber) -> None:
    """A stack without the output, and one that does not exist, say what to do."""
    cloudformation.add_response("describe_stacks", described({"BucketName": "b"}))
    with pytest.raises(SendError, match="stack shop has no output StreamName"):
        stack_output(cast("Any", cloudformation).client, "shop")
    cloudformation.add_client_error("describe_stacks", "ValidationError", "Stack with id shop does not exist")
    with pytest.raises(SendError, match="there is no stack named shop"):
        stack_output(cast("Any", cloudformation).client, "shop")


def test_a_missing_stream_is_one_sentence(
    stream: str,
    day: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STREAM_NAME is used when no option names a stream, and its absence is named."""
    monkeypatch.setenv("STREAM_NAME", "gone")
    assert main(["send", str(day)]) == 1
    printed = capsys.readouterr()
    assert "there is no stream named gone" in printed.err
    assert json.loads(printed.out)["sent"] == 0
