"""Free TCP ports on the loopback interface."""

import json
import socket
from pathlib import Path

from local_aws.errors import PlatformError
from local_aws.state import write_atomically

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Let the system choose a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def choose_port(wanted: int, last: int | None) -> int:
    """Choose the wanted port; if none is wanted (0) the last one, so that shells stay valid; else any free one.

    Raises:
        PlatformError: The wanted port is taken.
    """
    if wanted:
        if not is_free(wanted):
            raise PlatformError(f"Port {wanted} on {HOST} is in use; stop its owner or choose another --port.")
        return wanted
    return last if last and is_free(last) else free_port()


def load_ports(path: Path) -> dict[str, int]:
    """Read the ports of the last run, by name."""
    if not path.exists():
        return {}
    ports: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return ports


def save_ports(path: Path, ports: dict[str, int]) -> None:
    """Remember the ports of this run."""
    write_atomically(path, json.dumps(ports))
