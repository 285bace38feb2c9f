"""What ships: its licences, its bill of materials, and no secret beside it."""

import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import get_args

import pytest

from cdk.checks import EVERYTHING
from cdk.config import Environment
from cdk.layer import TARGETS, archive_path, build_archive

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".build" / "security" / "bin"
BASELINE = ROOT / ".secrets.baseline"
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
LOCK = re.compile(r"(^|/)(package-lock\.json|requirements/.*\.txt)$")
"""Files full of hashes, which are no secrets."""
ALLOWED = {"Apache-2.0", "Apache 2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "MIT", "MIT License", "PSF-2.0"}
NAMED_IN_A_FILE = {"crawler-user-agents": "The MIT License"}
"""Packages whose metadata are silent: how their licence begins."""


def pins(lock: str) -> dict[str, str]:
    """The versions of a lock, by name."""
    return {_normal(name): version for name, version in PIN.findall((ROOT / lock).read_text())}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as it is built for this machine."""
    built = archive_path("local")
    return built if built.exists() else build_archive("local", tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def bundled(archive: Path) -> dict[str, Message]:
    """What every package in the layer says of itself, by name."""
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        found = [message_from_string(opened.read(name).decode()) for name in names]
    return {_normal(one["Name"]): one for one in found}


@pytest.fixture
def tool(request: pytest.FixtureRequest) -> Path:
    """A program of `make security-tools`, named by the test; the test is skipped where it is not installed."""
    path = TOOLS / str(request.param)
    if not path.exists():
        pytest.skip(f"{path.name} is not installed: make security-tools")
    return path


def test_the_layer_holds_what_the_lock_names(bundled: dict[str, Message]) -> None:
    """Each package in its version, and no other."""
    assert {name: one["Version"] for name, one in bundled.items()} == pins(TARGETS["local"].lock)


def test_licences_of_the_layer(archive: Path, bundled: dict[str, Message]) -> None:
    """MIT, Apache, BSD or PSF, by what the packages say; where they are silent, by the licence that comes along."""
    silent = {name for name, one in bundled.items() if not _licences(one)}
    assert silent == NAMED_IN_A_FILE.keys()
    assert {name: _licences(one) - ALLOWED for name, one in bundled.items() if _licences(one) - ALLOWED} == {}
    with zipfile.ZipFile(archive) as opened:
        for name in silent:
            (path,) = [one for one in opened.namelist() if f"{name.replace('-', '_')}-" in one and "LICENSE" in one]
            assert opened.read(path).decode().startswith(NAMED_IN_A_FILE[name])


@pytest.mark.parametrize("tool", ["cyclonedx-py"], indirect=True)
@pytest.mark.parametrize("lock", sorted({target.lock for target in TARGETS.values()}))
def test_bill_of_materials(tool: Path, lock: str) -> None:
    """That of each deployable names what its lock names, with hashes."""
    command = [str(tool), "requirements", lock, "-o", "-", "--of", "JSON"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    components = json.loads(result.stdout)["components"]
    assert {_normal(one["name"]): one["version"] for one in components} == pins(lock)
    assert all(one["externalReferences"][0]["hashes"] for one in components)


@pytest.mark.parametrize("tool", ["cfn-lint"], indirect=True)
def test_templates_are_valid(tool: Path, assembly: Callable[..., Path]) -> None:
    """As the resources' schemas want them. W3005 is about dependencies that CDK says twice."""
    contexts = [*({"environment": name} for name in get_args(Environment)), EVERYTHING]
    paths = [path for context in contexts for path in assembly(**context).glob("*.template.json")]
    command = [str(tool), "--ignore-checks", "W3005", "--", *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (len(paths), result.returncode) == (5, 0), result.stdout


@pytest.mark.parametrize("tool", ["detect-secrets"], indirect=True)
def test_no_secret_in_the_repository(tool: Path) -> None:
    """Whatever looks like one is in the baseline, where somebody has looked at it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.splitlines() if name != BASELINE.name and not LOCK.search(name)]
    assert _suspects(tool, ROOT, *files) - _named(BASELINE.read_bytes()) == set()


@pytest.mark.parametrize("tool", ["detect-secrets"], indirect=True)
def test_a_secret_would_be_found(tool: Path, tmp_path: Path) -> None:
    """The gate is not open."""
    (tmp_path / "settings.py").write_text("key = '" + "AKIA" + "IOSFODNN7EXAMPLX" + "'\n")
    assert {name for name, _ in _suspects(tool, tmp_path, "--all-files", "settings.py")} == {"settings.py"}


def _licences(package: Message) -> set[str]:
    """The licences of a package, one of several that one may choose from being enough."""
    if expression := package.get("License-Expression"):
        choices = set(str(expression).split(" OR "))
        return choices & ALLOWED or choices
    told = [line.rpartition(" :: ")[2] for line in package.get_all("Classifier", []) if line.startswith("License ::")]
    told += [text for text in package.get_all("License", []) if text]
    return {"Apache-2.0" if text == "Apache Software License" else text for text in told}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _suspects(tool: Path, folder: Path, *words: str) -> set[tuple[str, str]]:
    """File and hash of everything that looks like a secret; nobody is asked whether it is one."""
    command = [str(tool), "scan", "--no-verify", *words]
    return _named(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout)


def _named(report: bytes) -> set[tuple[str, str]]:
    results: dict[str, list[dict[str, str]]] = json.loads(report)["results"]
    return {(name, one["hashed_secret"]) for name, found in results.items() for one in found}
