"""The start of a notebook instance, as it is published: the script of the template, run on the files of the bucket.

What only SageMaker has is stood in for: its user, its service manager, and an AWS command line that knows one bucket.
Packages come from the package index, as there; Python does not, because uv would fetch it from elsewhere.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdk.cloudformation.folder import ASSETS, write_folder
from cdk.layer import TARGETS, archive_path
from local_aws.ports import free_port
from tests.infra.published_templates import with_values

EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
VALUES = {
    "AssetBucket": "published",
    "AssetPrefix": "clickstream/",
    "AWS::StackName": "clickstream-analytics",
    "AWS::Region": "eu-central-1",
}
STAND_INS = {
    "sudo": 'shift 3; exec "$@"',  # -u ec2-user -i
    "systemctl": 'echo "$@" >> "$CALLS/systemctl"',
    "aws": """
echo "$@" >> "$CALLS/aws"
[[ "$1" == sagemaker ]] && exit 0
while (($# > 2)); do shift; done
cp "$PUBLISHED/${1#s3://published/clickstream/}" "$2" """,
}
NOT_THERE = ("AWS_", "PYTHON", "VIRTUAL_ENV", "JUPYTER", "STACK")
"""Variables of a developer that an instance does not have."""
IMPORTS = (
    "import awswrangler, json, os, sklearn, notebooks.lake_reader as reader, notebooks.detector_tuning,"
    " notebooks.drift, notebooks.train_session_model, batch_jobs.backtest_sources, clickstream.detection.traffic;"
    " print(json.dumps([reader.__file__, reader.stack_name(), os.environ['AWS_DEFAULT_REGION']]))"
)


SETTINGS = re.compile(r'id="jupyter-config-data" type="application/json">(.*?)</script>', re.DOTALL)


class Machine:
    """A notebook instance: its home, and what its stand-ins were asked for."""

    def __init__(self, folder: Path, published: Path, script: str) -> None:
        self.home, self.calls, self._script = folder / "home", folder / "calls", folder / "on_start"
        for path in (self.home / "SageMaker", self.calls, folder / "bin"):
            path.mkdir(parents=True)
        for name, body in STAND_INS.items():
            (folder / "bin" / name).write_text(f"#!/bin/bash\nset -e\n{body}\n")
            (folder / "bin" / name).chmod(0o755)
        self._script.write_text(script)
        given = {name: value for name, value in os.environ.items() if not name.startswith(NOT_THERE)}
        self.environment = given | {
            "PATH": f"{folder / 'bin'}:{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.home),
            "CALLS": str(self.calls),
            "PUBLISHED": str(published / ASSETS),
            "UV_CACHE_DIR": str(Path("~/.cache/uv").expanduser()),
            "UV_PYTHON_PREFERENCE": "only-system",
        }

    @property
    def project(self) -> Path:
        """Where the project lies."""
        (found,) = (self.home / "SageMaker").glob("clickstream-*")
        return found

    def start(self) -> None:
        """Run the script of a start, and wait until what it left in the background has installed everything."""
        done = subprocess.run(
            ["bash", str(self._script)], env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        kernel = self.home / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
        wait(lambda: kernel.exists() or not self.processes("install.sh"))
        assert kernel.exists(), self.log()

    def log(self) -> str:
        """What the installation says."""
        return (self.home / "SageMaker" / ".clickstream" / "install.log").read_text()

    def asked(self, name: str) -> list[str]:
        """The calls of a stand-in."""
        path = self.calls / name
        return path.read_text().splitlines() if path.exists() else []

    def processes(self, script: str) -> list[int]:
        """Those that were left in the background for a script of the project."""
        words = ["pgrep", "-f", f"{self.home}.*/{script}"]
        found = subprocess.run(words, capture_output=True, text=True, check=False)
        return [int(word) for word in found.stdout.split()]


def wait(is_done: Callable[[], bool]) -> None:
    """Until it is done, four minutes at most."""
    end = time.monotonic() + 240
    while not is_done():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """An instance that was started once from the published template of dev."""
    build = tmp_path_factory.mktemp("build")
    for name in TARGETS:
        archive_path(name, build).write_bytes(EMPTY_ZIP)
    published = tmp_path_factory.mktemp("published")
    write_folder(published, {"serving": "on", "notebookInstance": "ml.t3.medium"}, ["dev"], build)
    (path,) = (published / ASSETS).glob("dev-*.json")
    resources = with_values(json.loads(path.read_text()), VALUES)
    (lifecycle,) = (one for one in resources.values() if one["Type"].endswith("LifecycleConfig"))
    machine = Machine(
        tmp_path_factory.mktemp("machine"), published, lifecycle["Properties"]["OnStart"][0]["Content"]["Fn::Base64"]
    )
    try:
        machine.start()
        yield machine
    finally:
        for process in machine.processes("stop_when_idle.py"):
            os.kill(process, signal.SIGTERM)


def test_the_kernel_asks_the_stack(machine: Machine) -> None:
    """The kernel that the notebooks ask for has their packages and the project, and knows stack and region."""
    kernel = json.loads(
        (machine.home / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json").read_text()
    )
    command, variables = [kernel["argv"][0], "-c", IMPORTS], {**machine.environment, **kernel["env"]}
    done = subprocess.run(command, env=variables, cwd=machine.home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    where, stack, region = json.loads(done.stdout)
    assert (Path(where).parent, stack, region) == (machine.project / "notebooks", *list(VALUES.values())[2:])
    assert len(list((machine.project / "notebooks").glob("*.ipynb"))) == 4


def test_jupyter_opens_the_notebooks(machine: Machine) -> None:
    """With the settings that were left, the file browser starts in `notebooks/`, and shows the first of them."""
    with jupyter(machine) as address:
        settings = json.loads(SETTINGS.findall(asked(f"{address}/lab"))[0])
        folder = json.loads(asked(f"{address}/api/contents/{settings['preferredPath']}"))
    assert settings["preferredPath"] == f"{machine.project.name}/notebooks"
    assert "01_explore_events.ipynb" in {one["name"] for one in folder["content"]}


def test_another_start_keeps_peoples_work(machine: Machine) -> None:
    """What was changed or added stays; nothing is fetched or installed again; the server reads its settings."""
    mine = machine.project / "notebooks" / "01_explore_events.ipynb"
    mine.write_text("{}")
    shutil.rmtree(machine.home / ".local")
    fetched = len(machine.asked("aws"))
    machine.start()
    assert mine.read_text() == "{}"
    assert len(machine.asked("aws")) == fetched == 1
    assert set(machine.asked("systemctl")) == {"--no-block restart jupyter-server.service"}


def test_who_watches(machine: Machine) -> None:
    """Every start leaves one process that will stop this instance, whether packages could be installed or not."""
    processes = machine.processes("stop_when_idle.py")
    assert processes
    words = Path(f"/proc/{processes[0]}/cmdline").read_bytes().decode().split("\0")
    assert words[-7:-1] == ["--instance", "clickstream-dev-notebook", "--region", "eu-central-1", "--minutes", "60"]


def test_an_idle_instance_is_stopped(machine: Machine) -> None:
    """When nobody has used a kernel of the server for the time, and not before, it is told to stop, once."""
    script = machine.project / "notebooks" / "instance" / "stop_when_idle.py"
    with jupyter(machine) as address:
        words = ["--instance", "idle", "--region", "eu-central-1", "--server", address, "--minutes", "0.2"]
        command = ["python3", str(script), *words, "--look-s", "0.5"]
        with subprocess.Popen(command, env=machine.environment) as watch:
            asked(f"{address}/api/kernels", b'{"name": "python3"}')
            used = time.monotonic()
            wait(lambda: watch.poll() is not None)
    assert time.monotonic() - used > 10
    told = [line for line in machine.asked("aws") if line.startswith("sagemaker")]
    assert told == ["sagemaker stop-notebook-instance --notebook-instance-name idle --region eu-central-1"]


@contextmanager
def jupyter(machine: Machine) -> Iterator[str]:
    """The address of a server with the settings that are in the home; the kernel's environment has the program."""
    port = free_port()
    words = ["lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    words += [f"--ServerApp.root_dir={machine.home / 'SageMaker'}", "--ServerApp.disable_check_xsrf=True"]
    command = [str(machine.project / ".environment" / "bin" / "jupyter"), *words]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=machine.environment, stderr=subprocess.DEVNULL) as server:
        try:
            wait(lambda: answers(f"{address}/api"))
            yield address
        finally:
            server.terminate()


def answers(address: str) -> bool:
    """Whether somebody listens there."""
    try:
        asked(address)
    except OSError:
        return False
    return True


def asked(address: str, body: bytes | None = None) -> str:
    """The answer of a server of this machine."""
    with urllib.request.urlopen(address, body, timeout=30) as answer:  # noqa: S310  an address of this machine
        text: str = answer.read().decode()
    return text
