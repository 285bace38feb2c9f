"""Each safety rule of `process_events`, taken away, is noticed by the simulation within 300 schedules.

So a schedule that is exact is exact because of the rules, not because the simulation is blind.
"""

import pytest

from tests.simulation import more_mutants
from tests.simulation.campaigns import packed_objects, pool
from tests.simulation.mutants import ALONE, MUTANTS
from tests.simulation.processing_world import World

NAMES = more_mutants.names()


@pytest.fixture(scope="module")
def noticed() -> dict[str, int | None]:
    """The first schedule that notices each mutant."""
    with pool(2) as workers:
        return dict(zip(NAMES, workers.map(more_mutants.noticed_at, NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_rule_is_noticed(name: str, noticed: dict[str, int | None]) -> None:
    """At least one of 300 schedules goes wrong without it."""
    assert noticed[name] is not None


def test_without_a_mutation_the_same_schedules_are_exact() -> None:
    """What notices a mutant would not have gone wrong anyway."""
    with packed_objects():
        for options in {mutant.options for mutant in MUTANTS.values()} | {ALONE}:
            for seed in range(8):
                world = World(seed, options)
                world.run()
                assert world.violations() == []
