"""Compactors, readers, erasure, rollback and replay at once: reads are of what was committed, and all comes to rest.

A failing schedule names seed and campaign; `python -m tests.simulation --campaign rivals --seed 17` tells its story.
"""

import pytest

from tests.simulation.campaigns import LAKE_CAMPAIGNS, Tally, shared_out, sweep_all

SCHEDULES = 504
PER_COMMIT = shared_out(SCHEDULES, campaigns=LAKE_CAMPAIGNS)


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """All campaigns, in two processes."""
    return sweep_all(PER_COMMIT, processes=2)


@pytest.mark.parametrize("name", PER_COMMIT)
def test_every_schedule_is_exact(name: str, tallies: dict[str, Tally]) -> None:
    """Reads are whole, nothing seen is lost, two runs bring rest, no garbage stays, nobody erased leaves a trace."""
    assert tallies[name].failures == {}


def test_the_schedules_are_many(tallies: dict[str, Tally]) -> None:
    """At least 500 were played, and queries ran in them."""
    assert sum(tally.schedules for tally in tallies.values()) >= 500
    assert sum(tally.contained["reads"] for tally in tallies.values()) > 1_000


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("rivals", "expired"),
        ("rivals", "pointers written back"),
        ("dying compactors", "calls killed_after"),
        ("dying compactors", "calls late"),
        ("dying compactors", "calls resent"),
        ("erasure", "runs of erasure"),
        ("rollback and replay", "runs of rollback"),
        ("rollback and replay", "runs of swap_all"),
        ("rollback and replay", "runs of discard_all"),
        ("all jobs of the lake", "runs of sessions"),
        ("all jobs of the lake", "runs of open_hours"),
        ("all jobs of the lake", "runs of mend"),
        ("all jobs of the lake", "runs of mask"),
        ("all jobs of the lake", "runs of scores"),
    ],
)
def test_what_the_campaigns_are_about_happened(name: str, dimension: str, tallies: dict[str, Tally]) -> None:
    """Each of these is in at least one schedule."""
    assert tallies[name].contained[dimension] > 0


@pytest.mark.long
def test_many_more_schedules_are_exact() -> None:
    """Three thousand other seeds."""
    found = sweep_all(shared_out(3_000, first=100_000, campaigns=LAKE_CAMPAIGNS), processes=2)
    assert {name: tally.failures for name, tally in found.items() if tally.failures} == {}
