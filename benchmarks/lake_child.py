"""Run one program, then print its CPU seconds and peak memory as JSON, and end with its status.

A process begins with the peak of the one that starts it, which is this small one instead of a large benchmark.

python -m benchmarks.lake_child CPU_LIMIT_S LOG PROGRAM [ARGUMENT ...]
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Ended(NamedTuple):
    """How a program ended: its status, negative if a signal ended it, CPU seconds with its children, peak memory."""

    status: int
    cpu_s: float
    rss_mb: float


def started(limit_s: int, log: Path, command: list[str]) -> Ended:
    """Run the program to its end; each process of it may use `limit_s` CPU seconds."""
    with log.open("wb") as messages:
        process = subprocess.Popen(  # of one thread: what runs before the program cannot block
            command,
            stdout=messages,
            stderr=messages,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s)),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(limit_s: int, log: Path, command: list[str]) -> int:
    """Run the program and print what it took. 1: it failed."""
    ended = started(limit_s, log, command)
    print(json.dumps({"cpu_s": ended.cpu_s, "rss_mb": ended.rss_mb}))
    return 1 if ended.status else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
