"""How a job shows the work that it does one unit after the other."""

import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TypeVar

Unit = TypeVar("Unit")


def timed(outcomes: Iterator[Unit]) -> Iterator[tuple[Unit, float]]:
    """Each outcome with the seconds it took."""
    start = time.monotonic()
    for outcome in outcomes:
        yield outcome, time.monotonic() - start
        start = time.monotonic()


def shown(outcomes: Iterator[Unit], expected: int, what: str) -> Iterator[Unit]:
    """The outcomes, with a progress bar where somebody watches."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield from outcomes
        return
    from rich.console import Console  # not part of the Glue environment
    from rich.progress import track

    yield from track(outcomes, what, expected, console=Console(stderr=True))
