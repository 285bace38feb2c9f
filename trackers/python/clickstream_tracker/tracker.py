"""The tracker: takes events from any thread, sends them from one of its own, and leaves nothing behind on exit."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from clickstream_tracker.answers import kinesis_client
from clickstream_tracker.backlog import Backlog, Patience
from clickstream_tracker.delivery import Delivery
from clickstream_tracker.errors import EventError, TrackerError
from clickstream_tracker.events import line_of

if TYPE_CHECKING:
    from types import TracebackType

    from mypy_boto3_kinesis import KinesisClient

_CONNECT_S, _READ_S = 3, 5
"""A call that takes longer is made again; the end of the program waits for one call at most."""
_WARN_EVERY_S = 10.0
_log = logging.getLogger("clickstream_tracker")
Undelivered = Callable[[Sequence[bytes], str], None]


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the events: ``tracked`` = ``accepted`` + ``undelivered`` + those that still wait."""

    tracked: int = 0
    accepted: int = 0
    undelivered: int = 0


class Tracker:
    """Sends events to a Kinesis stream.

    >>> with Tracker(stream_name="shop") as tracker:
    ...     tracker.track("purchase", session_id="s-1", order_id="o-1", revenue="9.90", currency="EUR")

    After its construction it raises nothing into the program, unless it is ``strict``: what cannot be sent is logged,
    counted in ``totals`` and handed to ``on_undelivered``. Every event has an ``event_id``; one whose acceptance got
    lost on the way back is sent again with the same id, and the lake keeps one of them.

    Args:
        stream_name: the Kinesis stream.
        app_id: put into every event that names none.
        client: a boto3 Kinesis client; without one it is made from the environment.
        buckets: into how many parts sessions are divided; at least as many as the stream has shards.
        max_waiting: so many events may wait; further ones are undelivered.
        linger_s: how long an event waits for company, seconds.
        close_s: how long ``close`` and the end of the program wait for the stream, seconds.
        strict: raise ``TrackerError`` from ``track`` for an event that is not taken.
        on_undelivered: hears the lines (JSON) that are given up, and why; called from the tracker's thread, or from the
            one that called ``track`` or ``close``.
        clock: gives the time of an event that names none.

    Raises:
        TrackerError: the name is empty, a number is out of range, or there is no AWS region.
    """

    def __init__(
        self,
        stream_name: str,
        *,
        app_id: str | None = None,
        client: KinesisClient | None = None,
        buckets: int = 16,
        max_waiting: int = 10_000,
        linger_s: float = 1.0,
        close_s: float = 10.0,
        strict: bool = False,
        on_undelivered: Undelivered | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not stream_name:
            raise TrackerError("a tracker needs the name of a stream: stream_name='…', the stack's output StreamName")
        if buckets < 1 or max_waiting < 1 or linger_s < 0 or close_s < 0:
            raise TrackerError("buckets and max_waiting must be at least 1, linger_s and close_s at least 0")
        self._stream_name, self._app_id, self._buckets = stream_name, app_id, buckets
        self._max_waiting, self._linger_s, self._close_s = max_waiting, linger_s, close_s
        self._strict, self._on_undelivered, self._clock = strict, on_undelivered, clock
        self._own_client = client
        self._start_over(client or _client())
        self._at_exit = _on_exit_and_fork(self)

    def track(self, event_type: str, *, session_id: str | None = None, **fields: object) -> str | None:
        """Take an event; return its id, or None if it was not taken.

        Args:
            event_type: what happened, such as ``page_view`` or ``purchase``.
            session_id: the visit; events of one session stay in order.
            fields: fields of the lake (``user_id``, ``page_url``, ``revenue`` …), ``event_id`` and ``timestamp`` where
                they are known; any other name lands in ``properties``. None is left out; times are ``datetime``.

        Raises:
            TrackerError: only if ``strict``: the event is unusable, too many wait, or the tracker is closed.
        """
        self._count(tracked=1)
        try:
            named = {"app_id": self._app_id, "session_id": session_id} | fields
            event_id, item = line_of(event_type, named, self._clock())
        except EventError as error:
            self._refuse([], error)
            return None
        if not self._backlog.put(item):
            reason = "the tracker is closed" if self._is_closed else f"{self._max_waiting:,} events wait already"
            self._refuse([item.data], TrackerError(f"an event was not taken: {reason}"))
            return None
        if self._thread is None or not self._thread.is_alive():
            self._start_thread()
        return event_id

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every event taken so far is accepted or undelivered; False if that takes longer."""
        return self._backlog.wait(timeout_s)

    def close(self) -> Totals:
        """Take nothing more and send what waits; what is not accepted within ``close_s`` is undelivered."""
        self._is_closed = True
        self._patience.end_in(self._close_s)
        self._backlog.close()
        if self._thread:
            self._thread.join(self._close_s + _CONNECT_S + _READ_S)
        left = [item.data for item in self._backlog.left()]
        if left:
            self._undelivered(left, "the program ended before the stream took them", len(left))
        atexit.unregister(self._at_exit)
        return self.totals

    @property
    def totals(self) -> Totals:
        """What became of the events so far."""
        return self._totals

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_over(self, client: KinesisClient | None) -> None:
        """Begin with nothing: a forked child's events are its parent's to send, as are its connections."""
        self._client = client
        self._backlog, self._patience = Backlog(self._max_waiting, self._linger_s), Patience()
        self._lock, self._totals, self._is_closed = threading.Lock(), Totals(), False
        self._thread: threading.Thread | None = None
        self._warned, self._warned_s = "", 0.0

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._run, name="clickstream-tracker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        delivery = Delivery(
            self._client or _client(),
            self._stream_name,
            buckets=self._buckets,
            patience=self._patience,
            on_accepted=lambda count: self._count(accepted=count),
            on_undelivered=lambda lines, reason: self._undelivered(lines, reason, len(lines)),
        )
        while items := self._backlog.take():
            try:
                delivery.deliver(items)
            except Exception as error:  # noqa: BLE001 - a defect of the client must not end the delivery of other events
                delivery.give_up(f"{type(error).__name__}: {error}")
            finally:
                self._backlog.settle(len(items))

    def _refuse(self, lines: Sequence[bytes], error: TrackerError) -> None:
        self._undelivered(lines, str(error), 1)
        if self._strict:
            raise error

    def _undelivered(self, lines: Sequence[bytes], reason: str, count: int) -> None:
        self._count(undelivered=count)
        self._warn(reason)
        if self._on_undelivered:
            try:
                self._on_undelivered(lines, reason)
            except Exception:  # noqa: BLE001 - a defect of the program must not end the delivery of other events
                _log.exception("on_undelivered failed")

    def _warn(self, reason: str) -> None:
        """Log a new reason at once, and one that comes again no more than every ten seconds."""
        now_s = time.monotonic()
        if reason != self._warned or now_s >= self._warned_s + _WARN_EVERY_S:
            self._warned, self._warned_s = reason, now_s
            _log.warning("%d events undelivered so far: %s", self._totals.undelivered, reason)

    def _count(self, *, tracked: int = 0, accepted: int = 0, undelivered: int = 0) -> None:
        with self._lock:
            old = self._totals
            self._totals = replace(
                old,
                tracked=old.tracked + tracked,
                accepted=old.accepted + accepted,
                undelivered=old.undelivered + undelivered,
            )


def _client() -> KinesisClient:
    return kinesis_client(connect_s=_CONNECT_S, read_s=_READ_S)


def _on_exit_and_fork(tracker: Tracker) -> Callable[[], None]:
    """Close the tracker when the program ends, and begin anew in a forked child, as long as somebody holds it."""
    found = weakref.ref(tracker)

    def close() -> None:
        if (held := found()) is not None:
            held.close()

    def start_over() -> None:
        if (held := found()) is not None:
            held._start_over(held._own_client)  # noqa: SLF001 - part of the tracker, kept apart from its methods

    atexit.register(close)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start_over)
    return close
