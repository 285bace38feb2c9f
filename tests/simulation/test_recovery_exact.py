"""Recovery is exact in every schedule: whatever was given up or refused comes back once, whoever interferes."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from clickstream.errors import ClickstreamError, Conflict, InfrastructureError
from clickstream.intake.kinesis import Record
from clickstream.intake.portions import portions
from clickstream.ledger import Commit, Ledger
from clickstream.positions import Lane
from clickstream.stream.failures import read_failure
from clickstream.stream.processing import EventProcessor
from clickstream.stream.recovering import Recoverer, Recovery
from clickstream.stream.reparsing import Reparser
from tests.simulation import recovery_parts
from tests.simulation.recovery_world import RecoveryWorld

CAMPAIGNS = {"usual": (0.1, 2), "storm": (0.3, 2), "calm": (0.02, 1)}
"""Fault rate of a store call, and tries before a batch is given up."""


@pytest.fixture(autouse=True)
def packed_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects hold packed rows instead of Parquet, for speed, and given-up batches are recovered in portions."""
    monkeypatch.setattr("clickstream.stream.recovering.portions", partial(portions, max_events=3))
    monkeypatch.setattr("clickstream.intake.landing.parquet", recovery_parts.packed)
    monkeypatch.setattr("clickstream.intake.archive.unpacked", recovery_parts.unpacked)


def failures(name: str, count: int, first: int = 0) -> list[str]:
    """Runs schedules, or the one that the environment names; the violations of each bad one, with its seed."""
    found = []
    for seed in [int(os.environ["SEED"])] if "SEED" in os.environ else range(first, first + count):
        world = RecoveryWorld(seed, *CAMPAIGNS[name])
        world.run()
        if violations := world.violations():
            found.append(f"SEED={seed}: {violations}")
    return found


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_everything_comes_back_once(name: str) -> None:
    """In 100 schedules of each campaign every record and every event that the fixed code accepts is there once."""
    assert failures(name, 100) == []


@pytest.mark.long
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_everything_comes_back_once_in_thousands_of_schedules(name: str) -> None:
    """The same in 2,000 other schedules of each campaign."""
    assert failures(name, 2_000, first=1_000) == []


def test_the_schedules_contain_what_they_are_for() -> None:
    """Fill lanes, reparse lanes, bad events that stay bad and given-up batches occur, or they prove nothing."""
    worlds = [RecoveryWorld(seed) for seed in range(20)]
    for world in worlds:
        world.run()
    commits = [commit for world in worlds for commit in world.commits()]
    assert sum(commit.lane == commit.lane.main.fill for commit in commits) > 10
    assert sum(commit.recovered for commit in commits) > 100
    assert sum(commit.bad for commit in commits) > 100
    assert sum(world.given_up for world in worlds) > 100


def object_goes_whatever_happened(patch: pytest.MonkeyPatch) -> None:
    """Remove the object of a batch although a service failed."""

    def recover(self: Recoverer, key: str, run_id: str) -> Recovery:
        failed = read_failure(self.failures, key)
        try:
            if failed.function == self.function:
                self.processor.process(failed.batch, run_id)
        except InfrastructureError:
            pass
        self.failures.delete(key)
        return Recovery(key, "recovered")

    patch.setattr(Recoverer, "recover", recover)


def batch_is_taken_for_new(patch: pytest.MonkeyPatch) -> None:
    """Commit all of a given-up batch in the fill lane, whatever commits cover already."""
    patch.setattr(Ledger, "covering", lambda *_: [])


def recovery_leaves_out_the_fill_lane(patch: pytest.MonkeyPatch) -> None:
    """Take everything at or below the head for done, and the object away."""
    patch.setattr(EventProcessor, "_fill", lambda *_: True)
    patch.setattr("clickstream.stream.recovering.uncovered", _nothing)


def _nothing(_ledger: Ledger, _lane: Lane, _records: object) -> list[Record]:
    return []


def bad_events_are_taken_back_again(patch: pytest.MonkeyPatch) -> None:
    """Know the newest commit of the reparse lane, but not what its commits took back."""
    original = Reparser._chain

    def chain(self: Reparser, lane: Lane) -> Any:
        known = original(self, lane)
        known.taken.clear()
        return known

    patch.setattr(Reparser, "_chain", chain)


def reparse_conflict_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    """Somebody else has taken the place in the reparse lane: take that for our own commit."""

    def appended(ledger: Ledger, commit: Commit) -> bool:
        ledger.register(commit.lane)
        with suppress(Conflict):
            ledger.append(commit)
        return True

    patch.setattr("clickstream.stream.reparsing.appended", appended)


def reparse_head_is_not_applied(patch: pytest.MonkeyPatch) -> None:
    """Take more bad events back although nobody has applied the commit before."""
    original = Ledger.head
    patch.setattr(Ledger, "head", lambda self, lane: None if lane == lane.main.reparse else original(self, lane))


MUTANTS: list[Callable[[pytest.MonkeyPatch], None]] = [
    object_goes_whatever_happened,
    batch_is_taken_for_new,
    recovery_leaves_out_the_fill_lane,
    bad_events_are_taken_back_again,
    reparse_conflict_counts_as_done,
    reparse_head_is_not_applied,
]


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_a_missing_rule_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each safety rule of recovery, taken away, makes at least one of 200 schedules go wrong."""
    mutate(monkeypatch)
    assert any(goes_wrong(RecoveryWorld(seed, 0.05, steps=300)) for seed in range(200))


def goes_wrong(world: RecoveryWorld) -> bool:
    """Whether the schedule ends with a violation or an error."""
    try:
        world.run()
    except ClickstreamError:
        return True
    return bool(world.violations())
