"""Campaigns: many schedules of one kind, played in several processes, with what they contained and what went wrong."""

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from typing import NamedTuple
from unittest.mock import patch

from tests.simulation import processing_world
from tests.simulation.features import features
from tests.simulation.options import Options
from tests.simulation.processing_world import World

CHUNK = 50
"""Schedules per job: about a second, after which an interrupted run may end."""
MONTHS = timedelta(days=180)

PROCESSING = {
    "given up and brought back": Options(),
    "never given up": Options(fault_rate=0.2, tries=None),
    "storm": Options(fault_rate=0.35, zombie_rate=0.06, steps=160),
    "zombies": Options(zombie_rate=0.15, has_new_streams=False),
    "resharding": Options(reshard_rate=0.04, has_new_streams=False),
    "outages": Options(outage_rate=0.01, tries=None),
    "expiring pages": Options(pause_rate=0.02, retention=2 * MONTHS, max_age=MONTHS),
    "restored tables": Options(disaster_rate=0.04, has_new_streams=False),
    "fat": Options(fault_rate=0.15, steps=600, reshard_rate=0.01),
    "calm": Options(fault_rate=0.02, zombie_rate=0.0, steps=80),
}


class Outcome(NamedTuple):
    """One schedule: what was in it, and what was wrong."""

    contained: Counter[str]
    violations: list[str]
    story: list[str]


@dataclass
class Tally:
    """Some schedules of one campaign, summed up."""

    campaign: str
    schedules: int = 0
    contained: Counter[str] = field(default_factory=Counter)
    failures: dict[int, list[str]] = field(default_factory=dict)
    """Violations by seed."""

    def add(self, other: "Tally") -> None:
        """Take the other's schedules in."""
        self.schedules += other.schedules
        self.contained.update(other.contained)
        self.failures |= other.failures


def play(campaign: str, seed: int, with_story: bool = False) -> Outcome:
    """One schedule, alone."""
    world = World(seed, PROCESSING[campaign])
    if with_story:
        world.stream.story = []
        world.stream.gate.tell = world.stream.tell
    with packed_objects():
        try:
            world.run()
            violations = world.violations()
        except Exception as error:  # noqa: BLE001  any defect is a finding, and its seed must be told
            violations = [f"{type(error).__name__}: {error}"]
    fates = {f"fate {fate.name.lower()}": count for fate, count in world.stream.gate.fates.items()}
    return Outcome(features(world) + Counter(fates), violations, world.stream.story or [])


def sweep(campaign: str, seeds: Iterable[int]) -> Tally:
    """Play these schedules one after the other."""
    tally = Tally(campaign)
    for seed in seeds:
        outcome = play(campaign, seed)
        tally.schedules += 1
        tally.contained.update(outcome.contained)
        if outcome.violations:
            tally.failures[seed] = outcome.violations
    return tally


@contextmanager
def packed_objects() -> Iterator[None]:
    """Objects hold packed rows instead of Parquet, for speed."""
    with patch("clickstream.landing.parquet", processing_world.packed_rows):
        yield


def sweep_all(
    seeds: dict[str, range], processes: int, done: Callable[[Tally], None] = lambda _: None
) -> dict[str, Tally]:
    """Play the seeds of each campaign in several processes; `done` hears of every finished part.

    An interrupt ends the run when the parts that are being played are finished.
    """
    tallies = {campaign: Tally(campaign) for campaign in seeds}
    with pool(processes) as workers:
        waiting: list[Future[Tally]] = [
            workers.submit(sweep, campaign, chunk) for campaign, wanted in seeds.items() for chunk in chunks(wanted)
        ]
        try:
            for future in as_completed(waiting):
                tallies[future.result().campaign].add(future.result())
                done(future.result())
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    return tallies


def chunks(seeds: range) -> list[range]:
    """The seeds in parts of one job each."""
    return [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]


def pool(processes: int) -> ProcessPoolExecutor:
    """Worker processes that leave an interrupt to their parent."""
    return ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
