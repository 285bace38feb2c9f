"""Marks on settled hours, so that a run need not read the work list and the commit of every hour that ever was.

A mark stands in the hour's own item of the work list and says what was compared when nothing was left to do. It counts
only while all of that is as it was: the generations of the hour and of the one before, the pointer, the tombstones.
Whoever adds an object to the hour writes the item anew, without a mark, after the object: so a mark that is still there
has seen every object. Setting one takes two steps for the same reason, a claim before the look and the mark after it,
written only over that claim. Losing a mark costs a look, no more.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clickstream.errors import Conflict
from clickstream.lake import generations
from clickstream.lake.catalog import uri
from clickstream.lake.generations import hour_after, hour_start
from clickstream.ledger import HourMark, Ledger
from clickstream.ports import Bucket

LOOK_AGAIN_HOURS = 30 * 24
"""Each hour is looked at once in so many runs of an hourly job, whatever its mark says."""


@dataclass(frozen=True)
class Overview:
    """What a few listings say about all hours of the lake.

    Attributes:
        bucket: The lake's bucket.
        commits: Key of the newest commit by hour.
        pointers: Location of each partition of `raw_events`.
        bad_partitions: Hours with a partition of `bad_events`.
        tombstones: How many people have been erased.
    """

    bucket: Bucket
    commits: dict[str, str]
    pointers: dict[str, str]
    bad_partitions: frozenset[str]
    tombstones: int

    def generation(self, hour: str) -> int | None:
        """Number of the hour's newest generation."""
        return generations.number_in(self.commits.get(hour))

    def is_pointed(self, hour: str, folder: str) -> bool:
        """Whether readers of the hour are sent to this folder."""
        return self.pointers.get(hour) == uri(self.bucket, folder)

    def mark(self, hour: str, folder: str, *, has_bad_events: bool) -> HourMark:
        """What a look at the hour was compared with."""
        before = self.generation(hour_after(hour, -1))
        return HourMark(self.generation(hour), before, folder, has_bad_events, self.tombstones)

    def bears_out(self, hour: str, mark: HourMark | None) -> bool:
        """Whether everything that the mark names is still so."""
        if mark is None or mark != self.mark(hour, mark.folder, has_bad_events=mark.has_bad_events):
            return False
        is_open = mark.has_bad_events and hour not in self.bad_partitions
        return not is_open and (mark.generation is None or self.is_pointed(hour, mark.folder))


def is_due(hour: str, now: datetime) -> bool:
    """Whether it is the hour's turn to be looked at in spite of its mark."""
    return int((now - hour_start(hour)).total_seconds()) // 3600 % LOOK_AGAIN_HOURS == 0


def settle(ledger: Ledger, hour: str, look: Callable[[], HourMark | None]) -> bool:
    """Look at the hour, and mark it if the look finds nothing to do. Whether it found nothing.

    Args:
        ledger: Keeps the marks.
        hour: An hour of the work list.
        look: Reads the hour's work list, and returns the mark that it earns, or None.
    """
    claim = uuid.uuid4().int >> 68
    ledger.claim(hour, claim)
    mark = look()
    if mark is None:
        return False
    try:
        ledger.settle(hour, claim, mark)
    except Conflict:
        # An object came, or another run looks at the same time: the next run looks again.
        return True
    return True
