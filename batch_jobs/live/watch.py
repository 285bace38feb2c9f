"""Reads for a page that many tabs ask for: one read an interval, and a failed one leaves what was read before."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from batch_jobs.live.state import Hour, Items, Tables, read_anomalies, read_hour, read_sessions
from clickstream.errors import ClickstreamError

ITEMS_EVERY = timedelta(minutes=1)
"""Whole tables are read no more often: DynamoDB bills by the size of what is read."""
LARGE_EVERY = timedelta(minutes=15)
"""The same for a table that was too large to read: it costs most, and tells nothing."""
Value = TypeVar("Value")
Start = Callable[[Callable[[], None]], object]
"""Runs a piece of work, now or beside the caller."""


@dataclass(frozen=True)
class Snapshot:
    """What the page shows. `hour` and `items` are the newest that could be read, None if none could yet."""

    hour: Hour | None = None
    items: Items | None = None
    problem: str = ""
    """Why the newest read failed; empty if it did not."""


def at_once(work: Callable[[], None]) -> None:
    """Do it now; the caller waits."""
    work()


def in_background(work: Callable[[], None]) -> None:
    """Do it in a thread that ends with the process."""
    threading.Thread(target=work, daemon=True).start()


class Watch:
    """The live tables as of an interval ago at most. Safe for many threads.

    Args:
        tables: What to read.
        now: The clock, UTC.
        every: Between two reads of the counters.
        start: Runs the reads of whole tables, which take seconds where tables are large.
    """

    def __init__(self, tables: Tables, now: Callable[[], datetime], every: timedelta, start: Start = at_once) -> None:
        self.every = every
        self._tables = tables
        self._now = now
        self._start = start
        self._lock = threading.Lock()
        self._hour: Hour | None = None
        self._problem = ""
        self._tried_time: datetime | None = None
        self._sessions = _WholeTable(partial(read_sessions, tables))
        self._anomalies = _WholeTable(partial(read_anomalies, tables))

    def snapshot(self) -> Snapshot:
        """The newest state. Who comes while another one reads the counters waits for that read."""
        with self._lock:
            now = self._now()
            if self._tried_time is None or now - self._tried_time >= self.every:
                self._read(now)
                self._tried_time = now
            return self._known()

    def _read(self, now: datetime) -> None:
        try:
            self._hour = read_hour(self._tables, now)
        except ClickstreamError as error:
            self._problem = str(error)
            return
        self._problem = ""
        for table in (self._sessions, self._anomalies):
            table.refresh(now, self._start)

    def _known(self) -> Snapshot:
        tables = (self._sessions, self._anomalies)
        is_read = all(table.read_time for table in tables)
        items = Items(self._sessions.value, self._anomalies.value) if is_read else None
        problem = next(filter(None, (self._problem, *(table.problem for table in tables))), "")
        return Snapshot(self._hour, items, problem)


class _WholeTable(Generic[Value]):
    """What one table says that can only be read whole; `value` is None where it is too large, or not read yet."""

    def __init__(self, read: Callable[[datetime], Value | None]) -> None:
        self._read = read
        self._is_running = False
        self.value: Value | None = None
        self.read_time: datetime | None = None
        self.problem = ""

    def refresh(self, now: datetime, start: Start) -> None:
        """Read it again if it is time to and nobody does."""
        every = LARGE_EVERY if self.value is None else ITEMS_EVERY
        if self._is_running or (self.read_time is not None and now - self.read_time < every):
            return
        self._is_running = True
        start(partial(self._run, now))

    def _run(self, now: datetime) -> None:
        try:
            self.value, self.read_time, self.problem = self._read(now), now, ""
        except ClickstreamError as error:
            self.problem = str(error)
        finally:
            self._is_running = False
