"""The platform in the background: start it detached, find it, stop it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from local_aws.errors import PlatformError
from local_aws.server_record import ServerRecord, is_locked, load_record
from local_aws.state import PROJECT_FOLDER, StateFolder

_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 90.0
_LOOK_INTERVAL_S = 0.05


def start_in_background(state: StateFolder, serve_arguments: Sequence[str]) -> ServerRecord:
    """Start `serve` as a process of its own and wait until it is ready.

    Raises:
        PlatformError: It ended before it was ready (with what it said), or took too long.
    """
    log_file = state.log_folder / "serve.log"
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(state.root), *serve_arguments]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=PROJECT_FOLDER, start_new_session=True
        )
    deadline = time.monotonic() + _START_LIMIT_S
    try:
        while time.monotonic() < deadline:
            record = load_record(state)
            if record is not None and record.pid == process.pid:
                return record
            if process.poll() is not None:
                raise PlatformError(log_file.read_text(encoding="utf-8", errors="replace").strip())
            time.sleep(_LOOK_INTERVAL_S)
    except KeyboardInterrupt:
        process.terminate()
        raise
    process.terminate()
    raise PlatformError(f"The platform was not ready within {_START_LIMIT_S:.0f} s; see {log_file}")


def is_stale(state: StateFolder) -> bool:
    """Tell whether a server of the past was killed and left its record."""
    return state.server_file.exists() and not is_locked(state)


def stop_in_background(state: StateFolder) -> bool:
    """Stop the server of this state folder; return whether there was one.

    Raises:
        PlatformError: It is starting, so it cannot be asked to stop yet, or it does not stop.
    """
    if not is_locked(state):
        state.server_file.unlink(missing_ok=True)
        state.environment_file.unlink(missing_ok=True)
        return False
    record = _await_record(state)
    if record is not None:
        os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_LIMIT_S
    while is_locked(state):
        if time.monotonic() > deadline:
            raise PlatformError(f"The platform in {state.root} does not stop; see {state.log_folder}")
        time.sleep(_LOOK_INTERVAL_S)
    return True


def _await_record(state: StateFolder) -> ServerRecord | None:
    deadline = time.monotonic() + _START_LIMIT_S
    while is_locked(state):
        record = load_record(state)
        if record is not None:
            return record
        if time.monotonic() > deadline:
            raise PlatformError(f"The platform in {state.root} is neither ready nor gone; see {state.log_folder}")
        time.sleep(_LOOK_INTERVAL_S)
    return None
