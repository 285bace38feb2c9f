"""`process_events` is exact in every schedule: nothing lost, nothing doubled, nothing stuck.

A failing schedule names its seed; `SEED=17 pytest tests/simulation/test_stream_exact.py` replays that one alone.
"""

import os

import pytest

from tests.simulation import processing_world
from tests.simulation.options import Options
from tests.simulation.processing_world import World

CAMPAIGNS = {
    "given up and brought back": Options(),
    "storm": Options(fault_rate=0.35, zombie_rate=0.06, steps=300),
    "never given up": Options(fault_rate=0.2, tries=None),
    "zombies": Options(zombie_rate=0.15, has_new_streams=False),
    "calm": Options(fault_rate=0.02, zombie_rate=0.0, steps=150),
}


def seeds(count: int, first: int = 0) -> list[int]:
    """The seeds to run, or the one that the environment names."""
    return [int(os.environ["SEED"])] if "SEED" in os.environ else list(range(first, first + count))


def failures(options: Options, wanted: list[int]) -> list[str]:
    """Runs the schedules; the violations of each bad one, with its seed."""
    found = []
    for seed in wanted:
        world = World(seed, options)
        world.run()
        if violations := world.violations():
            found.append(f"SEED={seed}: {violations}")
    return found


@pytest.fixture
def packed_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects hold packed rows instead of Parquet, for speed."""
    monkeypatch.setattr("clickstream.landing.parquet", processing_world.packed_rows)


@pytest.mark.parametrize("name", CAMPAIGNS)
@pytest.mark.usefixtures("packed_rows")
def test_every_schedule_is_exact(name: str) -> None:
    """60 schedules of each campaign: records, events, counters, work list and chain agree, and all work ends."""
    assert failures(CAMPAIGNS[name], seeds(60)) == []


@pytest.mark.long
@pytest.mark.parametrize("name", CAMPAIGNS)
@pytest.mark.usefixtures("packed_rows")
def test_every_one_of_20_000_schedules_is_exact(name: str) -> None:
    """4,000 other schedules of each campaign."""
    assert failures(CAMPAIGNS[name], seeds(4_000, first=1_000)) == []


def test_schedules_with_real_files_are_exact() -> None:
    """The same with Parquet objects, a few times."""
    assert failures(CAMPAIGNS["storm"], seeds(4, first=500)) == []


@pytest.mark.usefixtures("packed_rows")
def test_the_schedules_contain_what_they_are_for() -> None:
    """Fill lanes, re-created streams, given-up batches, deployments and bad events all occur, or they prove nothing."""
    worlds = [World(seed, CAMPAIGNS["storm"]) for seed in range(12)]
    for world in worlds:
        world.run()
    commits = [commit for world in worlds for found in world.commits().values() for commit in found]
    assert any(commit.lane.shard_id.endswith("#fill") for commit in commits)
    assert {commit.code_version for commit in commits} >= {"0", "1", "2"}
    assert max(len({landed.hour for landed in commit.objects}) for commit in commits) > 1
    assert max(len(commit.deltas) for commit in commits) > 2
    assert sum(commit.bad for commit in commits) > 100
    assert any(world.stream.unread for world in worlds)
    assert any(len(world.bucket.objects) > sum(len(c.objects) for c in world.all_commits()) for world in worlds)
