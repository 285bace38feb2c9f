"""The AWS emulator as a child process: ministack, unpatched, in a virtual environment of its own."""

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path

from local_aws import guard
from local_aws.access import REGION
from local_aws.errors import PlatformError
from local_aws.ports import HOST
from local_aws.state import PROJECT_FOLDER, StateFolder

EMULATOR_FOLDER = PROJECT_FOLDER / ".local_aws" / "emulator"
_START_LIMIT_S = 30.0
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "SYSTEMROOT")


def emulator_python(folder: Path = EMULATOR_FOLDER) -> Path:
    """Return the interpreter of the emulator's virtual environment.

    Raises:
        PlatformError: It has not been installed.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        raise PlatformError(f"The emulator is not installed in {folder}; run `make setup`.")
    return python


def emulator_environment(state: StateFolder, port: int, *, is_persistent: bool) -> dict[str, str]:
    """List the variables of the emulator process.

    Lambda functions inherit them, so nothing of the caller's Python, proxies or AWS account is in them. The
    Docker address leads nowhere: the emulator must behave alike on machines with and without Docker.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    persistence = {
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(state.data_folder / "services"),
        "S3_DATA_DIR": str(state.data_folder / "objects"),
    }
    return inherited | {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{state.temp_folder / 'no-docker'}",
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(state.temp_folder),
        "TZ": "UTC",
        "NO_PROXY": "*",
        **(persistence if is_persistent else {}),
    }


class Emulator:
    """One running emulator.

    Attributes:
        url: Base URL of all its services.
    """

    def __init__(self, state: StateFolder, port: int, *, is_persistent: bool = True) -> None:
        self._state = state
        self._port = port
        self._is_persistent = is_persistent
        self._process: subprocess.Popen[bytes] | None = None
        self._log_file = state.log_folder / "emulator.log"
        self.url = f"http://{HOST}:{port}"

    def start(self) -> None:
        """Start it; it is of use only after `await_healthy`.

        Raises:
            PlatformError: It is not installed.
        """
        command = [sys.executable, "-I", guard.__file__, str(emulator_python()), "-m", "ministack"]
        environment = emulator_environment(self._state, self._port, is_persistent=self._is_persistent)
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def await_healthy(self) -> None:
        """Wait until it answers.

        Raises:
            PlatformError: It ended, or does not answer in time.
        """
        deadline = time.monotonic() + _START_LIMIT_S
        while not self._is_healthy():
            if not self.is_running:
                raise PlatformError(self.end_message())
            if time.monotonic() > deadline:
                raise PlatformError(f"The emulator was not healthy within {_START_LIMIT_S:.0f} s; see {self._log_file}")
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        """The process lives."""
        return self._process is not None and self._process.poll() is None

    def end_message(self) -> str:
        """Explain an end that nobody asked for, with the last words of its log."""
        tail = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        return "\n".join(["The emulator stopped unexpectedly; its log ends with:", *tail, f"({self._log_file})"])

    def stop(self) -> None:
        """Stop it and everything it started; a persistent one saves its state first."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        self._process.wait(guard.STOP_GRACE_S + 5)

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
