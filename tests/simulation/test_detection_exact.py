"""`detect_anomalies` is exact in every schedule: sessions counted once, anomalies stored once, alerts never lost.

A failing schedule names its seed; `SEED=17 pytest tests/simulation/test_detection_exact.py` replays that one alone.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from clickstream.detection.activities import Activities
from clickstream.detection.alerting import Alerts
from clickstream.detection.anomalies import Anomaly
from clickstream.detection.detecting import AnomalyDetector
from clickstream.detection.screening import take_in
from clickstream.detection.sessions import SessionState
from clickstream.errors import Conflict
from clickstream.ports import Item
from tests.simulation.detection_world import DetectionWorld
from tests.simulation.faults import FaultyTable
from tests.simulation.judging import goes_wrong
from tests.simulation.options import Options

ORDERED = Options(tries=None, has_new_streams=False, fault_rate=0.15, zombie_rate=0.05, steps=160, reshard_rate=0)
"""Batches are never given up: what a skip leaves out of a session is rebuilt from the lake, not here."""
RESHARDED = ORDERED._replace(reshard_rate=0.02)
"""Sessions go on in other lanes, whose pages refute what a lane alone would find."""
Mutate = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, Mutate] = {}


def seeds(count: int, first: int = 0) -> list[int]:
    """The seeds to run, or the one that the environment names."""
    return [int(os.environ["SEED"])] if "SEED" in os.environ else list(range(first, first + count))


def failures(wanted: list[int], options: Options = ORDERED) -> list[str]:
    """Runs the schedules; the violations of each bad one, with its seed."""
    found = []
    for seed in wanted:
        world = DetectionWorld(seed, options)
        world.run()
        if violations := world.violations():
            found.append(f"SEED={seed}: {violations}")
    return found


@pytest.fixture(autouse=True)
def low_click_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four events in a minute are already too many, so that short schedules break every rule."""
    monkeypatch.setattr("clickstream.detection.anomalies.CLICKS_PER_MINUTE", 4)


def test_every_schedule_is_exact() -> None:
    """100 schedules: pages equal one undisturbed pass, each broken rule is stored once with its first evidence."""
    assert failures(seeds(100)) == []


def test_every_schedule_with_reshards_is_exact() -> None:
    """60 schedules: the same, and a page says of no rule that it was broken unless its anomaly is stored."""
    assert failures(seeds(60), RESHARDED) == []


@pytest.mark.long
def test_every_one_of_3_000_schedules_with_reshards_is_exact() -> None:
    """3,000 other schedules."""
    assert failures(seeds(3_000, first=1_000), RESHARDED) == []


@pytest.mark.long
def test_every_one_of_10_000_schedules_is_exact() -> None:
    """10,000 other schedules."""
    assert failures(seeds(10_000, first=1_000)) == []


def test_the_schedules_contain_what_they_are_for() -> None:
    """Every rule is broken somewhere, and some alerts are repeated."""
    worlds = [DetectionWorld(seed, ORDERED) for seed in range(15)]
    for world in worlds:
        world.run()
    rules = {rule for world in worlds for _, rule in world.alerts}
    assert rules >= {"click_rate", "suspicious_agent", "checkout_without_journey"}
    assert max(max(world.alerts.values()) for world in worlds) > 1


def mutant(mutate: Mutate) -> Mutate:
    """Register a mutation under its name."""
    MUTANTS[mutate.__name__] = mutate
    return mutate


@mutant
def page_before_anomaly(patch: pytest.MonkeyPatch) -> None:
    """The page is written first: whoever dies then never stores the anomaly."""
    waiting: list[tuple[AnomalyDetector, Anomaly]] = []
    original_store, original_update = AnomalyDetector._store, AnomalyDetector._update

    def store_later(self: AnomalyDetector, anomaly: Anomaly) -> None:
        waiting.append((self, anomaly))

    def update(self: AnomalyDetector, *arguments: Any) -> list[Item]:
        mine = len(waiting)
        original_update(self, *arguments)
        todo = [anomaly for detector, anomaly in waiting[mine:] if detector is self]
        return [item for anomaly in todo if (item := original_store(self, anomaly))]

    patch.setattr(AnomalyDetector, "_store", store_later)
    patch.setattr(AnomalyDetector, "_update", update)


@mutant
def mark_before_alert(patch: pytest.MonkeyPatch) -> None:
    """The anomaly is marked as alerted first: whoever dies then never sends the alert."""
    original = Alerts._take

    def take(self: Alerts, rule: str, turn: Item | None) -> None:
        for item in self.anomalies.indexed("pending", rule):
            self._mark(item)
        original(self, rule, turn)

    patch.setattr(Alerts, "_take", take)


@mutant
def nobody_sends_what_is_pending(patch: pytest.MonkeyPatch) -> None:
    """Only the invocation that stored an anomaly sends its alert."""
    patch.setattr(FaultyTable, "indexed", lambda *_: iter(()))


@mutant
def page_without_revision(patch: pytest.MonkeyPatch) -> None:
    """A page is written whatever has happened to it since it was read."""
    patch.setattr(FaultyTable, "put_revision", lambda self, item, _read: self.put(item))


@mutant
def page_without_lsn(patch: pytest.MonkeyPatch) -> None:
    """A page takes in a record as often as it is delivered."""
    original = AnomalyDetector._update

    def update(self: AnomalyDetector, key: Any, stored: Item | None, activities: Activities) -> list[Item]:
        return original(self, key, stored | {"lsn": ""} if stored else None, activities)

    patch.setattr(AnomalyDetector, "_update", update)


@mutant
def page_conflict_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    """Somebody else has written the page: leave it at that."""
    original = FaultyTable.put_revision

    def put_revision(self: FaultyTable, item: Item, read: int | None) -> None:
        try:
            original(self, item, read)
        except Conflict:
            return

    patch.setattr(FaultyTable, "put_revision", put_revision)


@mutant
def refuted_finding_uses_its_rule_up(patch: pytest.MonkeyPatch) -> None:
    """A finding is refuted only when it is to be stored: the session's page calls its rule broken."""
    original = AnomalyDetector._store

    def unasked(session_id: str, state: SessionState, activities: Activities, _: object) -> list[Anomaly]:
        return take_in(session_id, state, activities)

    def store(self: AnomalyDetector, anomaly: Anomaly) -> Item | None:
        pages = list(self.session_metrics.query(anomaly.session_id))
        is_refuted = anomaly.rule == "checkout_without_journey" and any(page["has_journey"] for page in pages)
        return None if is_refuted else original(self, anomaly)

    patch.setattr("clickstream.detection.detecting.take_in", unasked)
    patch.setattr(AnomalyDetector, "_store", store)


def is_noticed(seed: int) -> bool:
    """Whether this schedule, with reshards or without, ends with a violation, an error, or not at all."""
    return goes_wrong(DetectionWorld(seed, (ORDERED, RESHARDED)[seed % 2]))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one of 300 schedules goes wrong without it."""
    MUTANTS[name](monkeypatch)
    assert any(is_noticed(seed) for seed in range(300))
