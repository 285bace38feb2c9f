"""More rules of the lake that are taken away: those of erasure, rollback and replay. See `lake_mutants`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from clickstream.lake import compaction, erasing, masked_log, purges, replaying, restoring, scoring
from clickstream.lake.catalog import Partition, uri
from clickstream.lake.generations import Generation
from clickstream.lake.score_log import ScorePlan
from clickstream.lake.tombstones import Graveyard, Tombstones
from clickstream.lake.work import Lake
from tests.simulation import lake_jobs, lake_mutants
from tests.simulation.lake_mutants import LAKE_MUTANTS, mutant
from tests.simulation.lake_world import ERASING

DECIDING = (lake_jobs.swap_all, lake_jobs.discard_all)


def names() -> list[str]:
    """Of all mutants of the lake."""
    return list(LAKE_MUTANTS)


def noticed_at(name: str) -> int | None:
    """The first of the schedules that goes wrong without the rule; in a new process it finds these mutants, too."""
    return lake_mutants.noticed_at(name)


@mutant(jobs=ERASING)
def erased_people_come_back(patch: pytest.MonkeyPatch) -> None:
    """Only the run of an erasure knows whom it erases: later compactions do not ask."""
    merge = compaction._merge

    def forgetful(lake: Lake, plan: compaction.Plan, *rest: Any) -> Any:
        return merge(lake, plan if plan.is_haunted else replace(plan, tombstones=[]), *rest)

    patch.setattr(compaction, "_merge", forgetful)


@mutant(jobs=ERASING)
def generations_are_never_haunted(patch: pytest.MonkeyPatch) -> None:
    """What was compacted before a request is not looked at again."""
    patch.setattr(Graveyard, "pending", lambda *_: Tombstones())


@mutant(jobs=ERASING)
def erasure_is_not_searched_again(patch: pytest.MonkeyPatch) -> None:
    """A request is done when its run is done, and old files wait for their grace."""
    patch.setattr(erasing, "_waiting", lambda *_: [])
    patch.setattr(purges, "ask", lambda *_: None)
    patch.setattr("tests.simulation.lake_ending.GRACES", timedelta(hours=1))


@mutant(jobs=(lake_jobs.compact, lake_jobs.rollback), fault_rate=0.0)
def rollback_keeps_the_inputs(patch: pytest.MonkeyPatch) -> None:
    """The old files come back with the inputs of the newest generation, so that nothing becomes work again."""
    prepare = restoring.prepare

    def keeping(lake: Lake, found: Generation, *rest: Any) -> Generation:
        return msgspec.structs.replace(prepare(lake, found, *rest), inputs=found.inputs)

    patch.setattr(restoring, "prepare", keeping)


@mutant(jobs=(lake_jobs.compact, lake_jobs.prepare, *DECIDING), fault_rate=0.0, steps=90)
def replays_are_discarded_undecided(patch: pytest.MonkeyPatch) -> None:
    """Files are removed without a decision that keeps a swap from naming them."""
    patch.setattr(replaying, "_decided", lambda *_: True)


@mutant(jobs=(lake_jobs.compact, lake_jobs.scores), fault_rate=0.03)
def scores_are_of_whatever_readers_see(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether the catalog pointed to what the commit of the scores names."""

    def believed(lake: Lake, plan: ScorePlan) -> dict[str, Partition]:
        return {source.hour: Partition(source.hour, uri(lake.bucket, source.folder)) for source in plan.sources}

    patch.setattr(scoring, "_readers_of", believed)


@mutant(jobs=(lake_jobs.compact, lake_jobs.mask, lake_jobs.erasure))
def a_copy_of_any_generation_will_do(patch: pytest.MonkeyPatch) -> None:
    """A masked partition is done once it has a copy, whatever generation that is of."""
    patch.setattr(masked_log, "number_in", lambda key: 1 if key else None)
