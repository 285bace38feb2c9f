"""The servers of `benchmarks.bench_collect`, each a process of its own on loopback, and how much CPU time they used."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from clickstream.settings import CollectEventsSettings, variables
from local_aws import function_worker

ROOT = Path(__file__).parents[1]
LIMIT_S = 15
"""Of one invocation, as deployed."""
Told = dict[str, list[str]]
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Server:
    """A server: its port, and the CPU time that its processes and their children have used."""

    def __init__(self, leaders: list[int], port: int) -> None:
        self._leaders, self.port = leaders, port

    def cpu_s(self) -> float:
        """User and system time of the processes of their sessions."""
        return sum(_cpu_s(pid) for leader in self._leaders for pid in _session(leader))


@contextmanager
def stream() -> Iterator[int]:
    """The stand-in for Kinesis; its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.collect_stream", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


@contextmanager
def ours(stream: int, workers: int) -> Iterator[Server]:
    """The handler behind the local HTTP server, in so many containers."""
    shared = socket.socket()
    shared.bind(("127.0.0.1", 0))
    settings = variables(CollectEventsSettings, stream_name="events", stream_buckets=2, claims_table="none")
    words = [str(shared.fileno()), "collect_events.handler", str(LIMIT_S), str(ROOT / "streaming_lambdas")]
    with shared, ExitStack() as stack:
        processes = [stack.enter_context(_worker(words, {**_aws(stream), **settings}, shared)) for _ in range(workers)]
        yield Server([process.pid for process in processes], shared.getsockname()[1])
        for process in processes:
            process.terminate()


def _worker(words: list[str], environment: dict[str, str], shared: socket.socket) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, function_worker.__file__, *words],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[shared.fileno()],
        start_new_session=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    return process


@contextmanager
def usual(peers: Path, stream: int) -> Iterator[Server]:
    """Flask under gunicorn, one process with threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "16", "benchmarks.collect_flask:app"]
    with subprocess.Popen(
        [peers, "-m", "gunicorn", *words],
        cwd=ROOT,
        env={**os.environ, **_aws(stream)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        while "Booting worker" not in process.stderr.readline():
            pass
        yield Server([process.pid], port)
        process.terminate()


def _aws(stream: int) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{stream}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


def told(port: int, method: str, path: str) -> Told:
    """Ask the stand-in for Kinesis."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path)
    found: Told = json.loads(connection.getresponse().read())
    connection.close()
    return found


def _stat(pid: int) -> list[str]:
    """Fields of a process after its name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _session(leader: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if _stat(int(path.name))[3] == str(leader):
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _cpu_s(pid: int) -> float:
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) * _TICK_S
