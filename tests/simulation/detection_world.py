"""`detect_anomalies` in the simulated stream, and the check that sessions, anomalies and alerts are right."""

import random
from collections import Counter
from collections.abc import Iterator

from clickstream.alerting import Alert, is_anomaly
from clickstream.anomalies import Evidence, broken_rules
from clickstream.detecting import CONSUMER, COOL_DOWN, AnomalyDetector
from clickstream.kinesis import Batch
from clickstream.ports import Key
from clickstream.positions import Epochs, Lane
from clickstream.rows import Source, read
from clickstream.sessions import SessionState, by_session, restored
from tests.simulation.faults import FaultyTable, Gate
from tests.simulation.options import Options
from tests.simulation.records import encoded, record, zstd
from tests.simulation.stream import ARN, Stream

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
        """Everything that is not exact, in words."""
        states, broken = self._expected()
        return [*self._pages(states), *self._rows(broken)]

    def _expected(self) -> tuple[dict[Key, SessionState], dict[tuple[str, str], list[Evidence]]]:
        """Every session by lane, and the first evidence of each broken rule, computed in one pass without faults."""
        states: dict[Key, SessionState] = {}
        broken: dict[tuple[str, str], list[Evidence]] = {}
        for (epoch, shard_id), records in self.stream.produced.items():
            seen = set()
            for session, activities in by_session(read(records, Source(epoch, shard_id), None).good).items():
                state = states.setdefault(Key(session, str(Lane(CONSUMER, epoch, shard_id))), SessionState())
                for activity in activities:
                    state.observe(activity)
                    for anomaly in broken_rules(session, state, activity):
                        if (session, anomaly.rule) not in seen:
                            broken.setdefault((session, anomaly.rule), []).append(anomaly.evidence)
                        seen.add((session, anomaly.rule))
        return states, broken

    def _pages(self, states: dict[Key, SessionState]) -> Iterator[str]:
        stored = {Key(item["pk"], item["sk"]): item for item in self.session_metrics.everything()}
        if stored.keys() != states.keys():
            yield f"{len(stored)} session pages instead of {len(states)}"
        if wrong := [key for key, item in stored.items() if restored(item) != states.get(key)]:
            yield f"{len(wrong)} session pages are wrong"

    def _rows(self, broken: dict[tuple[str, str], list[Evidence]]) -> Iterator[str]:
        stored = {(item["pk"], item["sk"]): item for item in self.anomalies.everything() if is_anomaly(item)}
        if stored.keys() != broken.keys():
            yield f"anomalies differ: {sorted(stored.keys() ^ broken.keys())}"
        if wrong := [key for key, item in stored.items() if item["evidence"] not in broken.get(key, [])]:
            yield f"evidence of a later event: {wrong}"
        if silent := [key for key in stored if not self.alerts[key]]:
            yield f"never alerted: {silent}"
        if open_items := [key for key, item in stored.items() if "pending" in item or not item["alerted"]]:
            yield f"alerts never marked: {open_items}"


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
        self.invoke = lambda batch, _run_id: self.detector.detect(batch)

    def another(self, _stream: Stream, version: int) -> "DetectorContainer":
        """A cold container of this code version."""
        return DetectorContainer(self._world, version)
