"""Where a record stands: lane = (consumer, epoch, shard), and within it the sequence number.

Sequence numbers have 56 digits today and 129 by the API, while a DynamoDB Number keeps 38: they are text, zero-padded
so that text order is number order. The epoch (creation time of the stream) is part of every lane, because the numbers
of a re-created stream begin again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from clickstream.errors import LedgerError

SEQUENCE_DIGITS = 130
START = "-start"
"""Stands for "no predecessor"; sorts before every padded number."""
_FILL, _REPARSE = "#fill", "#reparse"
IMPORT = "import"
"""Stands for the shard where records are the lines of a file of history, and the epoch is a hash of its content."""
EPOCH_LIFETIME = timedelta(minutes=1)
"""A stream cannot be deleted, made anew and read by its mapping within this time."""


class Lane(NamedTuple):
    """One ordered sequence of records seen by one consumer."""

    consumer: str
    epoch: str
    shard_id: str

    def __str__(self) -> str:
        return "/".join(self)

    @property
    def fill(self) -> "Lane":
        """The lane beside it for records at or below the head that no commit covers."""
        return self._replace(shard_id=self.shard_id + _FILL)

    @property
    def reparse(self) -> "Lane":
        """The lane beside it for bad events that a later version of the code accepts."""
        return self._replace(shard_id=self.shard_id + _REPARSE)

    @property
    def main(self) -> "Lane":
        """The lane of the shard itself, whichever of the three this one is."""
        return self._replace(shard_id=self.shard_id.partition("#")[0])

    @property
    def is_main(self) -> bool:
        """Whether commits of this lane extend the shard's chain of records."""
        return self.main == self

    @property
    def is_import(self) -> bool:
        """Whether its events are history from a file: no stream counted them, and no live counter does."""
        return self.main.shard_id == IMPORT


@dataclass(frozen=True)
class Epochs:
    """The epochs of streams, asked for anew every minute.

    A warm container that trusted its first answer would put the records of a re-created stream into the old lane, and
    a cold one the same records into the new lane.
    """

    ask: Callable[[str], str]
    """Stream ARN → creation time of the stream in epoch seconds."""
    now: Callable[[], datetime]
    _known: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def of(self, stream_arn: str) -> str:
        """The epoch of the stream that exists now."""
        epoch, asked_time = self._known.get(stream_arn, ("", None))
        if asked_time is None or self.now() - asked_time > EPOCH_LIFETIME:
            return self.anew(stream_arn)
        return epoch

    def anew(self, stream_arn: str) -> str:
        """The same, certainly asked for."""
        asked_time = self.now()
        epoch = self.ask(stream_arn)
        self._known[stream_arn] = epoch, asked_time
        return epoch


def padded(sequence_number: str) -> str:
    """The sequence number as sortable text. Raises `LedgerError` for anything that is not 1 to 130 digits."""
    if not (sequence_number.isascii() and sequence_number.isdigit() and len(sequence_number) <= SEQUENCE_DIGITS):
        raise LedgerError(f"{sequence_number!r} is not a Kinesis sequence number")
    return sequence_number.zfill(SEQUENCE_DIGITS)


def all_padded(sequence_numbers: Sequence[str]) -> list[str]:
    """`padded` of each, at a fraction of its cost where all are sound."""
    together = "".join(sequence_numbers)
    # Bytes are digits or not by one look at each; text asks for the digits of all scripts.
    is_sound = together.isascii() and together.encode().isdigit() and all(sequence_numbers)
    if is_sound and len(max(sequence_numbers, key=len)) <= SEQUENCE_DIGITS:
        return [number.zfill(SEQUENCE_DIGITS) for number in sequence_numbers]
    return list(map(padded, sequence_numbers))


def ordinal(number: int) -> str:
    """The place of the n-th commit of a fill lane, from 1, as padded text."""
    return str(number).zfill(20)
