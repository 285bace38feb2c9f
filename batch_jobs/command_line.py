"""How every command of this folder ends: with its exit code, and with one line where somebody pressed Ctrl-C."""

import sys
from collections.abc import Callable
from pathlib import Path

INTERRUPTED = 130
"""What a shell expects of a process that was interrupted."""


def interruptible(main: Callable[[], int]) -> int:
    """Run the command and give its exit code; 130 after Ctrl-C, which no command must be protected from."""
    try:
        return main()
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).stem}: stopped; it may be run again", file=sys.stderr)
        return INTERRUPTED
