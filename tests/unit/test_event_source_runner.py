"""The runner with its pumps over a stream in memory: order of shards, restarts, replaced mappings, failure objects.

All shards are closed, so that every pump comes to its end by itself.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clickstream.kinesis import decode_batch
from local_aws.checkpoints import Checkpoint, CheckpointStore
from local_aws.event_source import EventSourceRunner, RunnerOptions
from local_aws.failures import FailureDestinations
from local_aws.service_ports import ServicePorts
from local_aws.state import StateFolder

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:count"
NOW_S = 1_000_000.0
ROUNDS = 20


class Pages:
    """A paginator of one page."""

    def __init__(self, name: str, entries: list[dict[str, Any]]) -> None:
        self._page = {name: entries}

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """The page."""
        yield self._page


@dataclass
class FakeStream:
    """Closed shards: parents and record numbers by id."""

    parents: dict[str, tuple[str, ...]]
    numbers: dict[str, list[int]]

    def get_paginator(self, _name: str) -> Pages:
        """The shards."""
        words = ("ParentShardId", "AdjacentParentShardId")
        shards = [{"ShardId": name} | dict(zip(words, of, strict=False)) for name, of in self.parents.items()]
        return Pages("Shards", shards)

    def get_shard_iterator(self, **words: Any) -> dict[str, str]:
        """Behind the given record, or at the start."""
        after = int(words.get("StartingSequenceNumber", -1))
        return {"ShardIterator": f"{words['ShardId']}:{after}"}

    def get_records(self, **words: Any) -> dict[str, Any]:
        """Everything behind the iterator, and the end."""
        shard_id, _, after = words["ShardIterator"].partition(":")
        found = [number for number in self.numbers[shard_id] if number > int(after)]
        return {"Records": [_record(number) for number in found], "MillisBehindLatest": 0}


def _record(number: int) -> dict[str, Any]:
    class Moment:
        def timestamp(self) -> float:
            return NOW_S

    return {
        "SequenceNumber": f"{number:056d}",
        "PartitionKey": "p",
        "Data": b"%d" % number,
        "ApproximateArrivalTimestamp": Moment(),
    }


@dataclass
class FakeFunctions:
    """One function and its mapping; remembers the numbers of every invocation."""

    rule: Callable[[list[int]], dict[str, Any] | None]
    mapping: dict[str, Any]
    invocations: list[list[int]] = field(default_factory=list)

    def get_paginator(self, _name: str) -> Pages:
        """The mapping."""
        return Pages("EventSourceMappings", [{"EventSourceArn": STREAM, "FunctionArn": FUNCTION} | self.mapping])

    def invoke(self, **words: Any) -> dict[str, Any]:
        """Answer by the rule; None stands for an exception in the function."""
        numbers = [int(event["kinesis"]["sequenceNumber"]) for event in json.loads(words["Payload"])["Records"]]
        self.invocations.append(numbers)
        answer = self.rule(numbers)
        error = {"FunctionError": "Unhandled"} if answer is None else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())} | error


@dataclass
class FakeS3:
    """Takes objects."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put_object(self, **words: Any) -> None:
        """Keep the body."""
        self.objects[f"{words['Bucket']}/{words['Key']}"] = words["Body"]


@dataclass
class Platform:
    """A runner over the fakes; `run` starts it anew, as after a restart."""

    state: StateFolder
    stream: FakeStream
    functions: FakeFunctions
    s3: FakeS3 = field(default_factory=FakeS3)

    def run(self) -> None:
        """List and deliver until every readable shard is finished."""
        services = ServicePorts(
            kinesis=self.stream,  # type: ignore[arg-type]  # a fake with three methods
            functions=self.functions,  # type: ignore[arg-type]  # a fake with two methods
            destinations=FailureDestinations(self.s3, None, None),  # type: ignore[arg-type]  # a fake with one
        )
        runner = EventSourceRunner(services, self.state, RunnerOptions(), clock=lambda: NOW_S)
        for _ in range(ROUNDS):
            runner._list()
            for job in list(runner._jobs.values()):
                job.pump.join(10)
                assert not job.pump.is_alive()

    def done(self, shard_id: str, uuid: str = "u") -> int:
        """Records done by the mapping's checkpoint in the shard."""
        checkpoint = CheckpointStore(self.state.checkpoint_folder).load(uuid, shard_id)
        return checkpoint.done if checkpoint else 0


def _platform(
    folder: Path,
    rule: Callable[[list[int]], dict[str, Any] | None] = lambda _: {},
    parents: dict[str, tuple[str, ...]] | None = None,
    **mapping: Any,
) -> Platform:
    """Three records in each shard, numbered from ten times the place of the shard."""
    lineage: dict[str, tuple[str, ...]] = parents or {"a": ()}
    numbers = {name: [place * 10 + n for n in range(3)] for place, name in enumerate(lineage)}
    functions = FakeFunctions(rule, {"UUID": "u", "BatchSize": 10} | mapping)
    return Platform(StateFolder.at(folder), FakeStream(lineage, numbers), functions)


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        pytest.param({"a": (), "b": ("a",), "c": ("a",)}, [{0}, {10, 20}], id="split"),
        pytest.param({"a": (), "b": (), "c": ("a", "b")}, [{0, 10}, {20}], id="merge"),
        pytest.param({"c": ("b",), "b": ("a",), "a": ()}, [{20}, {10}, {0}], id="children listed first"),
    ],
)
def test_a_parent_is_read_to_its_end_before_its_children(
    tmp_path: Path, parents: dict[str, tuple[str, ...]], expected: list[set[int]]
) -> None:
    """After a split or a merge no record of a child is delivered before the last one of its parents."""
    platform = _platform(tmp_path, parents=parents)
    platform.run()
    starts = [numbers[0] for numbers in platform.functions.invocations]
    for group in expected:
        assert set(starts[: len(group)]) == group
        starts = starts[len(group) :]
    assert starts == []


def test_a_batch_is_of_one_shard_and_of_the_batch_size_at_most(tmp_path: Path) -> None:
    """Records of two shards never meet in an invocation, and order within a shard is kept."""
    platform = _platform(tmp_path, parents={"a": (), "b": ()}, BatchSize=2)
    platform.run()
    assert sorted(platform.functions.invocations) == [[0, 1], [2], [10, 11], [12]]


def test_a_restart_goes_on_behind_what_was_done(tmp_path: Path) -> None:
    """What the last process settled is not delivered again, in the middle of a shard and behind a finished one."""
    platform = _platform(tmp_path, parents={"a": (), "b": ()})
    store = CheckpointStore(platform.state.checkpoint_folder)
    store.save("u", "a", Checkpoint(f"{0:056d}", done=1))
    store.save("u", "b", Checkpoint(f"{12:056d}", done=2, discarded=1, is_finished=True))
    platform.run()
    assert platform.functions.invocations == [[1, 2]]
    assert (platform.done("a"), platform.done("b")) == (3, 2)


def test_a_replaced_mapping_begins_at_the_oldest_record(tmp_path: Path) -> None:
    """A new mapping with TRIM_HORIZON knows nothing of the old one's checkpoints: everything is delivered again."""
    platform = _platform(tmp_path)
    platform.run()
    platform.functions.mapping["UUID"] = "v"
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [0, 1, 2]]
    assert platform.done("a", "v") == 3


def test_a_given_up_batch_is_an_object_that_can_be_fed_back(tmp_path: Path) -> None:
    """Key, condition, counts and payload are those of the service, and the payload is a batch for the handlers."""
    destination = {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}
    rule: Callable[[list[int]], dict[str, Any] | None] = lambda numbers: None if 1 in numbers else {}  # noqa: E731  a rule
    platform = _platform(
        tmp_path, rule, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0, DestinationConfig=destination
    )
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [0], [1, 2], [1], [2]]
    [(name, body)] = platform.s3.objects.items()
    assert name.startswith("failures/aws/lambda/u/a/1970/01/12/1970-01-12T13.46.40-")
    content = json.loads(body)
    assert content["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert content["requestContext"]["approximateInvokeCount"] == 3
    assert content["responseContext"]["functionError"] == "Unhandled"
    assert (content["KinesisBatchInfo"]["shardId"], content["KinesisBatchInfo"]["batchSize"]) == ("a", 1)
    batch = decode_batch(json.loads(content["payload"]))
    assert (batch.shard_id, [record.data for record in batch.records]) == ("a", [b"1"])


def test_a_report_is_followed_record_by_record(tmp_path: Path) -> None:
    """The lowest number named is where the next invocation begins, whatever else is named."""
    names = iter([[2, 1], []])

    def rule(_numbers: list[int]) -> dict[str, Any]:
        return {"batchItemFailures": [{"itemIdentifier": f"{number:056d}"} for number in next(names)]}

    platform = _platform(tmp_path, rule, FunctionResponseTypes=["ReportBatchItemFailures"])
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [1, 2]]
