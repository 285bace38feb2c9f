"""Campaigns: many schedules of one kind, played in several processes, with what they contained and what went wrong."""

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from types import MappingProxyType
from typing import Literal, NamedTuple
from unittest.mock import patch

from tests.simulation import processing_world
from tests.simulation.detection_world import DetectionWorld
from tests.simulation.features import contents
from tests.simulation.lake_world import ERASING, EVERYTHING, RESTORING, LakeOptions, LakeWorld
from tests.simulation.options import Options
from tests.simulation.processing_world import World

CHUNK, LAKE_CHUNK = 50, 4
"""Schedules per job, of the stream and of the lake: about a second, after which an interrupted run may end."""
MONTHS = timedelta(days=180)
SESSIONS = Options(tries=None, has_new_streams=False, fault_rate=0.15, zombie_rate=0.05, reshard_rate=0)
"""Batches are never given up: what a skip leaves out of a session is rebuilt from the lake, not here."""


class Campaign(NamedTuple):
    """Schedules of one kind. `share` is its part of a mixed run, `kind` says what is simulated and on which stores."""

    options: Options | LakeOptions
    share: int = 10
    kind: Literal["processing", "detection", "boto3", "lake"] = "processing"


CAMPAIGNS = {
    "given up and brought back": Campaign(Options(fault_rate=0.2, tries=2)),
    "never given up": Campaign(Options(fault_rate=0.2, tries=None)),
    "storm": Campaign(Options(fault_rate=0.35, zombie_rate=0.06, steps=160)),
    "zombies": Campaign(Options(zombie_rate=0.15, has_new_streams=False)),
    "resharding": Campaign(Options(reshard_rate=0.04, has_new_streams=False)),
    "outages": Campaign(Options(outage_rate=0.01, tries=None)),
    "expiring pages": Campaign(Options(tries=2, fault_rate=0.2, pause_rate=0.02, retention=2 * MONTHS, max_age=MONTHS)),
    "restored tables": Campaign(Options(disaster_rate=0.04, has_new_streams=False)),
    "calm": Campaign(Options(fault_rate=0.02, zombie_rate=0.0, steps=80)),
    "fat": Campaign(Options(fault_rate=0.15, steps=600, reshard_rate=0.01), share=1),
    "sessions": Campaign(SESSIONS, kind="detection"),
    "sessions, resharding": Campaign(SESSIONS._replace(reshard_rate=0.02), kind="detection"),
    "real boto3": Campaign(Options(steps=90, fault_rate=0.4, tries=3, reshard_rate=0.01), share=1, kind="boto3"),
}
LAKE_CAMPAIGNS = {
    "rivals": Campaign(LakeOptions(), kind="lake"),
    "dying compactors": Campaign(LakeOptions(fault_rate=0.03), kind="lake"),
    "erasure": Campaign(LakeOptions(ERASING), kind="lake"),
    "dying erasure": Campaign(LakeOptions(ERASING, fault_rate=0.02), kind="lake"),
    "rollback and replay": Campaign(LakeOptions(RESTORING), kind="lake"),
    "dying rollback and replay": Campaign(LakeOptions(RESTORING, fault_rate=0.02), kind="lake"),
    "all jobs of the lake": Campaign(LakeOptions(EVERYTHING, fault_rate=0.01, steps=90), kind="lake"),
}
ALL_CAMPAIGNS = CAMPAIGNS | LAKE_CAMPAIGNS


class Outcome(NamedTuple):
    """One schedule: what was in it, and what was wrong."""

    contained: Counter[str]
    violations: list[str]
    story: list[str]


@dataclass
class Tally:
    """Some schedules of one campaign, summed up."""

    name: str
    schedules: int = 0
    contained: Counter[str] = field(default_factory=Counter)
    failures: dict[int, list[str]] = field(default_factory=dict)
    """Violations by seed."""

    def add(self, other: "Tally") -> None:
        """Take the other's schedules in."""
        self.schedules += other.schedules
        self.contained.update(other.contained)
        self.failures |= other.failures


def play(name: str, seed: int, with_story: bool = False) -> Outcome:
    """One schedule, alone."""
    with packed_objects(), world_of(ALL_CAMPAIGNS[name], seed) as world:
        if with_story:
            teller = world if isinstance(world, LakeWorld) else world.stream
            teller.story, teller.gate.tell = [], teller.tell
        try:
            world.run()
            violations = world.violations()
        except Exception as error:  # noqa: BLE001  any defect is a finding, and its seed must be told
            violations = [f"{type(error).__name__}: {error}"]
        return Outcome(contents(world), violations, story_of(world))


def story_of(world: World | DetectionWorld | LakeWorld) -> list[str]:
    """What was told, if anybody listened."""
    return (world if isinstance(world, LakeWorld) else world.stream).story or []


@contextmanager
def world_of(campaign: Campaign, seed: int) -> Iterator[World | DetectionWorld | LakeWorld]:
    """The schedule's world, while its services last."""
    if isinstance(campaign.options, LakeOptions):
        yield LakeWorld(seed, campaign.options)
    elif campaign.kind == "detection":
        yield DetectionWorld(seed, campaign.options)
    elif campaign.kind == "processing":
        yield World(seed, campaign.options)
    else:
        # Imported only here: moto takes longer to load than many schedules to run.
        from tests.simulation.moto_stores import on_moto, services

        with services():
            yield World(seed, campaign.options, on_moto(seed))


def sweep(name: str, seeds: Iterable[int]) -> Tally:
    """Play these schedules one after the other."""
    tally = Tally(name)
    for seed in seeds:
        outcome = play(name, seed)
        tally.schedules += 1
        tally.contained.update(outcome.contained)
        if outcome.violations:
            tally.failures[seed] = outcome.violations
    return tally


@contextmanager
def packed_objects() -> Iterator[None]:
    """Objects hold packed rows instead of Parquet, for speed."""
    with patch("clickstream.intake.landing.parquet", processing_world.packed_rows):
        yield


def sweep_all(
    seeds: dict[str, range], processes: int, done: Callable[[Tally], None] = lambda _: None
) -> dict[str, Tally]:
    """Play the seeds of each campaign in several processes; `done` hears of every finished part.

    An interrupt ends the run when the parts that are being played are finished.
    """
    tallies = {name: Tally(name) for name in seeds}
    with pool(processes) as workers:
        waiting: list[Future[Tally]] = [
            workers.submit(sweep, name, chunk)
            for name, wanted in seeds.items()
            for chunk in chunks(wanted, name in LAKE_CAMPAIGNS)
        ]
        try:
            for future in as_completed(waiting):
                tallies[future.result().name].add(future.result())
                done(future.result())
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    return tallies


def shared_out(
    schedules: int, first: int = 0, campaigns: Mapping[str, Campaign] = MappingProxyType(CAMPAIGNS)
) -> dict[str, range]:
    """This many seeds, from `first` on, dealt out to the campaigns by their shares."""
    shares = sum(campaign.share for campaign in campaigns.values())
    return {
        name: range(first, first + max(1, round(schedules * campaign.share / shares)))
        for name, campaign in campaigns.items()
    }


def chunks(seeds: range, is_of_lake: bool = False) -> list[range]:
    """The seeds in parts of one job each."""
    size = LAKE_CHUNK if is_of_lake else CHUNK
    return [seeds[at : at + size] for at in range(0, len(seeds), size)]


def pool(processes: int) -> ProcessPoolExecutor:
    """Worker processes that leave an interrupt to their parent."""
    return ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
