"""Batches of events into the stream, one after the other, until each is accepted or given up aloud."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from clickstream_tracker.errors import SendError
from clickstream_tracker.packing import Item, Packer, lines_of
from clickstream_tracker.sender import Sender

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_AFTER_ERROR_S = 10.0
_log = logging.getLogger("clickstream_tracker")


class Waits(Protocol):
    """Who says how long may be waited; see ``Patience``."""

    @property
    def is_ending(self) -> bool:
        """Whether the program ends."""

    def wait(self, seconds: float) -> bool:
        """Wait; False if there is no time left."""


class Delivery:
    """Sends batches of events to one stream.

    While the program runs, a batch is tried again without end: the backlog behind it is bounded. Once the program ends,
    refusals are tried again as long as there is time, and an error that will not pass ends the trying.

    Args:
        client: a boto3 Kinesis client without retries of its own.
        stream_name: the stream.
        buckets: into how many parts sessions are divided; at least as many as the stream has shards.
        patience: says how long may be waited.
        on_accepted: hears how many events were accepted.
        on_undelivered: hears the lines that were given up, and why.
    """

    def __init__(
        self,
        client: KinesisClient,
        stream_name: str,
        *,
        buckets: int,
        patience: Waits,
        on_accepted: Callable[[int], None],
        on_undelivered: Callable[[Sequence[bytes], str], None],
    ) -> None:
        self._client, self._stream_name, self._patience = client, stream_name, patience
        self._on_accepted, self._on_undelivered = on_accepted, on_undelivered
        self._packer = Packer(buckets)
        self._sender = self._new_sender()
        self._told = ""

    def deliver(self, items: Sequence[Item]) -> None:
        """Bring these events into the stream, or tell that they are not."""
        for item in items:
            self._sender.put(self._packer.add(item))
        self._sender.put(self._packer.flush())
        while True:
            try:
                self._sender.drain()
            except SendError as error:
                self._tell(str(error))
                if self._patience.is_ending or not self._patience.wait(_AFTER_ERROR_S):
                    self.give_up(str(error))
                    return
            else:
                self._told = ""
                return

    def _new_sender(self) -> Sender:
        # How often is a question of time here, which `_pause` knows.
        return Sender(
            self._client, self._stream_name, sleep=self._pause, max_tries=math.inf, on_accepted=self._on_accepted
        )

    def _pause(self, seconds: float) -> None:
        if not self._patience.wait(seconds):
            raise SendError(f"the stream {self._stream_name} did not take everything before the program ended")

    def give_up(self, reason: str) -> None:
        """Tell all that was not accepted as undelivered, and begin anew."""
        records = self._sender.waiting()
        self._sender = self._new_sender()
        self._on_undelivered([line for record in records for line in lines_of(record)], reason)

    def _tell(self, reason: str) -> None:
        """Log an error when it is new, not each time that it comes again."""
        if reason != self._told:
            _log.warning("%s; events wait and are tried again", reason)
        self._told = reason
