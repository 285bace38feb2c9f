"""Public test cases of others, which lie beside the repository where they are at hand."""

import tarfile
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def data_file(name: str) -> Path:
    """A file of public data; the test is skipped where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the repository")
    return path


def members(archive: str, suffix: str = ".json") -> dict[str, str]:
    """Text of the archive's files with this suffix, by path."""
    with tarfile.open(data_file(archive)) as opened:
        texts = {}
        for member in opened:
            content = opened.extractfile(member) if member.isfile() and member.name.endswith(suffix) else None
            if content:
                texts[member.name] = content.read().decode("utf-8", "replace")
        return texts
