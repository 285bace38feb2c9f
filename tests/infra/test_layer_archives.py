"""The archives of third-party packages."""

import dataclasses
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cdk import layer
from cdk.layer import BUILD, TARGETS, archive_path, build_archive, main
from clickstream.errors import ConfigError

WANTED = {"python/pkg/__init__.py", "python/pkg/data.json", "python/pyarrow/libarrow_python.so.2500"}
UNWANTED = (
    "pkg/__pycache__/a.pyc",
    "pkg/tests/test_a.py",
    "pkg/a.pyx",
    "pyarrow/include/arrow/api.h",
    "pyarrow/libarrow_flight.so.2500",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.2500.1.0",
    "bin/tool",
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces the installation; records where it was asked for."""
    calls: list[Path] = []

    def install(_: layer.Target, packages: Path) -> None:
        calls.append(packages)
        for name in (*UNWANTED, *(wanted.removeprefix("python/") for wanted in sorted(WANTED))):
            path = packages / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)

    monkeypatch.setattr(layer, "_install", install)
    return calls


def test_archive_holds_what_runs(installed: list[Path], tmp_path: Path) -> None:
    """Packages lie under `python/`; tests, headers, caches and unused libraries are left out."""
    with zipfile.ZipFile(build_archive("aws", tmp_path)) as archive:
        assert set(archive.namelist()) == WANTED


def test_archive_is_reproducible(installed: list[Path], tmp_path: Path) -> None:
    """Building twice gives equal bytes, so an unchanged layer is not published again."""
    first, second = (build_archive("aws", tmp_path / name).read_bytes() for name in ("one", "two"))
    assert first == second


def test_finished_archive_is_used_again(installed: list[Path], tmp_path: Path) -> None:
    """A second build installs nothing and leaves no working folder behind."""
    path = build_archive("local", tmp_path)
    assert build_archive("local", tmp_path) == path
    assert len(installed) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_older_archive_is_removed(installed: list[Path], tmp_path: Path) -> None:
    """A new build removes the older archive of its target and no other."""
    (tmp_path / "local-0000000000000000.zip").touch()
    (tmp_path / "aws-0000000000000000.zip").touch()
    path = build_archive("local", tmp_path)
    assert {found.name for found in tmp_path.iterdir()} == {path.name, "aws-0000000000000000.zip"}


def test_name_follows_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another lock gives another archive; one that is missing is named."""
    before = archive_path("local", tmp_path)
    monkeypatch.setitem(TARGETS, "local", dataclasses.replace(TARGETS["local"], lock="requirements/node.txt"))
    assert archive_path("local", tmp_path) != before
    monkeypatch.setitem(TARGETS, "local", dataclasses.replace(TARGETS["local"], lock="requirements/none.txt"))
    with pytest.raises(ConfigError, match=r"requirements/none.txt is missing: run `make lock`"):
        archive_path("local", tmp_path)


def test_too_large_for_lambda(installed: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What Lambda would refuse is refused before it is uploaded, and nothing is left behind."""
    monkeypatch.setattr(layer, "LAMBDA_LIMIT_BYTES", 10)
    with pytest.raises(ConfigError, match="Lambda takes 10 with the code"):
        build_archive("aws", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_failed_installation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The installer's own words reach the person who ran the command."""
    monkeypatch.setitem(TARGETS, "aws", dataclasses.replace(TARGETS["aws"], platform=("--python-version", "1.0")))
    assert main(["aws"]) == 1
    assert "aws: uv could not install requirements/layer.txt:" in capsys.readouterr().err


def test_built_layer_is_sufficient(tmp_path: Path) -> None:
    """The trimmed packages of this machine's layer write and read Parquet with nothing else installed."""
    path = archive_path("local")
    if not path.exists():
        pytest.skip(f"{path.relative_to(BUILD.parent)} is not built: run `python -m cdk.layer local`")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    code = f"""
import sys
sys.path[:] = [p for p in sys.path if "site-packages" not in p]
sys.path.insert(0, {str(tmp_path / "python")!r})
import crawleruseragents, io, msgspec, pyarrow, pybase64, pyarrow.compute, pyarrow.parquet, ua_parser, ua_parser_rs
stream = io.BytesIO()
pyarrow.parquet.write_table(pyarrow.table({{"number": [1, 2]}}), stream, compression="zstd")
# Without threads: Arrow aborts now and then where a process ends while they still start.
assert pyarrow.parquet.read_table(stream, use_threads=False).num_rows == 2
assert pyarrow.__file__.startswith({str(tmp_path)!r})
"""
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
