"""Records into a Kinesis stream, every one accepted exactly as often as PutRecords says so, in order within a bucket.

PutRecords may take some records of a call and refuse others. A call holds at most one record of each bucket, and a
bucket's next record waits until the one before it was accepted: so only what was refused is sent again, and a session's
events never overtake each other.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from clickstream_tracker.answers import explain, explain_refusal, is_passing
from clickstream_tracker.errors import SendError
from clickstream_tracker.packing import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

MAX_TRIES = 10
_CALL_RECORDS = 500
_CALL_BYTES = 5 * 1024 * 1024
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
# So much may wait: enough that a call finds records of many buckets, though sessions come in bursts.
_WAITING_RECORDS = 2_000
_WAITING_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Totals:
    """What PutRecords has accepted: lines as ``events``, bytes of data as ``size``; ``retried`` counts refusals."""

    events: int = 0
    records: int = 0
    size: int = 0
    bad_hint: int = 0
    calls: int = 0
    retried: int = 0

    def add(self, record: Record) -> None:
        """Count an accepted record."""
        self.events += record.events
        self.records += 1
        self.size += len(record.data)
        self.bad_hint += record.bad_hint


@dataclass(slots=True)
class _Waiting:
    record: Record
    tries: int = 0


class Sender:
    """Sends records to one stream.

    Args:
        client: a boto3 Kinesis client; give it no retries of its own, they would hide refusals.
        stream_name: the stream.
        sleep: pauses for so many seconds; injected, so that a test need not wait.
        max_tries: after so many refusals of a record it is given up.
        jitter: draws the random part of a pause.
        on_accepted: hears how many lines were just accepted.
    """

    def __init__(
        self,
        client: KinesisClient,
        stream_name: str,
        *,
        sleep: Callable[[float], None],
        max_tries: float = MAX_TRIES,
        jitter: random.Random | None = None,
        on_accepted: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._client, self._stream_name, self._sleep, self._max_tries = client, stream_name, sleep, max_tries
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads retries, no secret
        self._on_accepted = on_accepted
        self._queues: dict[int, deque[_Waiting]] = {}
        self._waiting_records = self._waiting_bytes = 0
        self.totals = Totals()

    def send(self, records: Iterable[Record]) -> None:
        """Take records, and send while more than a bounded number waits.

        Raises:
            SendError: the stream refused a record ``max_tries`` times, or a call cannot succeed.
        """
        for record in records:
            self.put([record])
            while self._waiting_records > _WAITING_RECORDS or self._waiting_bytes > _WAITING_BYTES:
                self._send_heads()

    def put(self, records: Iterable[Record]) -> None:
        """Take records to be sent by ``drain``, however many wait already."""
        for record in records:
            self._queues.setdefault(record.bucket, deque()).append(_Waiting(record))
            self._waiting_records += 1
            self._waiting_bytes += record.size

    def waiting(self) -> list[Record]:
        """What was not accepted yet, in order within a bucket."""
        return [waiting.record for queue in self._queues.values() for waiting in queue]

    def drain(self) -> None:
        """Send everything that waits; raises as ``send``, and what still waits may then be drained again."""
        while self._waiting_records:
            self._send_heads()

    def _send_heads(self) -> None:
        """Make one call with the first record of each bucket, then pause if something was refused."""
        heads = self._heads()
        refusals = self._put([waiting.record for waiting in heads])
        accepted = 0
        for waiting, refusal in zip(heads, refusals, strict=True):
            if refusal is None:
                self._accept(waiting.record)
                accepted += waiting.record.events
            else:
                waiting.tries += 1
        if accepted:
            self._on_accepted(accepted)
        self._pause([waiting for waiting, refusal in zip(heads, refusals, strict=True) if refusal], refusals)

    def _accept(self, record: Record) -> None:
        self._queues[record.bucket].popleft()
        self._waiting_records -= 1
        self._waiting_bytes -= record.size
        self.totals.add(record)

    def _heads(self) -> list[_Waiting]:
        heads: list[_Waiting] = []
        size = 0
        for queue in self._queues.values():
            if queue and len(heads) < _CALL_RECORDS and size + queue[0].record.size <= _CALL_BYTES:
                heads.append(queue[0])
                size += queue[0].record.size
        return heads

    def _put(self, records: Sequence[Record]) -> list[str | None]:
        """Return for each record None, or why it was refused."""
        entries: list[Any] = [
            {"Data": record.data, "PartitionKey": record.partition_key, "ExplicitHashKey": record.explicit_hash_key}
            for record in records
        ]
        self.totals.calls += 1
        try:
            answer = self._client.put_records(StreamName=self._stream_name, Records=entries)
        except (ClientError, BotoCoreError) as error:
            if not is_passing(error, is_first=not self.totals.records):
                raise SendError(explain(error, self._stream_name)) from error
            return [explain(error, self._stream_name)] * len(records)
        codes = [entry.get("ErrorCode") for entry in answer["Records"]]
        return [explain_refusal(code) if code else None for code in codes]

    def _pause(self, refused: Sequence[_Waiting], refusals: Sequence[str | None]) -> None:
        if not refused:
            return
        self.totals.retried += len(refused)
        tries = max(waiting.tries for waiting in refused)
        if tries >= self._max_tries:
            reason = next(refusal for refusal in refusals if refusal)
            raise SendError(f"the stream {self._stream_name} did not take a record in {tries} tries: {reason}")
        longest_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(tries - 1, 10))
        self._sleep(longest_s * self._jitter.uniform(0.5, 1))
