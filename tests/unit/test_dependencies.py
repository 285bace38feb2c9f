"""Who may import whom: the arrows between the folders, read from the source."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"cdk", "clickstream", "clickstream_tracker", "local_aws", "test_client", "batch_jobs", "notebooks", "tests"}
MODULES = {path.stem for path in (ROOT / "streaming_lambdas").glob("*.py")}
ADAPTERS = {name for name in MODULES if name.startswith("aws_")}
"""AWS services behind the library's ports, for handlers and jobs alike."""
HANDLERS = MODULES - ADAPTERS
JOBS = {path.stem for path in (ROOT / "batch_jobs").glob("*.py") if "\ndef main(" in path.read_text()}
STEP_LIST = "batch_jobs.steps"
REPORT_LIST = "batch_jobs.reports.report_list"
REPORT_LIST_IMPORTS = {"dataclasses.dataclass", "functools.cached_property", "pyarrow"} | {
    "batch_jobs.reports.column_meanings.meaning",
    *(f"clickstream.lake_table.{name}" for name in ("INSTANT", "TEXT", "Column", "LakeTable")),
    *(f"clickstream.tables.{name}" for name in ("MASKED_TABLES", "REPORTS_PREFIX")),
}
"""The one list of batch steps: plain data, from which the jobs, the workflow and its infrastructure are made."""
IMPORT_NAMES = {"crawler-user-agents": "crawleruseragents", "ua-parser": "ua_parser", "ua-parser-builtins": "ua_parser"}
NUMPY_USERS = {"fingerprints.py", "duplicates.py", "runs.py", "session_cuts.py", "session_events.py"} | {
    "session_buckets.py",
    "sessionizing.py",
    "session_forest.py",
    "scoring.py",
}
"""The cores of batch jobs: numpy is on every Glue worker and not in the Lambda layer."""


LIBRARY_ORDER = ("enrichment", "intake", "collecting", "live", "stream", "detection", "lake")
"""The packages of the library, in the order in which they may build on each other."""


def layer_packages() -> set[str]:
    """Import names of what the Lambda layer holds."""
    text = (ROOT / "requirements" / "layer.in").read_text()
    names = re.findall(r"^([a-z][a-z0-9-]*)", text, re.MULTILINE)
    return {IMPORT_NAMES.get(name, name) for name in names}


def sources(folder: str) -> list[Path]:
    """The Python files of a folder, without tests of packages that are installed there."""
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    """The full name of everything that the file imports anywhere, e.g. `clickstream.intake.rows.read`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = path.parent.name if node.level else node.module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def tops(path: Path) -> set[str]:
    """The first parts of the imported names."""
    return {name.partition(".")[0] for name in imported(path)}


def wrong(folder: str, forbidden: set[str]) -> dict[str, set[str]]:
    """Files of the folder that import something forbidden."""
    found = {str(path.relative_to(ROOT)): tops(path) & forbidden for path in sources(folder)}
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("path", sources("streaming_lambdas/clickstream"), ids=lambda path: path.name)
def test_the_library_is_pure(path: Path) -> None:
    """`clickstream` imports the standard library, the packages of the Lambda layer, and itself; no AWS, no caller."""
    allowed = set(sys.stdlib_module_names) | layer_packages() | {"clickstream"}
    if path.name in NUMPY_USERS:
        allowed |= {"numpy"}
    assert tops(path) <= allowed


def module_name(path: Path) -> str:
    """The dotted name of a library file, e.g. `clickstream.intake.rows`; a package has its own."""
    parts = path.relative_to(ROOT / "streaming_lambdas").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def library_imports(path: Path, library: dict[str, Path]) -> set[str]:
    """The library's modules that the file imports, and the packages around them, which Python runs too."""
    found = set()
    for name in imported(path):
        parts = name.split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts) + 1)} & library.keys()
    return found


def test_no_handler_reaches_numpy() -> None:
    """Whatever a handler imports, directly or not, the Lambda layer holds it: numpy it does not."""
    library = {module_name(path): path for path in sources("streaming_lambdas/clickstream")}
    reached: set[Path] = set()
    queue = [path for path in sources("streaming_lambdas") if path.stem in HANDLERS]
    while queue:
        path = queue.pop()
        reached.add(path)
        queue += [library[name] for name in library_imports(path, library) if library[name] not in reached]
    assert len(reached) > 40
    assert not [path.name for path in reached if "numpy" in tops(path)]


@pytest.mark.parametrize("package", LIBRARY_ORDER)
def test_the_librarys_packages_lean_one_way(package: str) -> None:
    """A package imports the shared modules, and packages that stand before it: an event never goes back."""
    later = set(LIBRARY_ORDER[LIBRARY_ORDER.index(package) + 1 :])
    for path in sources(f"streaming_lambdas/clickstream/{package}"):
        names = {name.split(".")[1] for name in imported(path) if name.startswith("clickstream.")}
        assert not names & later, path


def test_the_shared_modules_know_no_package() -> None:
    """What lies beside the packages is what all of them need."""
    folder = ROOT / "streaming_lambdas/clickstream"
    assert {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"} == set(LIBRARY_ORDER)
    for path in folder.glob("*.py"):
        names = {name.split(".")[1] for name in imported(path) if name.startswith("clickstream.")}
        assert not names & set(LIBRARY_ORDER), path


@pytest.mark.parametrize("name", sorted(MODULES))
def test_handlers_meet_only_in_tables(name: str) -> None:
    """A handler imports the library and the AWS adapters, never another handler, a job, or a tool."""
    found = tops(ROOT / "streaming_lambdas" / f"{name}.py")
    assert not found & ((HANDLERS - {name}) | (FOLDERS - {"clickstream"}))


def test_jobs_meet_only_in_the_lake() -> None:
    """A job imports the library, the AWS adapters and shared parts, never a handler, a tool, or another job."""
    assert wrong("batch_jobs", HANDLERS | (FOLDERS - {"clickstream", "batch_jobs"})) == {}
    for path in sources("batch_jobs"):
        others = {f"batch_jobs.{name}" for name in JOBS - {path.stem}}
        assert not [name for name in imported(path) if ".".join(name.split(".")[:2]) in others], path


def test_the_infrastructure_takes_code_as_files() -> None:
    """`cdk` knows names, schemas and the lists of steps and reports; handlers, jobs and SQL are files to it."""
    assert wrong("cdk", MODULES | (FOLDERS - {"clickstream", "cdk", "batch_jobs"})) == {}
    names = {name for path in sources("cdk") for name in imported(path) if name.startswith("batch_jobs")}
    assert all(name.startswith((f"{STEP_LIST}.", f"{REPORT_LIST}.")) for name in names)


def test_the_lists_of_steps_and_reports_are_plain_data() -> None:
    """Infrastructure code may read it because it needs nothing that a job needs."""
    assert tops(ROOT / "batch_jobs" / "steps.py") <= {"dataclasses", "typing"}
    assert set(imported(ROOT / "batch_jobs" / "reports" / "report_list.py")) <= REPORT_LIST_IMPORTS
    assert set(imported(ROOT / "batch_jobs" / "reports" / "column_meanings.py")) == set()


FORMATS = {"clickstream.access_logs", "clickstream.line_files", "clickstream.errors"}
"""File formats that the sender and the import of history read alike; they know nothing of the pipeline."""


@pytest.mark.parametrize("folder", ["local_aws", "test_client"])
def test_tools_know_aws_and_not_the_pipeline(folder: str) -> None:
    """They import nothing of the product but file formats and, to send, the tracker that teams use; nor each other."""
    own = {folder, "clickstream"} | ({"clickstream_tracker"} if folder == "test_client" else set())
    assert wrong(folder, MODULES | (FOLDERS - own)) == {}
    for path in sources(folder):
        used = {name for name in imported(path) if name.split(".")[0] == "clickstream"}
        shared = FORMATS if folder == "test_client" else set()
        assert all(any(name == one or name.startswith(one + ".") for one in shared) for name in used), path


@pytest.mark.parametrize("path", sources("trackers/python"), ids=lambda path: path.name)
def test_the_tracker_stands_alone(path: Path) -> None:
    """A team installs it without the rest: it imports the standard library, what its pyproject names, and itself."""
    wanted = tomllib.loads((ROOT / "trackers/python/pyproject.toml").read_text())["project"]["dependencies"]
    packages = {re.split(r"[<>=]", name)[0] for name in wanted} | {"botocore"}
    typed_only = {"mypy_boto3_kinesis"}
    assert tops(path) <= set(sys.stdlib_module_names) | packages | typed_only | {"clickstream_tracker"}


def test_the_examples_stand_outside() -> None:
    """An example uses what everybody can: commands and addresses, none of our modules."""
    assert wrong("examples", MODULES | FOLDERS) == {}
