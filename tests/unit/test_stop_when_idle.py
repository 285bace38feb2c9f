"""When a notebook instance counts as used; the rest of it is in tests/end_to_end/test_notebook_instance.py."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notebooks.instance import stop_when_idle

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC).timestamp()
NOW = NINE + 3_600
EARLY, LATE = "2026-11-21T09:00:00.000000Z", "2026-11-21T09:30:00.500000Z"
Answers = dict[str, list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("kernels", "terminals", "used"),
    [
        ([], [], 0),
        ([{"execution_state": "idle", "last_activity": EARLY}], [], NINE),
        ([{"execution_state": "idle", "last_activity": EARLY}], [{"name": "1", "last_activity": LATE}], NINE + 1_800.5),
        ([{"execution_state": "busy", "last_activity": EARLY}], [], NOW),
    ],
)
def test_what_is_use(
    monkeypatch: pytest.MonkeyPatch,
    kernels: list[dict[str, Any]],
    terminals: list[dict[str, Any]],
    used: float,
) -> None:
    """The last of all kernels and terminals; a kernel that computes is used now; without any nothing was used."""
    answers: Answers = {"kernels": kernels, "terminals": terminals}
    monkeypatch.setattr(stop_when_idle, "_asked", lambda address: answers[address.rpartition("/")[2]])
    assert stop_when_idle.last_used("https://localhost:8443", NOW) == used


def test_a_server_that_is_gone_is_not_used(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise an instance whose Jupyter broke would cost for ever."""
    assert stop_when_idle.last_used("https://127.0.0.1:1", NOW) == 0
    assert capsys.readouterr().out.startswith("Jupyter does not answer: ")


def test_it_runs_on_the_python_of_the_instance() -> None:
    """Its syntax is that of Python 3.9, the one of Amazon Linux 2023."""
    path = Path(stop_when_idle.__file__)
    assert ast.parse(path.read_text(), feature_version=(3, 9)).body
