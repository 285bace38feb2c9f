"""The event source runner over a stream, a function and a bucket in memory.

All shards are closed, so that every pump comes to its end by itself.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_aws.checkpoints import CheckpointStore
from local_aws.event_source import EventSourceRunner, RunnerOptions
from local_aws.failures import FailureDestinations
from local_aws.service_ports import ServicePorts
from local_aws.state import StateFolder

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:count"
NOW_S = 1_000_000.0
CREATED = datetime(1970, 1, 2, tzinfo=UTC)
EPOCH = "86400.000"
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
    created: datetime = CREATED

    def get_paginator(self, _name: str) -> Pages:
        """The shards."""
        words = ("ParentShardId", "AdjacentParentShardId")
        shards = [{"ShardId": name} | dict(zip(words, of, strict=False)) for name, of in self.parents.items()]
        return Pages("Shards", shards)

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        """When the stream was created."""
        return {"StreamDescriptionSummary": {"StreamCreationTimestamp": self.created}}

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
    stops: set[int] = field(default_factory=set)
    """Numbers of invocations, from 0, during which the platform is asked to stop."""
    stop: Callable[[], None] = lambda: None

    def get_paginator(self, _name: str) -> Pages:
        """The mapping."""
        return Pages("EventSourceMappings", [{"EventSourceArn": STREAM, "FunctionArn": FUNCTION} | self.mapping])

    def invoke(self, **words: Any) -> dict[str, Any]:
        """Answer by the rule; None stands for an exception in the function."""
        numbers = [int(event["kinesis"]["sequenceNumber"]) for event in json.loads(words["Payload"])["Records"]]
        if len(self.invocations) in self.stops:
            self.stop()
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

    def run(self, between: Callable[[], None] = lambda: None) -> None:
        """List and deliver until every readable shard is finished; do something in the middle."""
        services = ServicePorts(
            kinesis=self.stream,  # type: ignore[arg-type]  # a fake with four methods
            functions=self.functions,  # type: ignore[arg-type]  # a fake with two methods
            destinations=FailureDestinations(self.s3, None, None),  # type: ignore[arg-type]  # a fake with one
        )
        runner = EventSourceRunner(services, self.state, RunnerOptions(), clock=lambda: NOW_S)
        is_stopped = False

        def stop() -> None:
            nonlocal is_stopped
            is_stopped = True
            for job in list(runner._jobs.values()):
                job.pump.request_stop()

        self.functions.stop = stop
        for number in range(ROUNDS):
            if number == ROUNDS // 2:
                between()
            if not is_stopped:
                runner._list()
            for job in list(runner._jobs.values()):
                job.pump.join(10)
                assert not job.pump.is_alive()

    def done(self, shard_id: str, uuid: str = "u") -> int:
        """Records done by the mapping's checkpoint in the shard."""
        checkpoint = CheckpointStore(self.state.checkpoint_folder).load(
            uuid, f"{self.stream.created.timestamp():.3f}", shard_id
        )
        return checkpoint.done if checkpoint else 0


def platform_of(
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
