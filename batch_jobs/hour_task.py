"""One hour compacted by one worker, which gets nothing but words and gives back a value."""

import os
import time
from functools import cache

from batch_jobs import lake_arguments
from clickstream.lake.compaction import Outcome, attempt
from clickstream.lake.work import Lake

Compacted = tuple[Outcome, float]
"""What became of an hour, and the seconds it took."""


def compact(hour: str, arguments: tuple[str, ...], code_version: str) -> Compacted:
    """Compact the hour in the lake that the arguments name. A failure is an outcome."""
    started_s = time.monotonic()
    outcome = attempt(_lake(arguments, code_version), hour)
    return outcome, time.monotonic() - started_s


@cache
def _lake(arguments: tuple[str, ...], code_version: str) -> Lake:
    """Connections live as long as the worker's process."""
    os.environ["CLICKSTREAM_CODE_VERSION"] = code_version
    return lake_arguments.lake(lake_arguments.parse(lake_arguments.parser("Compact one hour."), arguments))
