"""An account on moto's server: it nests stacks, which the local platform does not, but makes only some of our types."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cdk.cloudformation.folder import ASSETS
from local_aws.state import PROJECT_FOLDER

TOOLS = PROJECT_FOLDER / ".build" / "aws-tools" / "bin"
MADE = ("AWS::Kinesis::Stream", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::KMS::Key")
"""What is left of a nested template: moto makes it, and it refers to nothing else but itself."""
_START_LIMIT_S = 60.0


@contextmanager
def nesting_account(log_file: Path) -> Iterator[dict[str, str]]:
    """Start the server on a free port; give the environment in which the AWS command line uses it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log_file.open("wb") as log:
        process = subprocess.Popen([TOOLS / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        _wait(process, port, log_file)
        yield _environment(port)
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"moto's server did not start: {log_file.read_text()}")
        time.sleep(0.1)


def _environment(port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        # Not 127.0.0.1: the server finds the bucket of a template's address by this name.
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
    }


def cut_nested(folder: Path) -> None:
    """Leave in the nested templates what the server makes; outputs of the rest become words.

    Tags of a key are left out: the server looks for them by the words of another API of KMS.
    """
    for path in (folder / ASSETS).glob("*.json"):
        template = json.loads(path.read_text())
        resources = {k: r for k, r in template["Resources"].items() if r["Type"] in MADE}
        for resource in resources.values():
            if resource["Type"] == "AWS::KMS::Key":
                del resource["Properties"]["Tags"]
        for output in template["Outputs"].values():
            if not _referred(output["Value"]) <= resources.keys() | template["Parameters"].keys():
                output["Value"] = "not made by this server"
        path.write_text(json.dumps({**template, "Resources": resources}))


def _referred(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_referred, part))
    if not isinstance(part, dict):
        return set()
    own = {part["Ref"]} if "Ref" in part else set()
    own |= {part["Fn::GetAtt"][0]} if "Fn::GetAtt" in part else set()
    return own | _referred(list(part.values()))
