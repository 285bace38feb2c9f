"""The jobs that meet in a simulated lake, each as one run of the real code."""

from collections.abc import Callable
from random import Random

from batch_jobs.open_partitions import open_partitions
from batch_jobs.repair_catalog import repair
from clickstream.errors import LakeError
from clickstream.lake.compaction import Outcome, compact_hours
from clickstream.lake.erasing import Places, erase
from clickstream.lake.garbage import collect
from clickstream.lake.mask_building import collect_masked, mask_tables
from clickstream.lake.replaying import discard, prepared_hours, replay, swap
from clickstream.lake.restoring import older, roll_back
from clickstream.lake.scoring import collect_scores
from clickstream.lake.session_building import collect_sessions
from tests.simulation.erasure_world import no_rows
from tests.simulation.score_lake import score
from tests.simulation.session_lake import build

Job = Callable[[Places, Random], object]


def compact(places: Places, _: Random) -> frozenset[str]:
    """The hourly compaction, and the removal of what nobody needs afterwards. Returns the hours that failed."""
    lake = places.lake
    failed = frozenset(found.hour for found in compact_hours(lake, lake.ledger.hours()) if found.result == "failed")
    if not failed:
        collect(lake)
    return failed


def sweep(places: Places, _: Random) -> None:
    """Garbage collection alone."""
    collect(places.lake)


def open_hours(places: Places, _: Random) -> None:
    """Partitions of hours to come, and of those that have none."""
    open_partitions(places.lake, 1)


def mend(places: Places, _: Random) -> None:
    """The catalog by the commits."""
    repair(places.lake)


def erasure(places: Places, _: Random) -> frozenset[str]:
    """Whoever asked to be erased. Returns the hours that failed."""
    found = list(erase(places, no_rows))
    return frozenset(one.hour for one in found if isinstance(one, Outcome) and one.result == "failed")


def mask(places: Places, _: Random) -> None:
    """The copies without persons, and the removal of what they replaced."""
    failed = [found for found in mask_tables(places.lake) if found.result == "failed"]
    if not failed:
        collect_masked(places.lake)


def rollback(places: Places, random: Random) -> None:
    """Any hour to the generation before its newest."""
    hour = random.choice(places.lake.ledger.hours() or ["2026-11-21T09"])
    roll_back(places.lake, hour, older(places.lake, hour))


def prepare(places: Places, random: Random) -> None:
    """A replay of any hour, to be decided on later."""
    hour = random.choice(places.lake.ledger.hours() or ["2026-11-21T09"])
    replay(places.lake, hour, f"run-{random.randrange(10**6)}", is_from_landing=random.random() < 0.5)


def swap_all(places: Places, _: Random) -> None:
    """Every replay that waits becomes the newest generation."""
    for hour in list(prepared_hours(places.lake)):
        swap(places.lake, hour)


def discard_all(places: Places, _: Random) -> None:
    """Every replay that waits is forgotten."""
    for hour in list(prepared_hours(places.lake)):
        discard(places.lake, hour)


def decide(places: Places) -> None:
    """Every replay that waits is forgotten, or, where a swap of it was begun, swapped in first."""
    for hour in list(prepared_hours(places.lake)):
        try:
            discard(places.lake, hour)
        except LakeError:
            swap(places.lake, hour)
            discard(places.lake, hour)


def sessions(places: Places, _: Random) -> None:
    """The table of sessions, and the removal of its replaced files."""
    build(places.lake)
    collect_sessions(places.lake)


def scores(places: Places, _: Random) -> None:
    """The scores of sessions, and the removal of what they replaced."""
    score(places.lake)
    collect_scores(places.lake)
