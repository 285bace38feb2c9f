"""Each safety rule of the lake, taken away, is noticed by the simulation within 150 schedules.

So a schedule that is exact is exact because of the rules, not because the simulation is blind.
"""

import pytest

from tests.simulation.campaigns import pool
from tests.simulation.lake_mutants import LAKE_MUTANTS
from tests.simulation.lake_world import LakeOptions, LakeWorld
from tests.simulation.more_lake_mutants import names, noticed_at

NAMES = names()


@pytest.fixture(scope="module")
def noticed() -> dict[str, int | None]:
    """The first schedule that notices each mutant."""
    with pool(2) as workers:
        return dict(zip(NAMES, workers.map(noticed_at, NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_rule_is_noticed(name: str, noticed: dict[str, int | None]) -> None:
    """At least one of the schedules goes wrong without it."""
    assert noticed[name] is not None


def test_without_a_mutation_the_same_schedules_are_exact(noticed: dict[str, int | None]) -> None:
    """What notices a mutant would not have gone wrong anyway."""
    for name, mutant in LAKE_MUTANTS.items():
        world = LakeWorld(noticed[name] or 0, mutant.options._replace(job_limit=LakeOptions().job_limit))
        world.run()
        assert world.violations() == []
