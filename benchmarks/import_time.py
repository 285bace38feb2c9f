"""What a cold start loads: time to import each handler, the heaviest packages in it, and the sizes of the archives.

    python -m benchmarks.import_time

A fresh interpreter gets the code, the unpacked layer of this machine and boto3, and nothing else, as in the service;
above all no numpy, which pyarrow would load as well. The times are CPU time, the best of several runs, minus that of an
interpreter which does nothing: wall-clock time on a busy machine says more about its neighbours. From sources is what
the service does, where code and layer come without compiled files and cannot be written to; its boto3 is compiled.
"""

import argparse
import compileall
import importlib.util
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cdk.layer import LAMBDA_LIMIT_BYTES, TARGETS, archive_path, build_archive

CODE = Path(__file__).parents[1] / "streaming_lambdas"
HANDLERS = ("process_events", "detect_anomalies", "detect_traffic_anomalies")
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""What a Python function finds without a layer."""
_CLIENTS = "import boto3\nfor name in ('dynamodb', 's3'):\n    boto3.client(name, region_name='us-east-1')"
CASES = {
    **{handler: f"import {handler}" for handler in HANDLERS},
    "boto3 alone": "import boto3",
    f"{HANDLERS[0]}, with its two clients made": f"import {HANDLERS[0]}\n{_CLIENTS}",
}
_NOTHING = "nothing"
_SHARE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| *([^.\s]+)")


@dataclass(frozen=True)
class Place:
    """A folder with a layer and a runtime in it, for interpreters that see nothing else."""

    folder: Path

    def run(self, code: str, *options: str) -> tuple[float, str]:
        """CPU seconds of a fresh interpreter with this code, and what it wrote to standard error."""
        paths = (self.folder / name for name in ("code", "python", "runtime"))
        environment = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
        before = _cpu_s()
        command = [sys.executable, "-S", *options, "-c", code]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return _cpu_s() - before, result.stderr

    def best_ms(self, code: str, rounds: int) -> float:
        """Milliseconds of CPU time, the best of some runs."""
        return 1000 * min(self.run(code)[0] for _ in range(rounds))


def main(argv: Sequence[str] | None = None) -> int:
    """Print three tables."""
    options = _parser().parse_args(argv)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="import-time-") as name:
        place = prepared(Path(name))
        console.print(_times(place, options.rounds))
        console.print(_packages(place, options.top))
    console.print(_sizes())
    return 0


def prepared(folder: Path) -> Place:
    """Unpack the layer of this machine, and put the packages of the runtime beside it."""
    with zipfile.ZipFile(build_archive("local")) as archive:
        archive.extractall(folder)
    shutil.copytree(CODE, folder / "code", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "runtime").mkdir()
    for name in OF_THE_RUNTIME:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed: run `make setup`")
        origin = Path(found.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / "runtime" / source.name).symlink_to(source)
    return Place(folder)


def shares_ms(importtime: str) -> Counter[str]:
    """Milliseconds by package, from what `-X importtime` writes; each module counts without those that it imports."""
    total: Counter[str] = Counter()
    for own_us, package in _SHARE.findall(importtime):
        total[package] += int(own_us)
    return Counter({package: round(own_us / 1000) for package, own_us in total.items()})


def _times(place: Place, rounds: int) -> Table:
    """Source files first: compiled ones, once they are there, would be taken."""
    from_sources = _measured(place, rounds)
    for name in ("code", "python"):
        compileall.compile_dir(place.folder / name, quiet=2)
    compiled = _measured(place, rounds)
    table = Table("what is loaded", "from sources", "compiled", title="Milliseconds of CPU time of a cold start")
    for name in CASES:
        table.add_row(name, *(f"{found[name] - found[_NOTHING]:,.0f}" for found in (from_sources, compiled)))
    return table


def _measured(place: Place, rounds: int) -> dict[str, float]:
    return {name: place.best_ms(code, rounds) for name, code in {_NOTHING: "pass", **CASES}.items()}


def _packages(place: Place, top: int) -> Table:
    """Wall-clock shares of one run: only their proportions mean something."""
    shares = shares_ms(place.run(f"import {HANDLERS[0]}", "-X", "importtime")[1])
    table = Table("package", "share", title=f"Where the time of {HANDLERS[0]} goes")
    for package, own_ms in shares.most_common(top):
        table.add_row(package, f"{own_ms / shares.total():.0%}")
    return table


def _sizes() -> Table:
    table = Table(
        "archive", "packed MB", "unpacked MB", title=f"Sizes; a function may have {_mb(LAMBDA_LIMIT_BYTES)} MB"
    )
    for name in TARGETS:
        path = archive_path(name)
        if path.exists():
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
            table.add_row(name, _mb(path.stat().st_size), _mb(unpacked))
    return table


def _mb(size: int) -> str:
    return f"{size / 1024**2:,.1f}"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description=__doc__.split("\n")[0])
    made.add_argument("--rounds", type=int, default=5, help="interpreters started for each number (default 5)")
    made.add_argument("--top", type=int, default=10, help="packages to show (default 10)")
    return made


if __name__ == "__main__":
    sys.exit(main())
