"""What detection does when alerts fail, and when a session goes on in another lane."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clickstream.detection.alerting import Alert, is_anomaly
from clickstream.detection.detecting import COOL_DOWN, AnomalyDetector, Detection
from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch
from clickstream.positions import Epochs
from tests.simulation.fakes import MemoryTable
from tests.simulation.records import encoded, record

BOT = {"event_type": "page_view", "session_id": "s", "user_agent": "curl/8.0"}
CHECKOUT = {"event_type": "begin_checkout", "session_id": "s"}


class World:
    """A detector over empty tables, with a clock and a topic that can be out of order."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.is_topic_down = False
        self.alerts: list[Alert] = []
        self.anomalies = MemoryTable()
        epochs = Epochs(lambda _: "1", lambda: self.now)
        self.detector = AnomalyDetector(MemoryTable(), self.anomalies, self.publish, epochs, lambda: self.now)
        self._number = 0

    def publish(self, alert: Alert) -> None:
        """Take an alert, unless the topic is down."""
        if self.is_topic_down:
            raise InfrastructureError("the topic does not exist")
        self.alerts.append(alert)

    def detect(self, event: dict[str, Any], shard_id: str = "shardId-0") -> Detection:
        """One batch of one event."""
        self._number += 1
        return self.detector.detect(Batch("arn", shard_id, (record(encoded(**event), self._number),)))


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World()


def test_a_failing_alert_does_not_hold_up_the_stream(world: World) -> None:
    """The batch is done, the failure is counted, and the alert goes out once the topic is back."""
    world.is_topic_down = True
    assert world.detect(BOT) == Detection(
        sessions=1, anomalies=1, alerts=0, alerts_failed=1, alerts_held=0, problem="the topic does not exist"
    )
    world.is_topic_down = False
    world.now += COOL_DOWN
    assert world.detect(BOT | {"session_id": "other"}).alerts == 1
    [alert] = world.alerts
    assert sorted(item["pk"] for item in alert.anomalies) == ["other", "s"]
    assert not any("pending" in item for item in world.anomalies.scan())


def test_a_checkout_after_a_reshard_is_no_anomaly(world: World) -> None:
    """The journey may have been seen in another lane of the same session."""
    world.detect({"event_type": "view_item", "session_id": "s"}, shard_id="shardId-0")
    assert world.detect(CHECKOUT, shard_id="shardId-1").anomalies == 0
    assert world.detect(CHECKOUT | {"session_id": "alone"}, shard_id="shardId-1").anomalies == 1


def test_orders_after_a_reshard_are_no_anomaly(world: World) -> None:
    """The cart, or the beginning of the visit, may have been seen in another lane of the same session."""
    world.detect({"event_type": "add_to_cart", "session_id": "s"}, shard_id="shardId-0")
    for number in range(3):
        world.detect({"event_type": "view_item", "session_id": "s"}, shard_id="shardId-1")
        order = {"event_type": "purchase", "session_id": "s", "order_id": number, "event_id": number}
        assert world.detect(order, shard_id="shardId-1").anomalies == 0


def test_a_refuted_finding_does_not_use_its_rule_up(world: World) -> None:
    """Orders without a cart in this lane mean nothing, for the cart is in another; an order of many prices does."""
    world.detect({"event_type": "add_to_cart", "session_id": "s"}, shard_id="shardId-0")
    order = {"event_type": "purchase", "session_id": "s"}
    for number in range(3):
        world.detect({"event_type": "view_item", "session_id": "s"}, shard_id="shardId-1")
        event = order | {"order_id": str(number), "event_id": f"a{number}", "revenue": 1}
        assert world.detect(event, shard_id="shardId-1").anomalies == 0
    found = [
        world.detect(
            order | {"order_id": "0", "event_id": f"b{price}", "revenue": price}, shard_id="shardId-1"
        ).anomalies
        for price in (2, 3, 4)
    ]
    assert found == [0, 1, 0]
    [anomaly] = filter(is_anomaly, world.anomalies.scan())
    assert (anomaly["sk"], anomaly["evidence"]["reason"]) == ("impossible_sequence", "order_changes_its_amount")


def test_a_rule_is_stored_once_per_session(world: World) -> None:
    """The second event of the same bot stores and sends nothing."""
    assert world.detect(BOT).alerts == 1
    assert world.detect(BOT) == Detection(sessions=1, anomalies=0, alerts=0, alerts_failed=0, alerts_held=0)


def test_every_anomaly_of_a_burst_is_stored_and_one_alert_sent(world: World) -> None:
    """Two hundred bots in a row are two hundred rows, one message at once, and one with the rest."""
    held = [world.detect(BOT | {"session_id": f"s{n}"}).alerts_held for n in range(200)]
    assert held == [0] + [1] * 199
    assert sum(map(is_anomaly, world.anomalies.scan())) == 200
    world.now += COOL_DOWN
    world.detect({"event_type": "page_view", "session_id": "person"})
    assert [len(alert.anomalies) for alert in world.alerts] == [1, 199]
