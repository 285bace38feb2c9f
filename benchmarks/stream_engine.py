"""What every engine of the stream benchmark returns, and how its CPU time is taken."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

Counts = dict[str, int]
TEXT_FIELDS = (
    "event_id",
    "event_type",
    "session_id",
    "user_id",
    "anonymous_id",
    "page_url",
    "page_title",
    "referrer",
    "user_agent",
    "ip_address",
    "app_id",
    "schema_version",
    "order_id",
    "currency",
)
"""Fields of an event that every engine keeps as they are."""


@dataclass(frozen=True)
class Answer:
    """What an engine has worked out of one batch; equal for all of them.

    `types` counts events by minute and type (`2026-11-21T09:00 click`), `pages` page views by minute, `sessions` events
    by session. The archive is written too; `rows` are those in it.
    """

    rows: int
    types: Counts
    pages: Counts
    sessions: Counts


@dataclass(frozen=True)
class Measured:
    """One engine's answer and its CPU seconds, user and system, for each round after the first."""

    answer: Answer
    cpu_s: tuple[float, ...]


def measure(work: Callable[[], Answer], rounds: int, clock: Callable[[], float] = time.process_time) -> Measured:
    """Do the work once to warm up, then `rounds` times."""
    answer = work()
    seconds = []
    for _ in range(rounds):
        start = clock()
        again = work()
        seconds.append(clock() - start)
        if again != answer:
            raise SystemExit("two rounds gave different answers")
    return Measured(answer, tuple(seconds))


def run(engine: Callable[[Path, int], Measured]) -> None:
    """The command line of an engine, `folder rounds`: pins itself to one core, prints the measurement as JSON."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    measured = engine(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps(asdict(measured)))


def counted(rows: Iterable[tuple[object, ...]]) -> Counts:
    """Rows of (word, …, count) as a map from the joined words to the count."""
    return {" ".join(str(word) for word in words): int(str(count)) for *words, count in rows}
