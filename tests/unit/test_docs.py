"""What the README promises exists: verbs, files, and the commands underneath."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "trackers/python/README.md"]
VERBS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_verb_that_a_page_names_is_in_the_makefile(page: Path) -> None:
    """A reader can type each `make verb` as written."""
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", page.read_text(encoding="utf-8")))
    assert named <= VERBS | {"sure", "it"}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    """No link within the repository is dead."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Paths in code style are real, so that a rename takes the docs along."""
    folders = "batch_jobs|cdk|docs|local_aws|sql|streaming_lambdas|test_client|tests|trackers"
    named = re.findall(rf"`((?:{folders})/[\w/.-]+\.(?:py|md|sql))`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", README))))
def test_the_commands_underneath_have_help(module: str) -> None:
    """Each `python -m` command of the README answers `--help`."""
    result = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, check=False)
    assert result.returncode == 0
    assert b"usage:" in result.stdout


def test_every_mutant_that_the_argument_names_exists() -> None:
    """The page on exactness says what the simulation notices: each of these is a mutant that it runs."""
    page = (ROOT / "docs/exactness.md").read_text(encoding="utf-8")
    last_cells = [line.split("|")[-2] for line in page.splitlines() if re.match(r"\| \d", line)]
    named = {name for cell in last_cells for name in re.findall(r"`([a-z0-9_]+)`", cell)}
    simulation = "".join(path.read_text() for path in (ROOT / "tests/simulation").glob("*mutants.py"))
    assert len(named) > 15
    assert [name for name in sorted(named) if f"def {name}(" not in simulation] == []
