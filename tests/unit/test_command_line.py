"""Commands that are interrupted."""

import ast
import sys
from pathlib import Path

import pytest

from batch_jobs.command_line import interruptible

JOBS = Path(__file__).parents[2] / "batch_jobs"
COMMANDS = sorted(
    path.stem
    for path in JOBS.glob("*.py")
    if path.stem != "glue_entry" and '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")
)


def _interrupted() -> int:
    raise KeyboardInterrupt


def test_ctrl_c_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command is named, no traceback is shown, and a shell sees an interrupted process."""
    monkeypatch.setattr(sys, "argv", ["/jobs/show_ledger.py"])
    assert interruptible(_interrupted) == 130
    assert capsys.readouterr().err == "show_ledger: stopped; it may be run again\n"


@pytest.mark.parametrize("code", [0, 1])
def test_any_other_end_is_the_commands_own(code: int) -> None:
    """Exit codes come through."""
    assert interruptible(lambda: code) == code


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_interrupted(name: str) -> None:
    """A command's last line is `sys.exit(interruptible(main))`."""
    last = ast.parse((JOBS / f"{name}.py").read_text(encoding="utf-8")).body[-1]
    assert isinstance(last, ast.If)
    assert ast.unparse(last.body[-1]) == "sys.exit(interruptible(main))"
