"""The command that rolls hours back, from the command line to S3 and Glue in memory."""

from datetime import timedelta
from typing import Any

import pytest

from batch_jobs import ledger_tools, rollback_hour
from batch_jobs.stack_lake import stack_lake
from tests.aws.ledger_stack import NAMES, lines
from tests.aws.small_lake import DATABASE
from tests.aws.stack_of_lake import DAY, LakeStack, stack
from tests.simulation.fake_lake import visible

__all__ = ["stack"]
HOUR = f"{DAY}T09"


def rolled_back(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """What the command prints."""
    capsys.readouterr()
    assert rollback_hour.main([*arguments]) == code
    return lines(capsys.readouterr().out)


def test_one_command_rolls_back(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers see the older rows at once; the next compaction takes the later inputs in again."""
    stack.land("09:00:00", {"event_id": "a"}, {"event_id": "b"})
    stack.land("09:10:00", {"event_id": "c"})
    (line,) = rolled_back(capsys, HOUR)
    assert (line["from"], line["generation"], line["origin"]) == (2, 3, "generation 1")
    assert (line["rows_before"], line["rows"], line["inputs_to_do_again"]) == (3, 2, 1)
    assert set(visible(stack.lake)) == {"a", "b"}
    stack.compact()
    assert set(visible(stack.lake)) == {"a", "b", "c"}


def test_generations_are_listed_before_one_is_chosen(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first, with what each holds and whether its files are still there."""
    for number in range(3):
        stack.land(f"09:0{number}:00", {"event_id": str(number)})
    found = rolled_back(capsys, HOUR, "--list")
    assert [(line["generation"], line["rows"], line["is_kept"]) for line in found] == [
        (3, 3, True),
        (2, 2, True),
        (1, 1, True),
    ]
    rolled_back(capsys, HOUR, "--to", "1")
    assert set(visible(stack.lake)) == {"0"}
    assert rolled_back(capsys, HOUR, "--list")[0]["origin"] == "generation 1"


def test_one_hour_that_fails_does_not_stop_the_others(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named on standard error, and the exit code says so."""
    stack.land("09:00:00", {"event_id": "a"})
    stack.land("10:00:00", {"event_id": "b"})
    stack.land("10:10:00", {"event_id": "c"})
    (line,) = rolled_back(capsys, HOUR, f"{DAY}T10", code=1)
    assert line["hour"] == f"{DAY}T10"
    assert set(visible(stack.lake)) == {"a", "b"}


def test_the_stack_says_how_long_landing_is_kept(stack: LakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came in later could come back for so long, and a stack of before says nothing."""
    names = NAMES | {"DatabaseName": DATABASE, "LandingRetentionDays": "30"}
    assert stack.lake.landing_kept == timedelta(days=7)
    monkeypatch.setattr(ledger_tools, "outputs", lambda _: names)
    assert stack_lake("stack").landing_kept == timedelta(days=30)


def test_what_is_no_hour_is_wrong_usage(stack: LakeStack) -> None:
    """2, before anything is looked at."""
    with pytest.raises(SystemExit) as ended:
        rollback_hour.main(["yesterday"])
    assert ended.value.code == 2
