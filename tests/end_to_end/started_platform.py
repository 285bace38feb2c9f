"""A local platform for tests: on free ports, in a given folder, gone with the process that started it."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local_aws.access import Endpoints
from local_aws.server_record import load_record
from local_aws.state import PROJECT_FOLDER, StateFolder

_START_LIMIT_S = 60.0


@contextmanager
def started_platform(folder: Path) -> Iterator[StateFolder]:
    """Start a platform that forgets everything, and stop it at the end."""
    state = StateFolder.at(folder)
    log_file = state.log_folder / "serve.log"
    words = ["--state", str(state.root), "--in-memory", "--exit-with-parent", "--arrival-times", "from-partition-key"]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_aws", "serve", *words], cwd=PROJECT_FOLDER, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + _START_LIMIT_S
        while load_record(state) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the platform did not start: {log_file.read_text()}")
            time.sleep(0.05)
        yield state
    finally:
        process.terminate()
        process.wait(60)


def endpoints_of(state: StateFolder) -> Endpoints:
    """The base URLs of a platform that runs."""
    record = load_record(state)
    assert record is not None
    return record.endpoints


def wait_for_collector(url: str) -> None:
    """Wait until the deployed function behind HTTP is served. Fails after a while."""
    place, deadline = urlsplit(url), time.monotonic() + _START_LIMIT_S
    while True:
        connection = http.client.HTTPConnection(place.netloc, timeout=_START_LIMIT_S)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            assert time.monotonic() < deadline, f"nobody answers at {url}"
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


def command(module: str, *words: str | Path, code: int = 0) -> str:
    """Run a command of the project to its end; its standard output."""
    line = [sys.executable, "-m", module, *map(str, words)]
    result = subprocess.run(line, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert result.returncode == code, (result.stderr or result.stdout)[-3000:]
    return result.stdout


def deployed_stack(state: StateFolder) -> dict[str, str]:
    """Deploy the stack to a platform that runs; its outputs."""
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    command("local_aws", "deploy", "--state", state.root)
    outputs: dict[str, dict[str, str]] = json.loads(state.outputs_file.read_text(encoding="utf-8"))
    return outputs["clickstream-local"]
