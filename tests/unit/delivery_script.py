"""A scripted function behind a deliverer, and a clock that only its waiting moves."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from botocore.exceptions import ClientError

from local_aws.checkpoints import Checkpoint
from local_aws.deliverer import Deliverer, Reply
from local_aws.delivery import Policy
from local_aws.failures import GivenUp
from local_aws.progress import PumpProgress
from local_aws.record import Record, RecordEncoder

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
START_S = 1_000_000.0


class SteppingStop(Event):
    """A stop event whose waiting moves the clock instead of taking time."""

    now_s = START_S

    def wait(self, timeout: float | None = None) -> bool:
        """Move the clock by the timeout."""
        self.now_s += timeout or 0.0
        return self.is_set()


@dataclass
class ScriptedPorts:
    """A function given as a rule over the numbers of the records in an invocation, and what was asked of the world."""

    function: Callable[[list[int]], Reply]
    invocations: list[list[int]] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    saved: list[Checkpoint] = field(default_factory=list)
    destination_outages: int = 0

    def invoke(self, payload: bytes) -> Reply:
        """Answer by the rule."""
        numbers = [int(record["kinesis"]["sequenceNumber"]) for record in json.loads(payload)["Records"]]
        self.invocations.append(numbers)
        return self.function(numbers)

    def give_up(self, given_up: GivenUp) -> None:
        """Take the records, unless the destination is away."""
        if self.destination_outages:
            self.destination_outages -= 1
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject")
        self.given_up.append(given_up)

    def save(self, checkpoint: Checkpoint) -> None:
        """Remember the checkpoint."""
        self.saved.append(checkpoint)

    def discarded_numbers(self) -> list[list[int]]:
        """List the given-up records by number."""
        return [[int(record.sequence_number) for record in given_up.records] for given_up in self.given_up]


def batch(count: int) -> tuple[Record, ...]:
    """Records numbered from 0 that arrived at START_S."""
    encoder = RecordEncoder(STREAM, "shardId-000000000000")
    return tuple(
        encoder.encode(sequence_number=f"{number:030d}", partition_key="p", data=b"d", arrival_time=START_S)
        for number in range(count)
    )


def deliver(ports: ScriptedPorts, policy: Policy, count: int, stop: SteppingStop | None = None) -> Deliverer:
    """Deliver one batch of `count` records; returns the deliverer afterwards."""
    stop = stop or SteppingStop()
    deliverer = Deliverer(
        ports,
        policy,
        progress=PumpProgress("uuid", "clicks", "count", "shardId-000000000000"),
        checkpoint=Checkpoint(),
        clock=lambda: stop.now_s,
        stop=stop,
    )
    deliverer.deliver(batch(count))
    return deliverer


def raising_on(*poison: int) -> Callable[[list[int]], Reply]:
    """A function that raises when it meets one of these records."""
    error = Reply(b'{"errorType": "KeyError", "errorMessage": "x"}', is_function_error=True)
    return lambda numbers: error if set(poison).intersection(numbers) else Reply(b"null")


def reporting(*poison: int) -> Callable[[list[int]], Reply]:
    """A function that reports these records as failed."""

    def reply(numbers: list[int]) -> Reply:
        failures = [{"itemIdentifier": f"{number:030d}"} for number in numbers if number in poison]
        return Reply(json.dumps({"batchItemFailures": failures}).encode())

    return reply
