"""The command that plays schedules: what it prints, and how it ends."""

import io

import pytest
from rich.console import Console

from tests.simulation.__main__ import main, report
from tests.simulation.campaigns import CAMPAIGNS, Tally, chunks, play, shared_out


def test_a_replay_tells_what_happened_and_which_fate_each_call_had(capsys: pytest.CaptureFixture[str]) -> None:
    """Arrivals, containers and calls are told in order, and at the end the verdict."""
    assert main(["--campaign", "calm", "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "everything is exact"
    for word in (
        "arrives in shard",
        "container, shard",
        "put_new ledger commit#",
        "… done",
        "from here on nothing fails",
    ):
        assert any(word in line for line in lines), word


def test_a_schedule_is_a_function_of_its_seed() -> None:
    """Played again, everything happens as before."""
    assert play("storm", 7, with_story=True) == play("storm", 7, with_story=True)


def test_a_failure_ends_with_1_and_the_line_that_replays_it() -> None:
    """The campaign and the seed are named as the command takes them."""
    out = io.StringIO()
    assert report({"storm": Tally("storm", 10, failures={17: ["lost"]})}, Console(file=out, width=100)) == 1
    assert "python -m tests.simulation --campaign 'storm' --seed 17" in out.getvalue()


def test_a_seed_without_a_campaign_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 2 and says what is missing."""
    with pytest.raises(SystemExit, match="2"):
        main(["--seed", "17"])
    assert "--campaign" in capsys.readouterr().err


def test_what_is_no_number_of_seeds_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 2 and says what a number of schedules is."""
    with pytest.raises(SystemExit, match="2"):
        main(["--seeds", "abc"])
    assert "'abc' is no whole number above 0" in capsys.readouterr().err


def test_seeds_are_dealt_out_to_every_campaign() -> None:
    """By their shares, and cut into jobs without losing one."""
    dealt = shared_out(10_000, first=5)
    assert dealt.keys() == CAMPAIGNS.keys()
    assert abs(sum(map(len, dealt.values())) - 10_000) < len(CAMPAIGNS)
    assert [seed for part in chunks(dealt["storm"]) for seed in part] == list(dealt["storm"])
