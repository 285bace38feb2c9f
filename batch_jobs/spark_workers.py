"""The workers of a Spark cluster, each of which compacts hours as one process does. Imported by runs under Spark only.

Spark distributes the hours, no rows: a worker reads and writes S3 itself. Neighbouring hours stay in one slice, oldest
first, since an hour looks at the one before it; the run that gave the slices away looks after their edges.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from py4j.protocol import Py4JError
from pyspark import SparkContext, SparkFiles
from pyspark.errors import PySparkException

from batch_jobs.hour_task import slice_count
from clickstream.errors import InfrastructureError

if TYPE_CHECKING:
    from batch_jobs.hour_task import Compacted

PASSED_ON = ("AWS_DEFAULT_REGION", "MIMALLOC_PURGE_DELAY")
"""Variables of this process that workers need: nothing else tells their clients where the services are, and the
allocator what to keep."""


def compacted_hours(
    hours: Sequence[str], arguments: Sequence[str], code_version: str, archives: Sequence[str]
) -> list["Compacted"]:
    """Compact the hours, oldest first, and return what became of each.

    Args:
        hours: Received hours.
        arguments: Command line of the job, from which each worker makes its own lake.
        code_version: What commits name as their code.
        archives: Local zip archives with our code and its packages, a later one wins; none where workers have them.

    Raises:
        InfrastructureError: The cluster did not do it. Hours may have been compacted all the same.
    """
    try:
        context = SparkContext.getOrCreate()
        context.environment |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        for archive in archives:
            context.addArchive(archive)
        slices = slice_count(len(hours), context.defaultParallelism)
        task = _task(tuple(arguments), code_version, [Path(archive).name for archive in archives])
        found: list[Compacted] = context.parallelize(sorted(hours), slices).map(task).collect()
    except (Py4JError, PySparkException) as error:
        first_lines = " ".join(str(error).split("\n")[:3])
        raise InfrastructureError(f"the Spark cluster failed: {first_lines}") from error
    return found


def _task(arguments: tuple[str, ...], code_version: str, names: list[str]) -> Callable[[str], "Compacted"]:
    def compacted(hour: str) -> "Compacted":
        # Spark sends this function itself: on a worker nothing of ours can be imported before the next lines.
        for name in names:
            folder = SparkFiles.get(name)
            if folder not in sys.path:
                sys.path.insert(0, folder)
        from batch_jobs.hour_task import compact

        return compact(hour, arguments, code_version)

    return compacted
