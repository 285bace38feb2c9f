"""What waits between the program's threads and the one that sends: bounded, so that a dead stream costs no memory."""

from __future__ import annotations

import threading
import time
from collections import deque

from clickstream_tracker.packing import Item


class Backlog:
    """A queue of events that are taken out in batches.

    Args:
        max_events: so many may wait, those that are being sent included.
        linger_s: how long a batch waits for company after its first event, seconds.
    """

    BATCH_EVENTS = 5_000
    BATCH_BYTES = 4 * 1024 * 1024
    """A batch of so much is worth sending at once."""

    def __init__(self, max_events: int, linger_s: float) -> None:
        self._max_events, self._linger_s = max_events, linger_s
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._put = self._settled = 0
        self._asked = 0  # up to here somebody waits: no lingering
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> bool:
        """Take an event; False if too many wait, or the backlog is closed."""
        with self._changed:
            if self._is_closed or self._put - self._settled >= self._max_events:
                return False
            self._items.append(item)
            self._bytes += len(item.data)
            self._put += 1
            if len(self._items) == 1 or self._is_full():
                self._changed.notify_all()
            return True

    def take(self) -> list[Item]:
        """Wait for a batch and take it out; nothing once the backlog is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed)
            self._changed.wait_for(self._is_due, self._linger_s)
            return self._cut()

    def settle(self, count: int) -> None:
        """So many of those taken out are done with: accepted, or told as undelivered."""
        with self._changed:
            self._settled += count
            self._changed.notify_all()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until all that was put so far is settled; False if that takes longer."""
        with self._changed:
            mark = self._asked = self._put
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._settled >= mark, timeout_s)

    def close(self) -> None:
        """Take nothing more, and hold back nothing."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def left(self) -> list[Item]:
        """Take out all that nobody took; they are settled by that."""
        with self._changed:
            items = list(self._items)
            self._items.clear()
            self._bytes = 0
            self._settled += len(items)
            return items

    def _is_full(self) -> bool:
        return len(self._items) >= self.BATCH_EVENTS or self._bytes >= self.BATCH_BYTES

    def _is_due(self) -> bool:
        return self._is_closed or self._is_full() or self._asked > self._put - len(self._items)

    def _cut(self) -> list[Item]:
        batch: list[Item] = []
        size = 0
        while self._items and len(batch) < self.BATCH_EVENTS and size < self.BATCH_BYTES:
            batch.append(self._items.popleft())
            size += len(batch[-1].data)
        self._bytes -= size
        return batch


class Patience:
    """How long may still be waited: without end while the program runs, a few seconds once it ends."""

    def __init__(self) -> None:
        self._is_ending = threading.Event()
        self._deadline = float("inf")

    def end_in(self, seconds: float) -> None:
        """From now on, wait for so long in all."""
        self._deadline = time.monotonic() + seconds
        self._is_ending.set()

    @property
    def is_ending(self) -> bool:
        """Whether the program ends."""
        return self._is_ending.is_set()

    def left_s(self) -> float:
        """Seconds that may still be waited."""
        return max(0.0, self._deadline - time.monotonic())

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until the program ends, or until there is no time left; False in the last case."""
        if self.is_ending:
            time.sleep(min(seconds, self.left_s()))
        else:
            self._is_ending.wait(seconds)
        return self.left_s() > 0
