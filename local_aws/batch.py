"""When a batch closes: by count, by size, by age, or because the stream has gone quiet."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from local_aws.record import ENVELOPE_BYTES, Record

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Synchronous invocations take 6 MB; the base64 of the data counts.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What closes a batch.

    Attributes:
        records: Records in it at most.
        window_s: Seconds after its first record was read.
        idle_s: Seconds without a new record at the tip of the shard. The service has no such rule; here it
            spares a person the wait for the window.
        payload_bytes: Bytes of the invocation event.
    """

    records: int
    window_s: float
    idle_s: float = 0.3
    payload_bytes: int = MAX_PAYLOAD_BYTES


class Batcher:
    """Records of one shard that were read and not yet handed out, in order."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._waiting: deque[tuple[Record, float]] = deque()
        self._bytes = 0
        self._last_read_s = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """A batch can be taken whatever the time is."""
        is_large = self._bytes + ENVELOPE_BYTES > self._limits.payload_bytes
        return len(self._waiting) >= self._limits.records or is_large

    def add(self, records: Iterable[Record], now_s: float) -> None:
        """Append records read at `now_s` (seconds of any steady clock)."""
        for record in records:
            self._waiting.append((record, now_s))
            self._bytes += record.payload_bytes
            self._last_read_s = now_s

    def take(self, now_s: float, *, is_tip: bool) -> tuple[Record, ...]:
        """Take the next batch if it is closed at `now_s`.

        Args:
            now_s: The time on the clock that `add` was given.
            is_tip: Everything in the shard has been read.

        Returns:
            The batch, or nothing while it stays open. A record larger than the size limit forms its own batch.
        """
        if not self._waiting or not (self.is_full or self._is_due(now_s, is_tip=is_tip)):
            return ()
        count = self._fitting_count()
        batch = tuple(self._waiting.popleft()[0] for _ in range(count))
        self._bytes -= sum(record.payload_bytes for record in batch)
        return batch

    def _is_due(self, now_s: float, *, is_tip: bool) -> bool:
        is_window_over = now_s - self._waiting[0][1] >= self._limits.window_s
        is_quiet = is_tip and now_s - self._last_read_s >= self._limits.idle_s
        return is_window_over or is_quiet

    def _fitting_count(self) -> int:
        used = ENVELOPE_BYTES
        for count, (record, _) in enumerate(islice(self._waiting, self._limits.records)):
            used += record.payload_bytes
            if used > self._limits.payload_bytes and count:
                return count
        return min(len(self._waiting), self._limits.records)
