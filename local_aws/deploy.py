"""The real `cdk bootstrap` and `cdk deploy`, pointed at the local platform."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError
from rich.console import Console

from local_aws.access import ACCOUNT, REGION, Endpoints, client_config, local_session, tool_environment
from local_aws.errors import PlatformError
from local_aws.node import CdkProgram
from local_aws.state import PROJECT_FOLDER, StateFolder

_TAIL_LINES = 40
_TOOLKIT_STACK = "CDKToolkit"
_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_LEGACY_EXPORT_WARNING": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "NODE_NO_WARNINGS": "1",
    "NO_COLOR": "1",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """What to deploy.

    Attributes:
        app: Command or folder of the CDK app; None for the one in `cdk.json`.
        folder: Where the command line runs.
        extra: Further words for `cdk deploy`.
    """

    app: str | None = None
    folder: Path = PROJECT_FOLDER
    extra: tuple[str, ...] = ()


def deploy(cdk: CdkProgram, endpoints: Endpoints, state: StateFolder, deployment: Deployment, console: Console) -> None:
    """Bootstrap if needed, then deploy; the stack outputs end up in the state folder.

    Raises:
        PlatformError: The command line failed; the message holds the end of what it said.
    """
    environment = cdk_environment(cdk, endpoints, os.environ)
    if not is_bootstrapped(endpoints):
        # In an empty folder: beside a cdk.json it would synthesise the whole app first.
        with tempfile.TemporaryDirectory() as folder, _step("bootstrap", state, console) as step:
            words = ("bootstrap", f"aws://{ACCOUNT}/{REGION}", "--no-notices")
            step.run((*cdk.command, *words), environment, Path(folder))
    with _step("deploy", state, console) as step:
        step.run((*cdk.command, *deploy_words(state, deployment)), environment, deployment.folder)


def deploy_words(state: StateFolder, deployment: Deployment) -> tuple[str, ...]:
    """List the words after `cdk`."""
    return (
        "deploy",
        *("--require-approval", "never"),
        "--no-notices",
        *("-c", "environment=local"),
        *("--outputs-file", str(state.outputs_file)),
        *("--output", str(state.assembly_folder)),
        *(("--app", deployment.app) if deployment.app else ()),
        *deployment.extra,
    )


def cdk_environment(cdk: CdkProgram, endpoints: Endpoints, inherited: Mapping[str, str]) -> dict[str, str]:
    """Add to an environment what the command line needs: the endpoints, silence, this Python and its Node.js."""
    folders = (str(Path(sys.executable).parent), str(cdk.node.parent), inherited.get("PATH", os.defpath))
    return {**inherited, **tool_environment(endpoints, inherited), **_QUIET, "PATH": os.pathsep.join(folders)}


def is_bootstrapped(endpoints: Endpoints) -> bool:
    """Tell whether the CDK's own stack is there."""
    client = local_session().client("cloudformation", endpoint_url=endpoints.aws_url, config=client_config())
    try:
        stacks = client.describe_stacks(StackName=_TOOLKIT_STACK)["Stacks"]
    except ClientError:
        return False
    return any(stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} for stack in stacks)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    log_file: Path
    console: Console

    def run(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Run one command, show its last line, and keep all of them in the log."""
        with (
            self.log_file.open("w", encoding="utf-8") as log,
            self.console.status(f"cdk {self.name}") as status,
            subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    log.write(line)
                    if line.strip():
                        status.update(f"cdk {self.name}: {line.strip()[:100]}", spinner="dots")
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            tail = self.log_file.read_text(encoding="utf-8").splitlines()[-_TAIL_LINES:]
            raise PlatformError("\n".join([f"`cdk {self.name}` failed; it ends with:", *tail, f"({self.log_file})"]))


@contextmanager
def _step(name: str, state: StateFolder, console: Console) -> Iterator[_Step]:
    started = time.monotonic()
    yield _Step(name, state.log_folder / f"cdk-{name}.log", console)
    console.print(f"cdk {name}: {time.monotonic() - started:.1f} s")
