"""The launcher's parts that need no emulator: ports, environments, the lock, the guard, the command line."""

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local_aws import guard
from local_aws.__main__ import main
from local_aws.access import Endpoints, isolate_process, shell_lines, tool_environment
from local_aws.background import is_stale, stop_in_background
from local_aws.deploy import Deployment, cdk_environment, deploy, deploy_words
from local_aws.emulator import emulator_environment, emulator_python
from local_aws.errors import PlatformError
from local_aws.node import CdkProgram, find_cdk
from local_aws.ports import choose_port, is_free, load_ports, save_ports
from local_aws.server_record import ServerRecord, is_locked, load_record, running_server, save_record, server_lock
from local_aws.state import StateFolder

ENDPOINTS = Endpoints("http://127.0.0.1:4001", "http://127.0.0.1:4002", "http://127.0.0.1:4003")


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """Give each test a state folder of its own."""
    return StateFolder.at(tmp_path / "state")


@pytest.fixture
def busy_port() -> Iterator[socket.socket]:
    """Listen on a port for the length of a test."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_busy_port_is_refused_in_one_sentence(busy_port: socket.socket) -> None:
    """A wanted port is never silently replaced."""
    port = busy_port.getsockname()[1]
    with pytest.raises(PlatformError, match=rf"^Port {port} on 127.0.0.1 is in use; [^\n]*$"):
        choose_port(port, None)


def test_the_last_port_is_taken_again_only_if_free(busy_port: socket.socket, tmp_path: Path) -> None:
    """Shells that sourced the environment stay valid after a restart, when that is possible."""
    free = choose_port(0, None)
    busy = busy_port.getsockname()[1]
    save_ports(tmp_path / "ports.json", {"aws": free})
    assert choose_port(0, load_ports(tmp_path / "ports.json")["aws"]) == free
    assert choose_port(0, busy) != busy
    assert (is_free(free), is_free(busy), load_ports(tmp_path / "none.json")) == (True, False, {})


def test_the_environment_is_what_a_shell_reads() -> None:
    """Sourcing the lines sets the endpoints and drops a real account's profile, whatever the values hold."""
    variables = tool_environment(ENDPOINTS, {"NO_PROXY": "intra net,$HOME"})
    script = shell_lines(variables) + 'printf "%s\\n" "$AWS_ENDPOINT_URL" "$NO_PROXY" "[$AWS_PROFILE]"'
    environment = {"PATH": os.environ["PATH"], "AWS_PROFILE": "production"}
    shown = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == ["http://127.0.0.1:4001", "127.0.0.1,localhost,intra net,$HOME", "[]"]


def test_a_real_account_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of the machine cannot leak into what the platform starts, and proxies are not asked for loopback."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("NO_PROXY", "intranet,localhost")
    monkeypatch.setenv("no_proxy", "other")
    isolate_process()
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"}.intersection(os.environ)
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "127.0.0.1,localhost,intranet"


def test_the_emulator_inherits_nothing_that_changes_functions(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions see neither the caller's Python path, nor its proxies, nor its account; it listens on loopback only."""
    for name in ("PYTHONPATH", "HTTPS_PROXY", "AWS_PROFILE", "AWS_ENDPOINT_URL", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "leak")
    environment = emulator_environment(state, 4001, is_persistent=True)
    assert "leak" not in environment.values()
    assert (environment["BIND_HOST"], environment["IOT_MTLS_ENABLED"]) == ("127.0.0.1", "0")
    assert environment["PERSIST_STATE"] == "1"
    assert "PERSIST_STATE" not in emulator_environment(state, 4001, is_persistent=False)


def test_a_missing_emulator_is_explained(tmp_path: Path) -> None:
    """The sentence says what to run."""
    with pytest.raises(PlatformError, match="make setup"):
        emulator_python(tmp_path)


def test_one_state_folder_holds_one_server(state: StateFolder) -> None:
    """The lock is free before and after, and a second server is told so."""
    assert not is_locked(state)
    with server_lock(state):
        assert is_locked(state)
        with pytest.raises(PlatformError, match="already running"), server_lock(state):
            pass
    assert not is_locked(state)


def test_a_record_counts_only_while_its_server_lives(state: StateFolder) -> None:
    """What a killed server left behind is noticed, and cleaned up by `down`."""
    record = ServerRecord(1, ENDPOINTS.aws_url, ENDPOINTS.athena_url, ENDPOINTS.collector_url)
    with server_lock(state):
        assert load_record(state) is None
        save_record(state, record)
        assert running_server(state) == record
        assert running_server(state).endpoints == ENDPOINTS
    assert (load_record(state), is_stale(state)) == (None, True)
    assert stop_in_background(state) is False
    assert not is_stale(state)


def test_erasing_keeps_what_is_not_of_a_run(state: StateFolder) -> None:
    """The emulator's installation may live in the same folder."""
    installed = state.root / "emulator"
    for folder in (installed, state.data_folder, state.checkpoint_folder):
        folder.mkdir()
    state.erase()
    assert [path.name for path in state.root.iterdir() if path.is_dir()] == ["emulator"]


def _guarded(tmp_path: Path, script: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-I", guard.__file__, sys.executable, "-I", "-c", script]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2] if Path(f"/proc/{pid}").exists() else True


def test_the_guard_stops_a_command_and_its_children_when_its_input_closes(tmp_path: Path) -> None:
    """Whoever held the pipe is gone, so nothing may stay behind; the command may first save its state."""
    script = (
        "import pathlib, signal, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-I', '-c', 'import time; time.sleep(60)'])\n"
        "def stop(*_):\n    pathlib.Path('saved').touch()\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with _guarded(tmp_path, script) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.communicate()
    assert process.returncode == 0
    assert (tmp_path / "saved").exists()
    assert not _is_alive(child)


def test_the_guard_passes_on_how_a_command_ended(tmp_path: Path) -> None:
    """A command that ends by itself ends the guard with the same code."""
    with _guarded(tmp_path, "raise SystemExit(7)") as process:
        assert process.wait(30) == 7


def test_deploy_words_point_at_the_state_folder(state: StateFolder) -> None:
    """Approval, notices, environment and outputs are set; the caller's words come last."""
    words = deploy_words(state, Deployment(app="python -m app", extra=("--all", "-c", "serving=on")))
    assert shlex.join(words) == (
        f"deploy --require-approval never --no-notices -c environment=local --outputs-file {state.outputs_file}"
        f" --output {state.assembly_folder} --app 'python -m app' --all -c serving=on"
    )


def test_the_cdk_runs_silently_with_this_python_first() -> None:
    """No telemetry, the local endpoint, and the app's `python` is the one that runs now."""
    cdk = CdkProgram(Path("/opt/node/bin/node"), Path("cdk.js"))
    environment = cdk_environment(cdk, ENDPOINTS, {"PATH": "/usr/bin"})
    assert environment["CDK_DISABLE_CLI_TELEMETRY"] == "true"
    assert environment["AWS_ENDPOINT_URL"] == ENDPOINTS.aws_url
    assert environment["PATH"].split(":") == [str(Path(sys.executable).parent), "/opt/node/bin", "/usr/bin"]


def _fake_cdk(tmp_path: Path, script: str) -> CdkProgram:
    path = tmp_path / "cdk.py"
    path.write_text(script)
    return CdkProgram(Path(sys.executable), path)


def test_a_failed_deployment_ends_with_the_last_words_of_the_cdk(
    state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person sees the error, not the whole log; the log is named."""
    monkeypatch.setattr("local_aws.deploy.is_bootstrapped", lambda _: True)
    cdk = _fake_cdk(tmp_path, "import sys; [print('line', n) for n in range(100)]; sys.exit('no such stack')")
    with pytest.raises(PlatformError, match="no such stack") as failure:
        deploy(cdk, ENDPOINTS, state, Deployment(folder=tmp_path), Console(file=StringIO()))
    assert "line 99" in str(failure.value)
    assert "line 1\n" not in str(failure.value)
    assert str(state.log_folder / "cdk-deploy.log") in str(failure.value)


def test_bootstrap_comes_first_and_in_an_empty_folder(
    state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a cdk.json the command line would synthesise the whole app before it bootstraps."""
    monkeypatch.setattr("local_aws.deploy.is_bootstrapped", lambda _: False)
    cdk = _fake_cdk(tmp_path, "import os, sys; print(sys.argv[1], os.listdir() == [])")
    deploy(cdk, ENDPOINTS, state, Deployment(folder=tmp_path), Console(file=StringIO()))
    logs = [(state.log_folder / f"cdk-{name}.log").read_text().split() for name in ("bootstrap", "deploy")]
    assert logs == [["bootstrap", "True"], ["deploy", "False"]]


def test_a_missing_cdk_is_explained(tmp_path: Path) -> None:
    """The sentence says what to run."""
    with pytest.raises(PlatformError, match="make setup"):
        find_cdk(tmp_path)


@pytest.mark.parametrize("command", ["status", "wait", "deploy"])
def test_commands_that_need_a_server_say_so(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and one sentence, no traceback."""
    assert main([command, "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("No platform is running in")


def test_stopping_nothing_is_fine(tmp_path: Path) -> None:
    """`down` may be run twice."""
    assert main(["down", "--erase", "--state", str(tmp_path)]) == 0


def test_wrong_usage_is_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    """As every command line does it."""
    with pytest.raises(SystemExit) as ending:
        main(["up", "--arrival-times", "guessed"])
    assert ending.value.code == 2
    assert "from-partition-key" in capsys.readouterr().err
