"""The command that replays hours, from the command line to S3 and Glue in memory."""

from unittest.mock import patch

import pytest

from batch_jobs import replay_events, replay_table, rollback_hour
from clickstream import enrichment
from tests.aws.ledger_stack import lines
from tests.aws.small_lake import DATABASE
from tests.aws.stack_of_lake import DAY, LakeStack, stack
from tests.simulation.fake_lake import visible

__all__ = ["stack"]
HOURS = ["--from", f"{DAY}T09", "--to", f"{DAY}T10"]
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command prints."""
    capsys.readouterr()
    assert replay_events.main([*arguments]) == code
    return capsys.readouterr().out


def landed(stack: LakeStack) -> None:
    """Two compacted hours."""
    purchase: dict[str, object] = {"event_type": "purchase", "revenue": "10.50", "currency": "EUR"}
    stack.land("09:00:00", {"event_id": "a", "session_id": "s", "user_agent": AGENT}, purchase | {"event_id": "b"})
    stack.land("10:00:00", {"event_id": "c", "user_agent": AGENT})


def newer_code() -> object:
    """A later version, which takes everybody for a robot."""
    return patch.object(enrichment, "agent", lambda _: enrichment.Agent("bot", None, None, "library"))


@pytest.mark.parametrize("source", ["landing", "generation"])
def test_the_same_code_makes_the_same_rows(stack: LakeStack, capsys: pytest.CaptureFixture[str], source: str) -> None:
    """The figures stand side by side, and it is said that no row differs; discarded, nothing of it stays."""
    landed(stack)
    said = replayed(capsys, *HOURS, "--source", source)
    assert "Row by row the same." in said
    assert "revenue EUR" in said
    assert "10.50" in said
    assert replay_table.is_there(DATABASE)
    assert '"result": "discarded"' in replayed(capsys, "--discard")
    assert not replay_table.is_there(DATABASE)
    assert set(visible(stack.lake)) == {"a", "b", "c"}


def test_differences_are_shown_and_swapped_in(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """What new code makes of old rows is counted by column; after the swap it is what readers see."""
    landed(stack)
    with newer_code():  # type: ignore[attr-defined]  # a patch
        said = replayed(capsys, *HOURS)
    for line in (
        "device_type bot",
        "device_type desktop",
        "events with another bot_reason",
        "events with another is_bot",
    ):
        assert line in said
    assert "+3" in said
    assert replayed(capsys, "--swap").count('"result": "swapped"') == 2
    assert set(visible(stack.lake)) == {"a", "b", "c"}
    assert [found.generation for found in stack.lake.catalog.list("raw_events")] == [2, 2]
    assert rollback_hour.main([f"{DAY}T09", "--to", "1"]) == 0
    stack.compact()
    assert set(visible(stack.lake)) == {"a", "b", "c"}


def test_one_command_takes_a_replay_back(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """All hours of the last swap, but none that moved on since; without any, it is said."""
    landed(stack)
    assert rollback_hour.main(["--replay"]) == 1
    assert "no hour is as a replay left it" in capsys.readouterr().err
    for hours in ([f"{DAY}T10"], [f"{DAY}T09", f"{DAY}T10"]):
        with newer_code():  # type: ignore[attr-defined]  # a patch
            replayed(capsys, "--from", hours[0], "--to", hours[-1])
        replayed(capsys, "--swap")
    stack.land("10:30:00", {"event_id": "d"})
    capsys.readouterr()
    assert rollback_hour.main(["--replay"]) == 0
    assert [(line["hour"], line["origin"]) for line in lines(capsys.readouterr().out)] == [
        (f"{DAY}T09", "generation 1"),
    ]
    assert set(visible(stack.lake)) == {"a", "b", "c", "d"}


def test_an_hour_that_moved_on_is_named(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are swapped; the exit code says that one is left."""
    landed(stack)
    replayed(capsys, *HOURS)
    stack.land("10:30:00", {"event_id": "d"})
    said = replayed(capsys, "--swap", code=1)
    assert ('"result": "swapped"' in said, '"result": "overtaken"' in said) == (True, True)
    assert set(visible(stack.lake)) == {"a", "b", "c", "d"}


def test_a_second_replay_takes_the_place_of_the_first(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what was shown last can be swapped in."""
    landed(stack)
    replayed(capsys, *HOURS)
    replayed(capsys, "--from", f"{DAY}T10")
    assert [found.hour for found in stack.lake.catalog.list("raw_events_replay")] == [f"{DAY}T10"]
    assert replayed(capsys, "--swap").count("swapped") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--swap", "--discard"],
        [*HOURS, "--swap"],
        [*HOURS, "--generation", "1"],
        ["--from", *HOURS[3:], "--to", HOURS[1]],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    """2, before anything is looked at."""
    with pytest.raises(SystemExit) as ended:
        replay_events.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(("decision", "code"), [("--swap", 1), ("--discard", 0)])
def test_without_a_prepared_hour_there_is_nothing_to_decide(
    stack: LakeStack, capsys: pytest.CaptureFixture[str], decision: str, code: int
) -> None:
    """Who wants to swap is told that nothing was; discarding nothing is well."""
    assert replay_events.main([decision]) == code
    assert "nothing is prepared" in capsys.readouterr().err


def test_an_interval_without_hours_is_an_error(stack: LakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, not passed over."""
    assert replayed(capsys, *HOURS, code=1) == ""
