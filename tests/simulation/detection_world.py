"""`detect_anomalies` in the simulated stream, and the check that sessions, anomalies and alerts are right."""

import random
from collections import Counter
from collections.abc import Iterator

from clickstream.detection.alerting import Alert, is_anomaly
from clickstream.detection.detecting import COOL_DOWN, AnomalyDetector
from clickstream.detection.sessions import SessionState, restored
from clickstream.intake.kinesis import Batch, all_done, retry_from
from clickstream.intake.portions import portion
from clickstream.ports import Item, Key
from clickstream.positions import Epochs
from tests.simulation.fakes import MemoryTable
from tests.simulation.faults import FaultyTable, Gate
from tests.simulation.options import Options
from tests.simulation.records import encoded, record, zstd
from tests.simulation.stream import ARN, Stream

EVENTS_AT_ONCE = 10
"""Of a batch of many events only a part is taken."""
TYPES = ("page_view", "page_view", "click", "view_item", "purchase")
AGENTS = (None, None, None, "Mobile", "curl/8")


def payload(chance: random.Random, _name: str, keys: str) -> bytes:
    """One to three events of a few sessions, each on the shard of its key; some are bad or have no session."""
    events = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        session = chance.choice((None, *keys))
        event = encoded(session_id=session, event_type=chance.choice(TYPES), user_agent=chance.choice(AGENTS))
        events.append(event if chance.random() < 0.9 else b"{")
    return events[0] if len(events) == 1 else zstd(b"\n".join(events))


class DetectionWorld:
    """Tables, topic and stream of one schedule."""

    def __init__(self, seed: int, options: Options) -> None:
        gate = Gate()
        self.session_metrics, self.anomalies = FaultyTable(gate), FaultyTable(gate)
        self.alerts: Counter[tuple[str, str]] = Counter()
        self.stream = Stream(seed, options, payload, gate=gate, new_container=DetectorContainer(self, 0).another)

    def publish(self, alert: Alert) -> None:
        """Send an alert, which speaks of one anomaly or more."""
        named = [(item["pk"], item["sk"]) for item in alert.anomalies]
        self.stream.gate.write(lambda: self.alerts.update(named))

    def run(self) -> None:
        """The schedule, and after the cool-down one more invocation, which sends what is left."""
        self.stream.run()
        self.stream.now += 2 * COOL_DOWN
        DetectorContainer(self, 0).detector.detect(Batch(ARN, self.stream.pollers[0].shard.shard_id, (record(b"{"),)))

    def violations(self) -> list[str]:
        """Everything that is not exact, in words: all is as after one pass in order, without faults."""
        calm = UndisturbedPass(self.stream)
        return [*self._pages(calm.session_metrics), *self._rows(calm.anomalies)]

    def _pages(self, expected: MemoryTable) -> Iterator[str]:
        stored, right = _states(self.session_metrics), _states(expected)
        if stored.keys() != right.keys():
            yield f"{len(stored)} session pages instead of {len(right)}"
        if wrong := [key for key, state in stored.items() if state != right.get(key)]:
            yield f"{len(wrong)} session pages are wrong"

    def _rows(self, expected: MemoryTable) -> Iterator[str]:
        stored, right = _anomalies(self.anomalies), _anomalies(expected)
        if stored.keys() != right.keys():
            yield f"anomalies differ: {sorted(stored.keys() ^ right.keys())}"
        if wrong := [key for key, item in stored.items() if item["evidence"] != right.get(key, item)["evidence"]]:
            yield f"evidence of a later event: {wrong}"
        claims = [
            Key(key.pk, rule) for key, state in _states(self.session_metrics).items() for rule in state.broken_rules
        ]
        if claimed := set(claims) - stored.keys():
            yield f"called broken, but not stored: {sorted(claimed)}"
        if silent := [key for key in stored if not self.alerts[key]]:
            yield f"never alerted: {silent}"
        if open_items := [key for key, item in stored.items() if "pending" in item or not item["alerted"]]:
            yield f"alerts never marked: {open_items}"


class UndisturbedPass:
    """The same records in order, one at a time, parents before their children, with nothing that fails."""

    def __init__(self, stream: Stream) -> None:
        self.session_metrics, self.anomalies = MemoryTable(), MemoryTable()
        for (epoch, shard_id), records in stream.produced.items():
            detector = AnomalyDetector(
                session_metrics=self.session_metrics,
                anomalies=self.anomalies,
                publish=lambda _: None,
                epochs=Epochs(lambda _, epoch=epoch: epoch, lambda: stream.now),  # type: ignore[misc]  # a default
                now=lambda: stream.now,
            )
            for each in records:
                detector.detect(Batch(ARN, shard_id, (each,)))


def _states(table: MemoryTable) -> dict[Key, SessionState]:
    return {Key(item["pk"], item["sk"]): restored(item) for item in MemoryTable.scan(table)}


def _anomalies(table: MemoryTable) -> dict[Key, Item]:
    return {Key(item["pk"], item["sk"]): item for item in MemoryTable.scan(table) if is_anomaly(item)}


class DetectorContainer:
    """A warm container of `detect_anomalies`."""

    def __init__(self, world: DetectionWorld, version: int) -> None:
        self.version = version
        self._world = world
        self.detector = AnomalyDetector(
            session_metrics=world.session_metrics,
            anomalies=world.anomalies,
            publish=world.publish,
            epochs=Epochs(lambda arn: world.stream.epoch_of(arn), lambda: world.stream.now),
            now=lambda: world.stream.now,
        )

    def invoke(self, batch: Batch, _run_id: str) -> object:
        """The answer of the function, as `detect_anomalies.handler` gives it."""
        part = portion(batch, EVENTS_AT_ONCE)
        self.detector.detect(part.batch)
        return retry_from(part.rest) if part.rest else all_done()

    def another(self, _stream: Stream, version: int) -> "DetectorContainer":
        """A cold container of this code version."""
        return DetectorContainer(self._world, version)
