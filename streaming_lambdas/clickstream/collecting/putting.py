"""The records of one request into the stream, within the time that there is.

A call may take some records and refuse others, and after a lost reply nobody knows. So what is not known to be taken is
sent again with the same bytes: a second copy carries the same event ids and is dropped where events become unique. A
call holds one record of each bucket at most, and a bucket's next waits for it: a session's events stay in order.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clickstream.collecting.packing import PackedRecord
from clickstream.errors import InfrastructureError

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Put(Protocol):
    """One call of the stream."""

    def __call__(self, records: Sequence[PackedRecord]) -> Sequence[str]:
        """For each record, empty if it was taken, or why not. Raises `InfrastructureError`: nothing is known of any."""


@dataclass(frozen=True)
class Patience:
    """How long is tried, and how pauses are made.

    Attributes:
        left_s: Seconds in which another call may still begin; sinks below 0.
        sleep: Pauses for so many seconds.
        jitter: Draws the random part of a pause, so that those who were refused together do not come back together.
    """

    left_s: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: random.Random


@dataclass
class Outcome:
    """What became of the records of a request.

    Attributes:
        taken: Records that the stream has.
        left: Records of which this is not known. Some may be in it all the same.
        resent: Refusals and unknown ends that were followed by another try.
        problem: The last reason; empty if everything was taken at once.
    """

    taken: int = 0
    left: int = 0
    resent: int = 0
    problem: str = ""


def put_all(records: Iterable[PackedRecord], put: Put, patience: Patience) -> Outcome:
    """Put them until all are taken or no time is left; at least one call is made if there is a record."""
    lines: dict[str, deque[PackedRecord]] = {}
    for record in records:
        lines.setdefault(record.explicit_hash_key, deque()).append(record)
    outcome = Outcome()
    tries = 0
    while lines:
        refused = _round(lines, put, outcome)
        lines = {bucket: line for bucket, line in lines.items() if line}
        tries = tries + 1 if refused else 0
        if refused and not _paused(tries, patience):
            break
        outcome.resent += refused
    outcome.left = sum(map(len, lines.values()))
    return outcome


def _round(lines: dict[str, deque[PackedRecord]], put: Put, outcome: Outcome) -> int:
    """One call with the first record of each bucket; returns how many of them are not known to be taken."""
    try:
        reasons = put([line[0] for line in lines.values()])
    except InfrastructureError as error:
        outcome.problem = str(error)
        return len(lines)
    for line, reason in zip(lines.values(), reasons, strict=True):
        if reason:
            outcome.problem = reason
        else:
            line.popleft()
            outcome.taken += 1
    return sum(map(bool, reasons))


def _paused(tries: int, patience: Patience) -> bool:
    """Wait before the next try; False if there is no time for one."""
    pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (tries - 1)) * patience.jitter.uniform(0.5, 1)
    if patience.left_s() < pause_s:
        return False
    patience.sleep(pause_s)
    return True
