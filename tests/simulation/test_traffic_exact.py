"""`detect_traffic_anomalies` is exact in every schedule: each minute taken in once and in order, no alert lost.

A failing schedule names its seed; `SEED=17 pytest tests/simulation/test_traffic_exact.py` replays that one alone.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from clickstream.detection.anomaly_rows import marked
from clickstream.detection.traffic_alerting import TrafficAlert, TrafficAlerts
from clickstream.detection.traffic_rules import TrafficAnomaly, Watch
from clickstream.detection.watching import CURSOR, PARTITION, SETTLED, TrafficDetector
from clickstream.ports import Item
from tests.simulation.actors import Actor, draw_fate
from tests.simulation.fakes import MemoryTable
from tests.simulation.faults import FaultyTable, Gate

START = datetime(2026, 11, 20, 23, 10, tzinfo=UTC)
MINUTES = 100
FAULT_RATE = 0.12
Mutate = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, Mutate] = {}


class World:
    """Counters of two hours around midnight, and detectors that come too often, too late, at once, and die."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  a seeded draw, no secret
        self.gate = Gate()
        self.counters = MemoryTable()
        self.states, self.anomalies = FaultyTable(self.gate, "states"), FaultyTable(self.gate, "anomalies")
        self.alerts: Counter[str] = Counter()
        self.now = START + SETTLED
        self.running: list[Actor] = []

    def detector(self) -> TrafficDetector:
        """A container."""
        return TrafficDetector(self.counters, self.states, self.anomalies, self._publish, lambda: self.now)

    def run(self) -> None:
        """The schedule; then undisturbed runs until nothing is left to do."""
        for minute in range(MINUTES):
            self._count(START + timedelta(minutes=minute))
            self.now += timedelta(minutes=1)
            self.running += [
                Actor(lambda: self.detector().detect()) for _ in range(self.chance.choice((0, 1, 1, 1, 2)))
            ]
            for _ in range(self.chance.randrange(30)):
                self._step()
        while self.running:
            self._step()
        while self.gate.late:
            self.gate.land(self.chance)
        for _ in range(3):
            self.now += timedelta(minutes=5)
            self.detector().detect()

    def violations(self) -> Iterator[str]:
        """Everything that is not exact, in words."""
        anomalies, states = MemoryTable(), MemoryTable()
        TrafficDetector(self.counters, states, anomalies, lambda _item: None, lambda: self.now).detect()
        if _states(states.query(PARTITION)) != _states(self.states.everything()):
            yield "states differ from those of one undisturbed pass"
        rows = {item["pk"] + item["sk"]: item for item in self.anomalies.everything()}
        if rows.keys() != {item["pk"] + item["sk"] for item in anomalies.scan()}:
            yield "anomalies differ from those of one undisturbed pass"
        if silent := [name for name in rows if not self.alerts[name]]:
            yield f"never alerted: {silent}"
        if waiting := [name for name, item in rows.items() if "pending" in item or not item["alerted"]]:
            yield f"never marked: {waiting}"

    def _step(self) -> None:
        """Something happens: an invocation goes on by one call, or a late request lands."""
        if self.gate.late and self.chance.random() < 0.05:
            self.gate.land(self.chance)
        if self.running:
            actor = self.chance.choice(self.running)
            self.gate.advance(actor, draw_fate(self.chance, FAULT_RATE))
            self.running = [actor for actor in self.running if not actor.is_done]

    def _count(self, minute: datetime) -> None:
        """One or two lanes count the minute; now and then nothing comes at all, or far too much."""
        if self.chance.random() < 0.1:
            return
        for lane in self.chance.choice((("a",), ("a", "b"))):
            types = {"page_view": self.chance.choice((20, 25, 30, 3000)), "purchase": self.chance.choice((0, 1, 2))}
            page: Item = {"pk": f"{minute:%Y-%m-%d}", "sk": f"{minute:%H:%M}#{lane}"}
            self.counters.put(page | {"events": sum(types.values()), "event_types": types})

    def _publish(self, alert: TrafficAlert) -> None:
        names = [item["pk"] + item["sk"] for item in alert.anomalies]
        self.gate.write(lambda: self.alerts.update(names))


def _states(items: Iterable[Item]) -> dict[str, Watch]:
    """State by series, without the cursor."""
    return {item["sk"]: msgspec.msgpack.decode(item["state"], type=Watch) for item in items if item["sk"] != CURSOR}


@pytest.fixture(autouse=True)
def hasty_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes are enough to learn from, two messages for a summary: so short schedules hold both."""
    monkeypatch.setattr("clickstream.detection.traffic.LEARNING_POINTS", 10)
    monkeypatch.setattr("clickstream.detection.traffic.LEARNING_S", 0)
    monkeypatch.setattr("clickstream.detection.traffic.REST", 2)
    monkeypatch.setattr("clickstream.detection.traffic_alerting.MOST_SINGLE", 2)


def failures(seeds: range) -> list[str]:
    """Runs the schedules, or the one that the environment names; the violations of each bad one."""
    found = []
    for seed in [int(os.environ["SEED"])] if "SEED" in os.environ else seeds:
        world = World(seed)
        world.run()
        found += [f"SEED={seed}: {violation}" for violation in world.violations()]
    return found


def test_every_schedule_is_exact() -> None:
    """60 schedules: states and anomalies equal those of one undisturbed pass, each anomaly is alerted and marked."""
    assert failures(range(60)) == []


@pytest.mark.long
def test_every_one_of_1_500_schedules_is_exact() -> None:
    """1,500 other schedules."""
    assert failures(range(1_000, 2_500)) == []


def test_the_schedules_contain_what_they_are_for() -> None:
    """Both days are read, series and rules differ, and some alerts are repeated."""
    worlds = [World(seed) for seed in range(10)]
    for world in worlds:
        world.run()
    rows = [item for world in worlds for item in world.anomalies.everything()]
    assert {item["detected_time"][:10] for item in rows} == {"2026-11-20", "2026-11-21"}
    assert {item["evidence"]["rule"] for item in rows} >= {"traffic_surge", "traffic_drop"}
    assert {item["pk"] for item in rows} >= {"traffic#total", "traffic#type:purchase"}
    assert max(max(world.alerts.values()) for world in worlds) > 1


def mutant(mutate: Mutate) -> Mutate:
    """Register a mutation under its name."""
    MUTANTS[mutate.__name__] = mutate
    return mutate


@mutant
def state_without_revision(patch: pytest.MonkeyPatch) -> None:
    """A state is written whatever has happened to it since it was read."""
    patch.setattr(FaultyTable, "put_revision", lambda self, item, _read: self.put(item))


@mutant
def state_before_anomaly(patch: pytest.MonkeyPatch) -> None:
    """The state is written first: whoever dies then never stores the anomaly."""
    store = TrafficDetector._store
    put_revision = FaultyTable.put_revision
    waiting: list[tuple[TrafficDetector, TrafficAnomaly]] = []

    def put_then_store(self: FaultyTable, item: Item, read: int | None) -> None:
        mine = [pair for pair in waiting if pair[1].series == item["sk"]]
        put_revision(self, item, read)
        for detector, anomaly in mine:
            waiting.remove((detector, anomaly))
            store(detector, anomaly)

    patch.setattr(TrafficDetector, "_store", lambda self, anomaly: waiting.append((self, anomaly)))
    patch.setattr(FaultyTable, "put_revision", put_then_store)


@mutant
def nobody_sends_what_is_overdue(patch: pytest.MonkeyPatch) -> None:
    """Only the run that stored an anomaly sends its alert."""
    patch.setattr(FaultyTable, "indexed", lambda *_: iter(()))


@mutant
def mark_before_alert(patch: pytest.MonkeyPatch) -> None:
    """The anomaly is marked first: whoever dies then never sends the alert."""
    published = TrafficAlerts._published

    def marked_and_published(self: TrafficAlerts, alert: TrafficAlert) -> str:
        for item in alert.anomalies:
            marked(self.anomalies, item)
        return published(self, alert)

    patch.setattr(TrafficAlerts, "_published", marked_and_published)


@mutant
def what_failed_counts_as_told(patch: pytest.MonkeyPatch) -> None:
    """Anomalies are marked although their message was not taken."""
    published = TrafficAlerts._published

    def forgiving(self: TrafficAlerts, alert: TrafficAlert) -> str:
        published(self, alert)
        return ""

    patch.setattr(TrafficAlerts, "_published", forgiving)


@mutant
def cursor_before_series(patch: pytest.MonkeyPatch) -> None:
    """The cursor moves first: whoever dies then leaves minutes to nobody."""
    window = TrafficDetector._window

    def advanced(self: TrafficDetector, cursor: Item | None) -> object:
        found = window(self, cursor)
        self._advance(cursor, found)
        return found

    patch.setattr(TrafficDetector, "_window", advanced)


@mutant
def settled_at_once(patch: pytest.MonkeyPatch) -> None:
    """A minute is taken in while it is still being counted: what comes later is never seen."""
    patch.setattr("clickstream.detection.watching.SETTLED", -timedelta(minutes=2))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one of 200 schedules goes wrong without it."""
    MUTANTS[name](monkeypatch)

    def is_noticed(seed: int) -> bool:
        world = World(seed)
        world.run()
        return any(world.violations())

    assert any(is_noticed(seed) for seed in range(200))
