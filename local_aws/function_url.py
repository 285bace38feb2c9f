"""Function URLs: HTTP requests at one local address become invocations of the deployed function that has a URL.

The emulator starts a process for its invocations that answers in 60 ms; so the function's own code, as deployed, runs
here in processes that stay, like the containers that Lambda keeps. Only public APIs are used: the function's
configuration, archive and layers come from Lambda. Of several functions with a URL, the first by name is served.
"""

import io
import logging
import shutil
import socket
import subprocess
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local_aws import function_worker
from local_aws.access import client_config
from local_aws.emulator import emulator_environment, emulator_python
from local_aws.errors import PlatformError
from local_aws.ports import HOST
from local_aws.state import StateFolder

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_log = logging.getLogger("local_aws.function_url")
_LOOK_INTERVAL_S = 1.0
_STOP_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """What a worker needs to know of a function; another value means that it was deployed anew."""

    name: str
    handler: str
    timeout_s: int
    code_digest: str
    layers: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]

    @classmethod
    def from_api(cls, configuration: Mapping[str, Any]) -> "DeployedFunction":
        """Read the configuration of a function as the service describes it."""
        return cls(
            configuration["FunctionName"],
            configuration["Handler"],
            configuration["Timeout"],
            configuration["CodeSha256"],
            tuple(layer["Arn"] for layer in configuration.get("Layers", ())),
            tuple(sorted(configuration.get("Environment", {}).get("Variables", {}).items())),
        )


class FunctionUrl:
    """Finds the function with a URL, keeps its workers running, and starts them anew when it was deployed anew.

    Attributes:
        url: The address. Connections are refused until a function with a URL is deployed.
    """

    def __init__(
        self, session: boto3.session.Session, aws_url: str, state: StateFolder, *, port: int, workers: int
    ) -> None:
        self._functions: LambdaClient = session.client("lambda", endpoint_url=aws_url, config=client_config())
        self._aws_url, self._state, self._workers = aws_url, state, workers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self.url = f"http://{HOST}:{port}"
        self._served: DeployedFunction | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stop_event = Event()
        self._thread = Thread(target=self._run, name="function-url", daemon=True)

    def start(self) -> None:
        """Begin to look for a function, in a background thread."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Deployments are still looked for; if not, the reason is on standard error."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop the workers; a request under way is cut off, so its client knows nothing and sends it again."""
        self._stop_event.set()
        self._thread.join(_STOP_GRACE_S)
        self._stop_workers()
        self._socket.close()

    def _run(self) -> None:
        while not self._stop_event.is_set():
            try:
                self._follow(self._found())
            except (ClientError, BotoCoreError, PlatformError, OSError) as error:
                _log.warning("function url error=%r", str(error))
            self._stop_event.wait(_LOOK_INTERVAL_S)

    def _found(self) -> DeployedFunction | None:
        """The first function by name that has a URL."""
        pages = self._functions.get_paginator("list_functions").paginate()
        listed = sorted((one for page in pages for one in page["Functions"]), key=lambda one: one["FunctionName"])
        return next((DeployedFunction.from_api(one) for one in listed if self._has_url(one["FunctionName"])), None)

    def _has_url(self, name: str) -> bool:
        try:
            self._functions.get_function_url_config(FunctionName=name)
        except self._functions.exceptions.ResourceNotFoundException:
            return False
        return True

    def _follow(self, found: DeployedFunction | None) -> None:
        """Let the workers be those of this function; one that ended is replaced."""
        if found != self._served:
            self._stop_workers()
            self._served = None
            if found is not None:
                self._unpack(found)
                self._served = found
                _log.info("serving function=%s url=%s", found.name, self.url)
        if self._served is not None:
            alive = [process for process in self._processes if process.poll() is None]
            missing = self._workers - len(alive)
            self._processes = [*alive, *(self._worker(self._served) for _ in range(missing))]

    @property
    def _folder(self) -> Path:
        return self._state.temp_folder / "function-url"

    def _unpack(self, function: DeployedFunction) -> None:
        """Fetch the archives of the function and its layers, as deployed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        code = self._functions.get_function(FunctionName=function.name)["Code"]
        _extract(code["Location"], self._folder / "code")
        for number, arn in enumerate(function.layers):
            layer = self._functions.get_layer_version_by_arn(Arn=arn)["Content"]
            _extract(layer["Location"], self._folder / f"layer-{number}")

    def _worker(self, function: DeployedFunction) -> subprocess.Popen[bytes]:
        folders = [self._folder / "code"]
        folders += [self._folder / f"layer-{number}" / "python" for number in range(len(function.layers))]
        words = [str(self._socket.fileno()), function.handler, str(function.timeout_s), *map(str, folders)]
        with (self._state.log_folder / "function_url.log").open("ab") as log:
            return subprocess.Popen(
                [str(emulator_python()), "-Iu", function_worker.__file__, *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment(function),
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )

    def _environment(self, function: DeployedFunction) -> dict[str, str]:
        """What Lambda sets, what the function was deployed with, and the way to the platform."""
        base = emulator_environment(self._state, 0, is_persistent=False)
        inherited = {name: base[name] for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "NO_PROXY") if name in base}
        credentials = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
        region = base["MINISTACK_REGION"]
        return (
            inherited
            | credentials
            | {
                "AWS_ENDPOINT_URL": self._aws_url,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                **dict(function.environment),
            }
        )

    def _stop_workers(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._processes = []


def _extract(address: str, folder: Path) -> None:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  an address that the local service gave
        zipfile.ZipFile(io.BytesIO(answer.read())).extractall(folder)
