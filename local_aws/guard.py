"""Runs a command for as long as somebody holds this process's standard input open.

The server starts the emulator through this guard. However the server ends, even by `kill -9`, the pipe between
them closes, and the guard stops the command and everything the command has started. It uses the standard
library only and is run as a file, so that it starts in a few milliseconds.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

STOP_GRACE_S = 60.0
"""Seconds a command may take to save its state."""
_LOOK_INTERVAL_S = 0.2


def _is_input_closed(wait_s: float) -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], wait_s)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


def _stop(command: subprocess.Popen[bytes]) -> None:
    if command.poll() is None:
        command.terminate()
    try:
        command.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        command.kill()
    finally:
        _kill_group(command.pid)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def main(arguments: Sequence[str]) -> int:
    """Run the command `arguments`; return its exit code, or 0 if it was stopped because standard input closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    command = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while command.poll() is None:
            if _is_input_closed(_LOOK_INTERVAL_S):
                return 0
        return command.returncode
    finally:
        _stop(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
