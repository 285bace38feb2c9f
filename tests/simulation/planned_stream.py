"""A stream and its event source mapping, moved one invocation at a time by a state machine.

The mapping is the one of the local platform: `local_aws.delivery` decides about retries, splits and what is given up,
`local_aws.shards` about the order of shards. So whatever holds here holds for the rules that really run.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch, all_done, decode_batch, retry_from
from local_aws.deliverer import Reply
from local_aws.delivery import Policy, Segment, read_answer, settle
from local_aws.record import Record, RecordEncoder, event_payload
from local_aws.shards import Shard, readable_shards
from tests.simulation.scripted_stores import Crash

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
START_TIME = datetime(2026, 11, 21, 8, 58, tzinfo=UTC)
FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898
MOST_SHARDS = 4
MOST_ROUNDS = 300
Consume = Callable[[Batch], object]
_DONE = Reply(json.dumps(all_done()).encode())


@dataclass
class ShardState:
    """A shard with all it ever held, and how far the mapping is."""

    shard: Shard
    records: list[Record] = field(default_factory=list)
    is_open: bool = True
    at: int = 0
    waiting: deque[Segment] = field(default_factory=deque)
    """Parts of the batch under way."""

    @property
    def is_drained(self) -> bool:
        """Closed and read to its end."""
        return not self.is_open and not self.waiting and self.at == len(self.records)


class PlannedStream:
    """Open shards take records; the mapping hands them to `consume` in batches."""

    def __init__(self, policy: Policy, shards: int) -> None:
        self.policy = policy
        self.now = START_TIME
        self.shards = {f"shardId-{n:012d}": ShardState(Shard(f"shardId-{n:012d}")) for n in range(shards)}
        self.given_up: list[bytes] = []
        """Payloads in the failure bucket."""
        self._number = FIRST_NUMBER

    @property
    def open_ids(self) -> list[str]:
        """The shards that take records."""
        return [name for name, state in self.shards.items() if state.is_open]

    def produce(self, shard_id: str, data: bytes) -> Record:
        """One more record in the shard, arriving now."""
        self._number += 3
        encoder = RecordEncoder(STREAM_ARN, shard_id)
        arrival_time = self.now.timestamp()
        record = encoder.encode(
            sequence_number=str(self._number), partition_key="k", data=data, arrival_time=arrival_time
        )
        self.shards[shard_id].records.append(record)
        return record

    def split(self, shard_id: str) -> None:
        """Close the shard; two children take its place."""
        self.shards[shard_id].is_open = False
        for _ in range(2):
            self._add((shard_id,))

    def merge(self, one: str, other: str) -> None:
        """Close both shards; one child takes their place."""
        self.shards[one].is_open = self.shards[other].is_open = False
        self._add((one, other))

    def replace_mapping(self) -> None:
        """A new mapping takes over; it begins at the oldest record of every shard."""
        for state in self.shards.values():
            state.at = 0
            state.waiting.clear()

    def readable(self) -> list[str]:
        """The shards that the mapping may read now and that have something for it."""
        drained = {name for name, state in self.shards.items() if state.is_drained}
        listed = [state.shard for state in self.shards.values()]
        names = [shard.shard_id for shard in readable_shards(listed, finished=drained, running=())]
        return [name for name in names if self._has_more(self.shards[name])]

    def invoke(self, shard_id: str, size: int, consume: Consume, *, is_ack_lost: bool = False) -> None:
        """One try of the shard's next segment, of at most `size` records if it is a new batch.

        A lost acknowledgement leaves the checkpoint where it was: the records come again, in other batches.
        """
        state = self.shards[shard_id]
        if not state.waiting:
            state.waiting.append(Segment(tuple(state.records[state.at : state.at + size])))
        segment = state.waiting.popleft()
        reply = self._reply(event_payload(segment.records), consume)
        answer = read_answer(segment, self.policy, is_function_error=reply.is_function_error, body=reply.body)
        step = settle(segment, answer, self.policy)
        if is_ack_lost:
            state.waiting.clear()
            return
        if step.discarded:
            self.given_up.append(event_payload(step.discarded))
        state.at += len(step.done) + len(step.discarded)
        state.waiting.extendleft(reversed(step.remaining))

    def recover(self, which: int, consume: Consume) -> None:
        """Feed one failure object back; it is removed when the function has taken it."""
        payload = self.given_up[which % len(self.given_up)]
        reply = self._reply(payload, consume)
        if reply == _DONE:
            self.given_up.remove(payload)

    def drain(self, consume: Consume) -> None:
        """Nothing fails any more: the mapping catches up, and what was given up is fed back. Raises if that hangs."""
        for _ in range(MOST_ROUNDS):
            if not (self.readable() or self.given_up):
                return
            for shard_id in self.readable():
                self.invoke(shard_id, 9, consume)
            for _ in range(len(self.given_up)):
                self.recover(0, consume)
        raise AssertionError("work does not end though nothing fails")

    def pass_time(self, seconds: int) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)

    def _has_more(self, state: ShardState) -> bool:
        return bool(state.waiting) or state.at < len(state.records)

    def _add(self, parents: tuple[str, ...]) -> None:
        name = f"shardId-{len(self.shards):012d}"
        self.shards[name] = ShardState(Shard(name, parents))

    def _reply(self, payload: bytes, consume: Consume) -> Reply:
        """What Lambda answers: the handlers' own report, or an error of the function."""
        batch = decode_batch(json.loads(payload))
        try:
            consume(batch)
        except InfrastructureError:
            return Reply(json.dumps(retry_from(batch.records[0].sequence_number)).encode())
        except Crash:
            return Reply(b"{}", is_function_error=True)
        return _DONE
