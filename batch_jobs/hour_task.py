"""One hour compacted by one worker, which gets nothing but words and gives back a value."""

import time
from dataclasses import replace
from functools import cache
from math import ceil

from batch_jobs import lake_arguments
from clickstream.lake.compaction import Outcome, attempt
from clickstream.lake.work import Lake

Compacted = tuple[Outcome, float]
"""What became of an hour, and the seconds it took."""
SLICES_PER_SLOT = 2
"""Hours differ in size: a worker that is done early takes another slice. More slices have more edges."""
HOURS_PER_SLICE = 12
"""Hours of one slice at the most."""


def compact(hour: str, arguments: tuple[str, ...], code_version: str) -> Compacted:
    """Compact the hour in the lake that the arguments name. A failure is an outcome."""
    started_s = time.monotonic()
    outcome = attempt(_lake(arguments, code_version), hour)
    return outcome, time.monotonic() - started_s


@cache
def _lake(arguments: tuple[str, ...], code_version: str) -> Lake:
    """Connections live as long as the worker's process."""
    named = lake_arguments.lake(lake_arguments.parse(lake_arguments.parser("Compact one hour."), arguments))
    return replace(named, code_version=code_version)


def slice_count(hours: int, slots: int) -> int:
    """Into how many slices so many hours go. `slots` may be too low: workers that start later are not in it yet."""
    return min(hours, max(SLICES_PER_SLOT * slots, ceil(hours / HOURS_PER_SLICE)))
