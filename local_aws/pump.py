"""One mapping in one shard: read, batch, deliver, in one thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event, Thread

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.batch import Batcher
from local_aws.checkpoints import Checkpoint
from local_aws.deliverer import Deliverer
from local_aws.progress import PumpProgress
from local_aws.shard_reader import Reading, ShardReader

_SHORTEST_REST_S, _LONGEST_REST_S, _GATHERING_REST_S = 0.05, 1.0, 0.1
_RESTS_PER_LOOK = 10


@dataclass(slots=True)
class Rest:
    """How long to wait before looking again.

    Short after records came, longer the longer nothing comes, and long against the look itself: the emulator
    walks through all records it holds to answer one, so hasty pumps would leave it no time for other work.
    """

    seconds: float = _SHORTEST_REST_S

    def after(self, look_s: float, *, is_active: bool, is_gathering: bool) -> float:
        """Return the seconds to wait after a look that took `look_s`; a batch is open while gathering."""
        self.seconds = _SHORTEST_REST_S if is_active else min(self.seconds * 1.5, _LONGEST_REST_S)
        wanted_s = min(self.seconds, _GATHERING_REST_S) if is_gathering else self.seconds
        return max(wanted_s, min(look_s * _RESTS_PER_LOOK, _LONGEST_REST_S))


class ShardPump(Thread):
    """Moves the records of a shard to a function until stopped, or until the shard ends or disappears."""

    def __init__(
        self, reader: ShardReader, batcher: Batcher, deliverer: Deliverer, *, clock: Callable[[], float], stop: Event
    ) -> None:
        progress = deliverer.progress
        super().__init__(name=f"{progress.function_name}-{progress.shard_id}", daemon=True)
        self._reader = reader
        self._batcher = batcher
        self._deliverer = deliverer
        self._clock = clock
        self._stop_event = stop
        self._rest = Rest()
        self._look_s = 0.0

    @property
    def progress(self) -> PumpProgress:
        """Counts and errors so far; callable from any thread."""
        return self._deliverer.progress

    @property
    def checkpoint(self) -> Checkpoint:
        """The position reached; callable from any thread."""
        return self._deliverer.checkpoint

    def request_stop(self) -> None:
        """Ask it to end after the invocation that is under way."""
        self._stop_event.set()

    def run(self) -> None:
        """Do it (the body of the thread)."""
        while not self._stop_event.is_set():
            try:
                reading = self._read()
            except (ClientError, BotoCoreError) as error:
                self._deliverer.note_error(str(error))
                self._stop_event.wait(1.0)
                continue
            is_over = reading.is_end or reading.is_gone
            self._deliver_closed(is_tip=reading.is_tip or is_over, is_over=is_over)
            if is_over:
                self._finish(reading)
                return
            self._wait(reading)

    def _read(self) -> Reading:
        if self._batcher.is_full:
            return Reading()
        started = self._clock()
        reading = self._reader.read()
        self._look_s = self._clock() - started
        self._batcher.add(reading.records, time.monotonic())
        progress = self._deliverer.progress
        # Nothing is under way between two batches, so an error noted before is a thing of the past.
        self._deliverer.progress = replace(
            progress,
            seen=progress.seen + len(reading.records),
            tip_time=started if reading.is_tip and not self._batcher else progress.tip_time,
            failing_since_time=None,
            failures=0,
        )
        return reading

    def _deliver_closed(self, *, is_tip: bool, is_over: bool) -> None:
        while not self._stop_event.is_set():
            # Nothing more will come into a shard that is over: whatever is left is a batch.
            now_s = float("inf") if is_over else time.monotonic()
            batch = self._batcher.take(now_s, is_tip=is_tip)
            if not batch:
                return
            self._deliverer.deliver(batch)

    def _finish(self, reading: Reading) -> None:
        if reading.is_end and not self._batcher and not self._stop_event.is_set():
            self._deliverer.finish()

    def _wait(self, reading: Reading) -> None:
        if not reading.is_tip and (reading.records or self._batcher.is_full):
            return
        rest_s = self._rest.after(self._look_s, is_active=bool(reading.records), is_gathering=bool(self._batcher))
        self._stop_event.wait(rest_s)
