"""The platform as a set of processes: started, started twice, interrupted, killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.__main__ import main
from local_aws.background import is_stale
from local_aws.server_record import ServerRecord, is_locked, load_record
from local_aws.state import PROJECT_FOLDER, StateFolder
from tests.end_to_end.counting_pipeline import Pipeline


def _local_aws(state: StateFolder, *words: str) -> int:
    return main([words[0], "--state", str(state.root), *words[1:]])


def _wait(state: StateFolder) -> None:
    assert _local_aws(state, "wait", "--timeout", "60") == 0


@pytest.fixture
def own_state(installed_emulator: None, tmp_path: Path) -> Iterator[StateFolder]:
    """Give a test a platform folder that it may start, stop and kill."""
    state = StateFolder.at(tmp_path)
    yield state
    _local_aws(state, "down")


def _children(parents: set[int]) -> set[int]:
    """List what some processes have started, from the process table."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return {int(pid) for pid, parent in (line.split() for line in table.splitlines()) if int(parent) in parents}


def _processes_of(record: ServerRecord) -> set[int]:
    """List a server and everything it started, directly or not."""
    family = {record.pid}
    while found := _children(family) - family:
        family |= found
    return family


def _await_end(processes: set[int]) -> None:
    deadline = time.monotonic() + 30
    while alive := {pid for pid in processes if _is_alive(pid)}:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def _start(state: StateFolder) -> ServerRecord:
    command = [sys.executable, "-m", "local_aws", "up", "--state", str(state.root)]
    shown = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True).stdout
    record = load_record(state)
    assert record is not None
    assert f"export AWS_ENDPOINT_URL={record.aws_url}" in shown.splitlines()
    return record


def test_a_restart_neither_repeats_nor_skips(own_state: StateFolder) -> None:
    """Streams, functions, tables and checkpoints survive; ports stay; a second `up` changes nothing; all ends."""
    first = _start(own_state)
    pipeline = Pipeline(first.endpoints)
    pipeline.create(shards=1)
    pipeline.add_function()
    pipeline.send(100)
    _wait(own_state)
    assert _start(own_state) == first
    family = _processes_of(first)
    assert _local_aws(own_state, "down") == 0
    _await_end(family)
    assert len(family) >= 4
    second = _start(own_state)
    assert second.endpoints == first.endpoints
    pipeline.send(50)
    _wait(own_state)
    assert pipeline.count("done") == 150


def test_a_busy_port_is_one_clear_sentence(own_state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, no traceback, nothing left behind."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert _local_aws(own_state, "up", "--port", str(port)) == 1
    assert not is_locked(own_state)
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith(f"Port {port} on 127.0.0.1 is in use;")


def _serve(state: StateFolder, **popen: Any) -> "tuple[subprocess.Popen[bytes], ServerRecord]":
    words = ["serve", "--state", str(state.root), "--in-memory"]
    process = subprocess.Popen([sys.executable, "-m", "local_aws", *words], cwd=PROJECT_FOLDER, **popen)
    return process, _await_server(state, process)


def _await_server(state: StateFolder, process: "subprocess.Popen[bytes]") -> ServerRecord:
    deadline = time.monotonic() + 60
    while (record := load_record(state)) is None:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return record


def test_a_killed_server_leaves_no_process(own_state: StateFolder) -> None:
    """Not even `kill -9` orphans the emulator, and the end is noticed."""
    process, record = _serve(own_state, stdout=subprocess.DEVNULL)
    family = _processes_of(record)
    process.kill()
    process.wait(60)
    _await_end(family)
    assert (is_locked(own_state), is_stale(own_state)) == (False, True)


def test_a_tied_server_ends_with_its_parent(own_state: StateFolder) -> None:
    """A test runner that is killed leaves no platform behind."""
    words = [sys.executable, "-m", "local_aws", "serve", "--state", str(own_state.root), "--exit-with-parent"]
    script = f"import subprocess, sys; sys.exit(subprocess.call({words!r}))"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT_FOLDER, stdout=subprocess.DEVNULL)
    record = _await_server(own_state, parent)
    family = _processes_of(record)
    parent.kill()
    parent.wait(60)
    _await_end(family)
    assert not own_state.server_file.exists()


def test_ctrl_c_stops_everything(own_state: StateFolder) -> None:
    """In the foreground an interrupt is a clean end."""
    process, record = _serve(own_state, stdout=subprocess.DEVNULL)
    family = _processes_of(record)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    _await_end(family)
    assert not own_state.environment_file.exists()


def test_the_end_of_the_emulator_ends_the_server_with_a_message(own_state: StateFolder) -> None:
    """A platform without its emulator does not pretend to run."""
    process, record = _serve(own_state, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    (emulator,) = _children(_children({record.pid}))
    os.kill(emulator, signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"The emulator stopped unexpectedly" in said) == (1, True)
