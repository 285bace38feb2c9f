"""Reads for a page that many tabs ask for: one read an interval, and a failed one leaves what was read before."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_jobs.live.state import Hour, Items, Tables, read_hour, read_items
from clickstream.errors import ClickstreamError

ITEMS_EVERY = timedelta(minutes=1)
"""Whole tables are read no more often: DynamoDB bills by the size of what is read."""


@dataclass(frozen=True)
class Snapshot:
    """What the page shows. `hour` and `items` are the newest that could be read, None if none ever could."""

    hour: Hour | None = None
    items: Items | None = None
    problem: str = ""
    """Why the newest read failed; empty if it did not."""


class Watch:
    """The live tables as of an interval ago at most. Safe for many threads.

    Args:
        tables: What to read.
        now: The clock, UTC.
        every: Between two reads of the counters.
    """

    def __init__(self, tables: Tables, now: Callable[[], datetime], every: timedelta) -> None:
        self.every = every
        self._tables = tables
        self._now = now
        self._lock = threading.Lock()
        self._snapshot = Snapshot()
        self._tried_time: datetime | None = None
        self._items_time: datetime | None = None

    def snapshot(self) -> Snapshot:
        """The newest state. Who comes while another one reads waits for that read."""
        with self._lock:
            now = self._now()
            if self._tried_time is None or now - self._tried_time >= self.every:
                self._snapshot, self._tried_time = self._read(now), now
            return self._snapshot

    def _read(self, now: datetime) -> Snapshot:
        before = self._snapshot
        try:
            hour = read_hour(self._tables, now)
            items = before.items
            if items is None or self._items_time is None or now - self._items_time >= ITEMS_EVERY:
                items, self._items_time = read_items(self._tables, now), now
        except ClickstreamError as error:
            return Snapshot(before.hour, before.items, str(error))
        return Snapshot(hour, items)
