"""As much of a batch as one invocation takes: its memory and time are bounded, however well its records compress.

A batch holds at most 6 MB of records, but those may unfold to a hundred million events. What is left over is reported
as not done, so that the mapping delivers it again: to the protocol that is any redelivery with other boundaries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from clickstream.intake.envelopes import extent
from clickstream.intake.kinesis import Batch, Record

MAX_EVENTS = 100_000
"""More than any sound batch holds: 6 MB are about 80,000 short events, packed."""
MAX_BYTES = 96 << 20
"""Of payloads. Sound batches have a fourth of it."""


@dataclass(frozen=True)
class Portion:
    """The leading records of a batch, at least one, and the sequence number of the first that is left; None if none."""

    batch: Batch
    rest: str | None


def portion(batch: Batch, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> Portion:
    """The leading records that hold no more than this; one more than fits where the first one alone is too much."""
    count = _fitting(batch.records, max_events, max_bytes) or 1
    if count == len(batch.records):
        return Portion(batch, None)
    return Portion(replace(batch, records=batch.records[:count]), batch.records[count].sequence_number)


def portions(batch: Batch, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> Iterator[Batch]:
    """The whole batch, a portion at a time."""
    rest = batch.records
    while rest:
        part = portion(replace(batch, records=rest), max_events, max_bytes).batch
        yield part
        rest = rest[len(part.records) :]


def _fitting(records: Iterable[Record], max_events: int, max_bytes: int) -> int:
    """How many of the records fit."""
    count = 0
    for count, record in enumerate(records):
        events, size = extent(record.data)
        max_events, max_bytes = max_events - events, max_bytes - size
        if max_events < 0 or max_bytes < 0:
            return count
    return count + 1
