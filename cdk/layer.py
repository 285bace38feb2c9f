"""Build the archives of third-party packages that the stack deploys: `python -m cdk.layer local|aws|glue`.

Synthesis never installs anything; it only looks for the archives made here. An archive's name holds a hash of
everything that decides its content, so a finished one is used again without any network.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from clickstream.errors import ConfigError

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build"
LAMBDA_LIMIT_BYTES = 250 * 1024**2
"""Unzipped size of a function's code and layers together.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
NOT_NEEDED = (
    "*/__pycache__/*", "*/tests/*", "bin/*", "*.a", "*.h", "*.pxd", "*.pxi", "*.pyi", "*.pyx",
    "pyarrow/include/*", "pyarrow/src/*",
    # The Flight client; libarrow_substrait looks as useless but every pyarrow module is linked against it.
    "pyarrow/*flight*",
    # The wheel holds each of these three times; only the name with the bare version is linked.
    "pyarrow/libarrow_python*.so", "pyarrow/libarrow_python*.so.*.*.*",
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Target:
    """Where an archive runs.

    Attributes:
        lock: Requirements file with hashes, relative to the repository.
        prefix: Folder inside the archive; Lambda layers need `python/`.
        platform: Arguments that make uv choose wheels for another machine; empty for this one.
        level: zlib level. Locally nobody downloads the archive, so speed wins.
        is_complete: All dependencies are inside, so the packages can be imported alone.
    """

    lock: str
    prefix: str
    platform: tuple[str, ...] = ()
    level: int = 6
    is_complete: bool = True

    @property
    def host(self) -> str:
        """What the archive depends on beside the lock."""
        return " ".join(self.platform) or f"{sys.implementation.cache_tag} {sys.platform}"


def _linux(version: str) -> tuple[str, ...]:
    return ("--python-platform", "x86_64-manylinux_2_28", "--python-version", version, "--only-binary", ":all:")


TARGETS = {
    "local": Target("requirements/layer.txt", "python/", level=1),
    "aws": Target("requirements/layer.txt", "python/", _linux("3.13")),
    "glue": Target("requirements/glue.txt", "", _linux("3.11"), is_complete=False),
}


def archive_path(name: str, build: Path = BUILD) -> Path:
    """Where the archive of a target lies, built or not. Raises `ConfigError` when its lock is missing."""
    target = TARGETS[name]
    lock = ROOT / target.lock
    if not lock.exists():
        raise ConfigError(f"{target.lock} is missing: run `make lock`")
    recipe = (lock.read_text(), target.host, target.prefix, str(target.level), *NOT_NEEDED)
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()
    return build / f"{name}-{digest[:16]}.zip"


def build_archive(name: str, build: Path = BUILD) -> Path:
    """Make the archive unless it is there, and remove older ones of the target.

    Raises:
        ConfigError: The lock is missing, uv cannot install it, or the result is too large for Lambda.
    """
    path = archive_path(name, build)
    if path.exists():
        return path
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=build) as folder:
        packages = Path(folder) / "packages"
        _install(TARGETS[name], packages)
        _check_size(packages)
        finished = Path(folder) / path.name
        _write_zip(packages, finished, TARGETS[name])
        for older in build.glob(f"{name}-*.zip"):
            older.unlink()
        finished.replace(path)
    return path


def _install(target: Target, packages: Path) -> None:
    platform = target.platform or ("--python", sys.executable)
    dependencies = () if target.is_complete else ("--no-deps",)
    command = (_uv(), "pip", "install", "--quiet", "--require-hashes", "--requirement", str(ROOT / target.lock),
               "--target", str(packages), "--link-mode", "copy", *platform, *dependencies)  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ConfigError(f"uv could not install {target.lock}:\n{result.stderr.strip()}")


def _uv() -> str:
    beside_python = Path(sys.executable).with_name("uv")
    if beside_python.exists():
        return str(beside_python)
    if found := shutil.which("uv"):
        return found
    raise ConfigError("uv is not installed: run `make` once, it sets up the environment")


def _needed(packages: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(packages.rglob("*")):
        name = path.relative_to(packages).as_posix()
        if path.is_file() and not any(fnmatch(name, pattern) for pattern in NOT_NEEDED):
            yield name, path


def _check_size(packages: Path) -> None:
    size = sum(path.stat().st_size for _, path in _needed(packages))
    if size > LAMBDA_LIMIT_BYTES:
        raise ConfigError(f"the packages have {size:,} bytes, Lambda takes {LAMBDA_LIMIT_BYTES:,} with the code")


def _write_zip(packages: Path, path: Path, target: Target) -> None:
    """Equal content gives equal bytes, so an unchanged layer is not published again."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=target.level) as archive:
        for name, source in _needed(packages):
            entry = zipfile.ZipInfo(target.prefix + name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes())


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: build the named archives, say where they are and how large."""
    parser = argparse.ArgumentParser(prog="python -m cdk.layer", description=__doc__)
    parser.add_argument("targets", nargs="+", choices=TARGETS, help="local: this machine; aws, glue: the services")
    for name in dict.fromkeys(parser.parse_args(argv).targets):
        started_s = time.perf_counter()
        try:
            path = build_archive(name)
        except ConfigError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        seconds = time.perf_counter() - started_s
        print(f"{name}: {path.relative_to(ROOT)}, {path.stat().st_size / 1e6:.0f} MB, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
