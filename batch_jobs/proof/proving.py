"""What the stages of a proof share: the stack, what was sent so far, and waiting for something to become true."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import boto3

from aws_stores import CONFIG
from batch_jobs.proof.marked_events import MarkedEvents
from clickstream.errors import ClickstreamError
from clickstream.ledger import Commit
from clickstream.positions import Lane

T = TypeVar("T")
LOOK_EVERY_S = 1.0


class StageError(ClickstreamError):
    """A stage of a proof failed; the message says what was seen, and where to look."""


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds: for what the functions do, and for a run of the batch."""

    stream_s: float = 300
    batch_s: float = 3600


@dataclass
class Proof:
    """One proof on its way.

    Attributes:
        stack: Name of the stack.
        names: Its outputs.
        marked: The events.
        limits: How long to wait for what.
        positions: Padded sequence numbers of the records, by the lane that is to commit them; from stage `send` on.
        commits: What committed them; from stage `commit` on.
    """

    stack: str
    names: dict[str, str]
    marked: MarkedEvents
    limits: Limits
    positions: dict[Lane, list[str]] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)

    @property
    def hours(self) -> list[str]:
        """The received hours of what was sent, as the commits name them."""
        return sorted({hour for commit in self.commits for hour in commit.hours})


def wait_until(look: Callable[[], T | None], limit_s: float, pause_s: float = LOOK_EVERY_S) -> T | None:
    """What `look` finds, as soon as it finds anything; None after so many seconds without."""
    deadline_s = time.monotonic() + limit_s
    while (found := look()) is None and (left_s := deadline_s - time.monotonic()) > 0:
        time.sleep(min(pause_s, left_s))
    return found


def is_on_this_machine() -> bool:
    """Whether the endpoint is the local platform, which runs no Glue job, and mappings whatever their state is."""
    return urlsplit(boto3.client("lambda", config=CONFIG).meta.endpoint_url).hostname in {"127.0.0.1", "localhost"}


def sentence(problem: str, causes: Sequence[str]) -> str:
    """The problem, and what was found that may explain it."""
    return "; ".join((problem, *causes))
