"""A run of the Glue job on this machine: the versions that Glue has, the archives that are deployed, and nothing else.

The workers of the cluster are processes of their own, which get the archives from the leading one as on AWS.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_cdk import App

from batch_jobs.steps import COMMON_ARGUMENTS
from cdk.layer import BUILD, TARGETS, archive_path, build_archive
from cdk.options import read_config
from cdk.stack import ClickstreamStack
from clickstream.errors import ConfigError

SPARK = BUILD / "glue-spark" / "bin"
ASSETS = "assets"
_CLUSTER = "local-cluster[2,1,512]"
_QUIET = {
    "spark.ui.enabled": "false",
    "spark.executor.memory": "512m",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
}
_LIMIT_S = 300
_JAVA = ("11", "17")
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    lines: list[dict[str, Any]]
    """What it said of each hour."""
    words: str
    """All that it said."""


@dataclass(frozen=True)
class GlueJob:
    """The deployed job: its script, the addresses of its archives, and where it may leave things."""

    script: Path
    archives: list[str]
    folder: Path

    def run(self, **arguments: str) -> Ended:
        """Submit the job to a cluster of two workers on this machine."""
        given = dict.fromkeys(COMMON_ARGUMENTS, "unused") | {"file-shape": "{}", "landing-days": "7"}
        given |= {"masked-tables": "on"}
        given |= dict.fromkeys(("raw-events-days", "sessions-days", "report-days"), "0")
        given |= {"archives": ",".join(self.archives), "code-version": "test", "aws-region": "us-east-1"}
        given |= {name.replace("_", "-"): value for name, value in arguments.items()}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        settings = [word for name, value in _QUIET.items() for word in ("--conf", f"{name}={value}")]
        command = [str(SPARK / "spark-submit"), "--master", _CLUSTER, *settings, str(self.script), *words]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"job": "compact_events"')]
        return Ended(done.returncode, [line for line in lines if "hour" in line], done.stdout + done.stderr)

    def _environment(self) -> dict[str, str]:
        """No path of this project and no region; the endpoint and its credentials."""
        kept = ("PATH", "JAVA_HOME", "LANG", "NO_PROXY", "no_proxy", "PYENV_VERSION")
        found = {name: value for name, value in os.environ.items() if name in kept or name.startswith("AWS_")}
        found = {name: value for name, value in found.items() if not name.endswith("_REGION")}
        python = str(SPARK / "python")
        here = {"HOME": str(self.folder), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(self.folder / "work")}
        return found | here | {"PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}


def skip_without_spark() -> None:
    """Skip the test where there is no Java that Spark 3.5 runs on, or where Glue's packages are not installed."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    if not re.search(rf'version "({"|".join(_JAVA)})\b', said):
        pytest.skip(f"Spark 3.5 runs on Java {', '.join(_JAVA)}, this is: {said.strip()}")
    if not (SPARK / "spark-submit").exists():
        pytest.skip("Glue's packages are not installed; run `make test-spark`")


def deployed_job(folder: Path) -> GlueJob:
    """Synthesise the stack for AWS and publish the assets of its Glue job to the bucket `ASSETS`."""
    template, assembly = _synthesised(folder)
    (job,) = (one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::Glue::Job")
    client = boto3.client("s3")
    client.create_bucket(Bucket=ASSETS)
    addresses = []
    for digest in _hashes(job["DefaultArguments"]["--archives"]):
        key = f"{digest}.zip"
        client.put_object(Bucket=ASSETS, Key=key, Body=_zipped(assembly / f"asset.{digest}", folder / key).read_bytes())
        addresses.append(f"s3://{ASSETS}/{key}")
    (script,) = _hashes(job["Command"]["ScriptLocation"])
    return GlueJob(assembly / f"asset.{script}.py", addresses, folder)


def _synthesised(folder: Path) -> tuple[Mapping[str, Any], Path]:
    build, assembly = folder / "build", folder / "assembly"
    build.mkdir()
    for name in TARGETS.keys() - {"glue"}:
        archive_path(name, build).write_bytes(_EMPTY_ZIP)
    try:
        shutil.copy(build_archive("glue"), archive_path("glue", build))
    except ConfigError as error:
        pytest.skip(f"the packages for Glue cannot be built: {error}")
    app = App(outdir=str(assembly))
    ClickstreamStack(app, "stack", read_config({"environment": "dev"}), build)
    app.synth()
    return json.loads((assembly / "stack.template.json").read_text()), assembly


def _hashes(value: object) -> Sequence[str]:
    """The assets that a value of the template names, in order."""
    return re.findall(r"\b[0-9a-f]{64}\b", json.dumps(value))


def _zipped(asset: Path, archive: Path) -> Path:
    """The archive of an asset as the CDK publishes it: files alone, no entries of folders."""
    if not asset.is_dir():
        return asset.with_suffix(f"{asset.suffix}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(asset.rglob("*")):
            if path.is_file():
                made.write(path, path.relative_to(asset))
    return archive
