"""`detect_anomalies` under an event source mapping, with every step and every fault chosen by hypothesis.

The measure is the detector itself: fresh tables, no faults, each shard in one batch. However the same records were
delivered, sessions and anomalies must be those, and every anomaly must have been alerted.
"""

import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from clickstream.detection.alerting import Alert, Alerts, Sent, is_anomaly
from clickstream.detection.detecting import COOL_DOWN, AnomalyDetector
from clickstream.intake.kinesis import Batch, decode_batch
from clickstream.ports import Item, Key, Table
from clickstream.positions import Epochs
from local_aws.delivery import Policy
from local_aws.record import event_payload
from tests.simulation.fakes import MemoryTable
from tests.simulation.machines import notice, play_5_000, play_200
from tests.simulation.planned_stream import MOST_SHARDS, STREAM_ARN, PlannedStream
from tests.simulation.records import encoded, record, zstd
from tests.simulation.scripted_stores import FAULTS, Fault, Plan, PlannedTable

STEPS = 20
KINDS = ("page_view", "view_item", "purchase")
TRY = st.tuples(FAULTS, st.booleans())
"""The faults of an invocation, and whether its acknowledgement is lost."""
AGENTS = (None, "curl/8")
WRITTEN_WHEN = {"rev", "expires_at", "stored_time", "alerted", "pending"}
"""What depends on how often and when an item was written."""


class DetectionMachine(RuleBasedStateMachine):
    """Produce, invoke, split, merge, wait; calls and alerts fail as planned."""

    @initialize(shards=st.integers(1, 2), is_bisecting=st.booleans())
    def begin(self, shards: int, *, is_bisecting: bool) -> None:
        """Empty tables, and a mapping that retries without end."""
        self.plan = Plan()
        self.session_metrics, self.anomalies = PlannedTable(self.plan), PlannedTable(self.plan)
        self.stream = PlannedStream(Policy(is_bisecting=is_bisecting, is_reporting=True), shards)
        self.alerts: set[Key] = set()
        self._known: tuple[dict[Key, Item], dict[Key, Item]] | None = None

    @rule(
        which=st.integers(0, 5),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
        agent=st.sampled_from(AGENTS),
        times=st.integers(1, 4),
    )
    def produce(self, which: int, kinds: list[str], agent: str | None, times: int) -> None:
        """Records with events of one session or of none; a session stays on its shard."""
        shard_id = self.stream.open_ids[which % len(self.stream.open_ids)]
        session = f"{shard_id}-{which % 2}" if which < 5 else None
        events = [encoded(event_type=kind, session_id=session, user_agent=agent) for kind in kinds]
        self._known = None
        for _ in range(times):
            self.stream.produce(shard_id, events[0] if len(events) == 1 else zstd(b"\n".join([*events, b"{"])))

    @precondition(lambda self: self.stream.readable())
    @rule(which=st.integers(0, 5), size=st.integers(1, 6), tries=st.lists(TRY, min_size=1, max_size=4))
    def invoke(self, which: int, size: int, tries: list[tuple[list[Fault], bool]]) -> None:
        """Some invocations of one shard, with faults in their first calls."""
        shard_ids = self.stream.readable()
        shard_id = shard_ids[which % len(shard_ids)]
        for faults, is_ack_lost in tries:
            if shard_id in self.stream.readable():
                with self.plan.follow(faults):
                    self.stream.invoke(shard_id, size, self._detector().detect, is_ack_lost=is_ack_lost)

    @precondition(lambda self: self.plan.delayed)
    @rule(which=st.integers(0, 5))
    def arrive(self, which: int) -> None:
        """A write of an invocation that is long gone arrives."""
        self.plan.arrive(which)

    @precondition(lambda self: len(self.stream.shards) < MOST_SHARDS)
    @rule(which=st.integers(0, 5))
    def reshard(self, which: int) -> None:
        """A shard is split."""
        self.stream.split(self.stream.open_ids[which % len(self.stream.open_ids)])

    @precondition(lambda self: len(self.stream.shards) > 1)
    @rule()
    def replace_mapping(self) -> None:
        """Everything is delivered once more, from the oldest record on."""
        self.stream.replace_mapping()

    @rule(seconds=st.sampled_from([1, 59, 600]))
    def wait(self, seconds: int) -> None:
        """The next record arrives later, and alerts become overdue."""
        self.stream.pass_time(seconds)

    @invariant()
    def what_is_marked_was_sent(self) -> None:
        """No anomaly counts as alerted before its alert went out."""
        for item in _anomalies(self.anomalies.stored):
            assert item["alerted"] != ("pending" in item)
            assert not item["alerted"] or Key(item["pk"], item["sk"]) in self.alerts, "marked and never sent"

    @invariant()
    def what_is_stored_is_part_of_the_truth(self) -> None:
        """No anomaly that the records do not hold, and no session that is ahead of them."""
        if self._known is None:
            self._known = self._truth()
        sessions, anomalies = self._known
        assert _content(self.anomalies.stored).items() <= anomalies.items()
        for key, item in _content(self.session_metrics.stored).items():
            assert item["events"] <= sessions[key]["events"]

    def teardown(self) -> None:
        """All faults end; then sessions and anomalies are those of an undisturbed run, and everyone was told."""
        self.stream.drain(self._detector().detect)
        while self.plan.delayed:
            self.plan.arrive(0)
        self.stream.drain(self._detector().detect)
        self.stream.now += 2 * COOL_DOWN
        self._detector().detect(Batch(STREAM_ARN, "shardId-quiet", (record(b"{"),)))
        stored = _content(self.session_metrics.stored), _content(self.anomalies.stored)
        assert stored == self._truth()
        assert self.alerts == stored[1].keys()
        assert not any("pending" in item for item in _anomalies(self.anomalies.stored)), "alerts never marked"

    def _publish(self, alert: Alert) -> None:
        keys = {Key(item["pk"], item["sk"]) for item in alert.anomalies}
        self.plan.write(lambda: self.alerts.update(keys))

    def _detector(self) -> AnomalyDetector:
        return self._detector_of(self.session_metrics, self.anomalies, self._publish)

    def _detector_of(
        self, session_metrics: Table, anomalies: Table, publish: Callable[[Alert], None]
    ) -> AnomalyDetector:
        now = self.stream.now
        return AnomalyDetector(session_metrics, anomalies, publish, Epochs(lambda _: "1", lambda: now), lambda: now)

    def _truth(self) -> tuple[dict[Key, Item], dict[Key, Item]]:
        """Sessions and anomalies of an undisturbed run over the same records."""
        sessions, anomalies = MemoryTable(), MemoryTable()
        detector = self._detector_of(sessions, anomalies, lambda _: None)
        for state in self.stream.shards.values():
            if state.records:
                detector.detect(decode_batch(json.loads(event_payload(state.records))))
        return _content(sessions), _content(anomalies)


def _anomalies(table: MemoryTable) -> list[Item]:
    return [item for item in table.scan() if is_anomaly(item)]


def _content(table: MemoryTable) -> dict[Key, Item]:
    """The items without what depends on when they were written."""
    return {
        Key(item["pk"], item["sk"]): {name: value for name, value in item.items() if name not in WRITTEN_WHEN}
        for item in _anomalies(table)
    }


def test_200_machines_detect_as_if_undisturbed() -> None:
    """Whatever hypothesis does to the stream, sessions, anomalies and alerts are those of a run without faults."""
    play_200(DetectionMachine, STEPS)


@pytest.mark.long
def test_5_000_machines_detect_as_if_undisturbed() -> None:
    """The same, 5,000 other times in each run."""
    play_5_000(DetectionMachine, STEPS)


def pages_forget_what_they_saw(patch: pytest.MonkeyPatch) -> None:
    """Records that a session page has taken in are taken in again."""
    original = PlannedTable.get_many

    def get_many(self: PlannedTable, keys: Iterable[Key]) -> dict[Key, Item]:
        return {key: item | {"lsn": ""} for key, item in original(self, keys).items()}

    patch.setattr(PlannedTable, "get_many", get_many)


def rows_are_marked_first(patch: pytest.MonkeyPatch) -> None:
    """An anomaly is taken off the list before its alert goes out."""
    original = Alerts._send

    def send(self: Alerts, name: str, turn: Item | None, found: list[Item]) -> tuple[Sent, list[Item]]:
        for item in self._waiting(name, found):
            self._mark(item)
        return original(self, name, turn, found)

    patch.setattr(Alerts, "_send", send)


@pytest.mark.parametrize("mutate", [pages_forget_what_they_saw, rows_are_marked_first])
def test_the_machines_are_not_blind(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A safety rule that is taken away is noticed."""
    mutate(monkeypatch)
    notice(DetectionMachine, STEPS)
