"""How a running server is found: a lock that lives as long as it does, and a file that says where it listens."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from local_aws.access import Endpoints
from local_aws.errors import PlatformError
from local_aws.state import StateFolder, write_atomically

_LOCK_TRIES, _LOCK_REST_S = 10, 0.05


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A ready server: its process id and its endpoints."""

    pid: int
    aws_url: str
    athena_url: str
    collector_url: str = ""
    """Empty in the record of a server that was started before there was one."""

    @property
    def endpoints(self) -> Endpoints:
        """Where it listens."""
        return Endpoints(self.aws_url, self.athena_url, self.collector_url)


@contextmanager
def server_lock(state: StateFolder) -> Iterator[None]:
    """Hold the state folder for one server.

    Raises:
        PlatformError: Another server holds it.
    """
    with state.lock_file.open("a") as file:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody may just be asking whether a server runs.
                time.sleep(_LOCK_REST_S)
            else:
                break
        else:
            raise PlatformError(f"The platform in {state.root} is already running; stop it first with `down`.")
        yield


def is_locked(state: StateFolder) -> bool:
    """Tell whether a server process lives, ready or not."""
    if not state.lock_file.exists():
        return False
    with state.lock_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def save_record(state: StateFolder, record: ServerRecord) -> None:
    """Announce a ready server."""
    write_atomically(state.server_file, json.dumps(asdict(record)))


def load_record(state: StateFolder) -> ServerRecord | None:
    """Return the ready server of this state folder, or None; a record without a living server does not count."""
    if not is_locked(state) or not state.server_file.exists():
        return None
    return ServerRecord(**json.loads(state.server_file.read_text(encoding="utf-8")))


def running_server(state: StateFolder) -> ServerRecord:
    """Return the ready server.

    Raises:
        PlatformError: There is none.
    """
    record = load_record(state)
    if record is None:
        raise PlatformError(f"No platform is running in {state.root}; start it with `python -m local_aws up`.")
    return record
