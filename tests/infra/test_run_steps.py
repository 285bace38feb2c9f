"""Lists of batch steps: selection, order, failure, exit codes, and the same inside a Glue run."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from batch_jobs import glue_entry, run_steps, stack
from batch_jobs.run_steps import Outcome, main, run, table
from batch_jobs.steps import COMMON_ARGUMENTS, STEPS, Step, select
from clickstream.errors import ConfigError, LakeError

GIVEN = [word for name in COMMON_ARGUMENTS for word in (f"--{name}", f"my-{name}")]


class Recorder:
    """Stands in for the steps: records what they got, and fails where it is told to."""

    def __init__(self, **results: object) -> None:
        self.results = results
        self.calls: list[tuple[str, list[str]]] = []

    def main_of(self, step: Step) -> Callable[[list[str]], int]:
        """The recorded main of the step."""

        def step_main(arguments: list[str]) -> int:
            self.calls.append((step.name, arguments))
            result = self.results.get(step.name, 0)
            if isinstance(result, BaseException):
                raise result
            assert isinstance(result, int)
            return result

        return step_main


def _results(outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {outcome.name: outcome.result for outcome in outcomes}


def test_now_takes_in_the_open_hour_and_asks_no_query() -> None:
    """The one list that reaches into the open hour; everything else waits for its schedule."""
    found = {step.name: step.arguments for step in select("now")}
    assert found == {"open_partitions": (), "audit_ledger": (), "compact_events": ("--include-open",)}


def test_hourly_and_daily() -> None:
    """Sessions, their scores and reports are made once a day; opening, compaction and checks every hour too."""
    assert [step.name for step in select("hourly")] == [
        "open_partitions",
        "audit_ledger",
        "erase_events",
        "compact_events",
        "mask_tables",
        "check_quality",
    ]
    daily = [
        step.name for step in select("daily") if step.name not in {"build_sessions", "score_sessions", "run_reports"}
    ]
    assert daily == [step.name for step in select("hourly")]


def test_names_run_in_the_order_of_the_list() -> None:
    """Steps can be named, in any order; they run in the order of the list."""
    assert [step.name for step in select("run_reports, repair_catalog")] == ["repair_catalog", "run_reports"]


def test_unknown_name() -> None:
    """A word that is neither a schedule nor a step is refused with the known ones."""
    with pytest.raises(ValueError, match=r"weekly: known are audit_ledger, .*hourly"):
        select("hourly,weekly")


def test_needs_come_first() -> None:
    """What a step needs stands before it in the list."""
    names = [step.name for step in STEPS]
    for step in STEPS:
        assert all(names.index(need) < names.index(step.name) for need in step.needs)


def test_arguments_reach_every_step() -> None:
    """Each step gets the common arguments and then its own."""
    recorder = Recorder()
    steps = (Step("first", ()), Step("second", (), arguments=("--extra",)))
    outcomes = run(steps, ["--bucket", "b"], recorder.main_of)
    assert recorder.calls == [("first", ["--bucket", "b"]), ("second", ["--bucket", "b", "--extra"])]
    assert _results(outcomes) == {"first": "ok", "second": "ok"}


@pytest.mark.parametrize("failure", [1, SystemExit(2), SystemExit("stop"), LakeError("broken"), KeyError("x")])
def test_dependents_of_a_failed_step_are_skipped(failure: object) -> None:
    """However a step fails, what needs it is skipped, transitively, and the rest runs."""
    recorder = Recorder(compact_events=failure)
    outcomes = run(select("daily"), [], recorder.main_of)
    assert _results(outcomes) == {
        "open_partitions": "ok",
        "audit_ledger": "ok",
        "erase_events": "ok",
        "compact_events": "failed",
        "build_sessions": "skipped",
        "score_sessions": "skipped",
        "mask_tables": "ok",
        "check_quality": "skipped",
        "run_reports": "skipped",
    }


def test_a_failed_run_ends_with_the_words_of_its_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a step said last, the id of a query for example, is in the one line that Glue shows."""

    def refused(_: list[str]) -> int:
        print("check: Athena refused it (query 5d0c)", file=sys.stderr)
        return 1

    monkeypatch.setattr(run_steps, "_main_of", lambda _: refused)
    assert main(["--steps", "repair_catalog", *GIVEN]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "run_steps: repair_catalog failed: exit code 1: check: Athena refused it (query 5d0c)"


@pytest.mark.parametrize("code", [SystemExit(0), SystemExit(None)])
def test_exit_without_a_code_is_success(code: SystemExit) -> None:
    """A step that leaves by `sys.exit()` has succeeded."""
    assert _results(run((Step("one", ()),), [], Recorder(one=code).main_of)) == {"one": "ok"}


def test_interruption_ends_the_run() -> None:
    """Ctrl-C stops the whole run, not only the step."""
    with pytest.raises(KeyboardInterrupt):
        run(select("daily"), [], Recorder(open_partitions=KeyboardInterrupt()).main_of)


def test_table_names_the_cause() -> None:
    """The table shows step, result, seconds and cause in columns."""
    text = table([Outcome("one", "ok", 1.25), Outcome("second", "skipped", 0.0, "needs one")])
    assert text.splitlines() == ["one     ok            1.2 s", "second  skipped       0.0 s  needs one"]


@pytest.mark.parametrize(("result", "code"), [(0, 0), (1, 1)])
def test_exit_code(monkeypatch: pytest.MonkeyPatch, result: int, code: int) -> None:
    """The run's exit code tells whether every step succeeded; unknown arguments are handed on."""
    recorder = Recorder(check_quality=result)
    monkeypatch.setattr(run_steps, "_main_of", recorder.main_of)
    assert main(["--steps", "check_quality", *GIVEN, "--include-open"]) == code
    assert recorder.calls == [("check_quality", [*GIVEN, "--include-open"])]


def test_names_come_from_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given is read from the outputs of the stack; what is given wins."""
    outputs = {output: f"the-{name}" for name, output in COMMON_ARGUMENTS.items()}
    recorder = Recorder()
    monkeypatch.setattr(run_steps, "_main_of", recorder.main_of)
    monkeypatch.setattr(stack, "outputs", lambda name: outputs if name == "clickstream-local" else {})
    assert main(["--steps", "check_quality", "--stack", "clickstream-local", "--bucket", "mine"]) == 0
    arguments = recorder.calls[0][1]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert given == {f"--{name}": f"the-{name}" for name in COMMON_ARGUMENTS} | {"--bucket": "mine"}


def _unreadable(name: str) -> dict[str, str]:
    raise ConfigError(f"the stack {name} cannot be read")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--steps", "weekly"], "run_steps: weekly: known are"),
        (
            ["--bucket", "b"],
            "--anomalies-table, --session-metrics-table, --failure-bucket, --stream missing",
        ),
        (["--stack", "absent"], "run_steps: the stack absent cannot be read"),
    ],
)
def test_wrong_usage(
    argv: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage is one sentence and exit code 2; no step runs."""
    monkeypatch.setattr(stack, "outputs", _unreadable)
    assert main(argv) == 2
    assert message in capsys.readouterr().err


def test_outputs_of_an_older_stack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack that lacks an output is to be deployed again."""
    monkeypatch.setattr(stack, "outputs", lambda _: {"BucketName": "b"})
    assert main(["--stack", "old"]) == 2
    assert "stack old has no output DatabaseName" in capsys.readouterr().err


def test_every_step_can_be_imported() -> None:
    """Every step of the list is a module with a main function."""
    for step in STEPS:
        assert callable(run_steps._main_of(step))


def test_archives_are_unpacked_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a Glue run a later archive wins over an earlier one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client: Any = boto3.client("s3")
        client.create_bucket(Bucket="assets")
        for key, files in {"a.zip": {"x": "old", "y": "kept"}, "b.zip": {"x": "new"}}.items():
            client.put_object(Bucket="assets", Key=key, Body=_zip(tmp_path / key, files))
        folder = tmp_path / "unpacked"
        archives = glue_entry.fetched(["s3://assets/a.zip", "s3://assets/b.zip"], tmp_path / "archives")
        glue_entry.unpack(archives, folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"x": "new", "y": "kept"}


def test_deployed_folders_are_complete(assembly: Callable[..., Path]) -> None:
    """What is uploaded for the batch, unpacked into one folder, is enough to run every step from there."""
    folders = [path for path in assembly(environment="local").glob("asset.*") if path.is_dir()]
    (jobs,) = [path for path in folders if (path / "batch_jobs").is_dir()]
    (library,) = [path for path in folders if (path / "clickstream").is_dir()]
    assert not [path for folder in (jobs, library) for path in folder.rglob("__pycache__")]
    assert {path.name for path in jobs.iterdir()} == {"batch_jobs", "sql"}
    code = (
        "from batch_jobs.run_steps import _main_of; from batch_jobs.steps import STEPS; import batch_jobs, clickstream;"
        "[_main_of(step) for step in STEPS]; print(list(batch_jobs.__path__), clickstream.__file__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{jobs}:{library}", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"},
        cwd=jobs,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert str(jobs) in result.stdout
    assert str(library) in result.stdout


def _zip(path: Path, files: dict[str, str]) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.read_bytes()
