"""Alerts: one message per rule and cool-down, whoever sends, and no anomaly that nobody was told of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream.detection.alerting import Alert, Alerts, Sent, is_anomaly
from clickstream.errors import InfrastructureError
from clickstream.ports import Item, Key
from tests.simulation.fakes import MemoryTable

COOL_DOWN = timedelta(minutes=5)


class Topic:
    """A table of anomalies, a clock, and a topic that can fail."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.table = MemoryTable()
        self.messages: list[Item] = []
        self.is_down = False

    def publish(self, alert: Alert) -> None:
        """Take a message, or fail."""
        if self.is_down:
            raise InfrastructureError("the topic does not answer")
        self.messages.append(alert.message())

    def sender(self, table: MemoryTable | None = None) -> Alerts:
        """A sender of this moment."""
        return Alerts(table or self.table, self.publish, lambda: self.now, ("bots", "floods"), COOL_DOWN)

    def store(self, session_id: str, rule: str = "bots", **fields: Any) -> Item:
        """An anomaly that nobody was told of."""
        time = self.now.isoformat()
        item: Item = {"pk": session_id, "sk": rule, "severity": "low", "detected_time": time, "evidence": {"events": 3}}
        item |= {"alerted": False, "pending": rule} | fields
        self.table.put(item)
        return item

    def pending(self) -> list[str]:
        """The sessions that nobody was told of."""
        return sorted(item["pk"] for item in self.table.scan() if "pending" in item)


@pytest.fixture
def topic() -> Topic:
    """An empty table and a topic that works."""
    return Topic()


def test_a_message_sums_up_its_anomalies(topic: Topic) -> None:
    """How many, the worst severity, first and last time, the newest evidence; no session is named."""
    found = [topic.store("s1")]
    topic.now += timedelta(seconds=30)
    found.append(topic.store("s2", severity="high", evidence={"events": 9}))
    assert topic.sender().send(found) == Sent(messages=1)
    assert topic.messages == [
        {
            "rule": "bots",
            "severity": "high",
            "sessions": 2,
            "first_detected_time": "2026-03-01T12:00:00+00:00",
            "last_detected_time": "2026-03-01T12:00:30+00:00",
            "evidence": {"events": 9},
        }
    ]
    assert topic.pending() == []


def test_a_storm_is_one_message_at_once_and_one_later(topic: Topic) -> None:
    """A thousand anomalies in a hundred batches make two messages, which count all of them."""
    results = [topic.sender().send([topic.store(f"s{batch}-{n}") for n in range(10)]) for batch in range(100)]
    assert results == [Sent(messages=1)] + [Sent(held=10)] * 99
    assert len(topic.pending()) == 990
    topic.now += COOL_DOWN
    assert topic.sender().send([]) == Sent(messages=1)
    assert [message["sessions"] for message in topic.messages] == [10, 990]
    assert topic.pending() == []


def test_rules_cool_down_apart(topic: Topic) -> None:
    """A storm of one rule does not silence another."""
    topic.sender().send([topic.store("s1")])
    assert topic.sender().send([topic.store("s2"), topic.store("s2", "floods")]) == Sent(messages=1, held=1)
    assert [message["rule"] for message in topic.messages] == ["bots", "floods"]


def test_what_a_dead_sender_left_is_found_within_a_cool_down(topic: Topic) -> None:
    """A row whose writer died is part of the next message, also when nothing new is found."""
    topic.sender().send([])
    topic.store("left")
    assert topic.sender().send([]) == Sent()
    topic.now += COOL_DOWN
    assert topic.sender().send([]) == Sent(messages=1)
    assert topic.pending() == []


def test_looking_in_vain_costs_no_cool_down(topic: Topic) -> None:
    """A first anomaly is told at once, also right after somebody looked and found nothing."""
    topic.sender().send([])
    assert topic.sender().send([topic.store("s1")]) == Sent(messages=1)


def test_a_topic_that_fails_is_tried_again(topic: Topic) -> None:
    """What could not be sent is counted as failed and stays pending until a message has counted it."""
    topic.is_down = True
    assert topic.sender().send([topic.store("s1"), topic.store("s2")]) == Sent(
        failed=2, problem="the topic does not answer"
    )
    topic.is_down = False
    topic.now += COOL_DOWN
    assert topic.sender().send([]) == Sent(messages=1)
    assert topic.messages[0]["sessions"] == 2


class Overtaken(MemoryTable):
    """A table whose every read of many items is followed by somebody else's alert."""

    def __init__(self, topic: Topic) -> None:
        super().__init__()
        self._topic = topic

    def get_many(self, keys: Any) -> dict[Any, Item]:
        """The items as they were before the other sender."""
        found = super().get_many(keys)
        other = MemoryTable()
        other.items = self.items
        self._topic.sender(other).send([])
        return found


def test_of_two_senders_one_takes_the_turn(topic: Topic) -> None:
    """The one that comes second holds back, although it had read that the turn was free."""
    found = [topic.store("s1")]
    table = Overtaken(topic)
    table.items = topic.table.items
    assert topic.sender(table).send(found) == Sent(held=1)
    assert len(topic.messages) == 1


class Broken(MemoryTable):
    """A table that answers no read of many items."""

    def get_many(self, keys: Any) -> dict[Any, Item]:  # noqa: ARG002  the table's signature
        """Fail."""
        raise InfrastructureError("throttled")


def test_a_table_that_fails_holds_up_nothing(topic: Topic) -> None:
    """The batch is done all the same, and its anomalies count as failed."""
    assert topic.sender(Broken()).send([topic.store("s1")]) == Sent(failed=1, problem="throttled")


def test_an_anomaly_that_was_erased_stays_gone(topic: Topic) -> None:
    """What goes between the message and its mark does not come back by the mark."""
    found = [topic.store("s1"), topic.store("s2")]
    publish = topic.publish

    def erase(alert: Alert) -> None:
        publish(alert)
        topic.table.delete(Key("s1", "bots"))

    assert replace(topic.sender(), publish=erase).send(found) == Sent(messages=1)
    assert [item["pk"] for item in topic.table.scan() if is_anomaly(item)] == ["s2"]


def test_a_mark_that_fails_is_counted_with_its_cause(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is out; it will be repeated, and somebody can read why."""

    def refuse(_table: MemoryTable, _item: Item) -> None:
        raise InfrastructureError("throttled")

    found = [topic.store("s1")]
    monkeypatch.setattr(MemoryTable, "put_existing", refuse)
    assert topic.sender().send(found) == Sent(messages=1, failed=1, problem="throttled")
    assert topic.pending() == ["s1"]


def test_turns_are_no_anomalies(topic: Topic) -> None:
    """Readers of the table can tell the rows from what the senders keep."""
    topic.sender().send([topic.store("s1")])
    assert [item["pk"] for item in topic.table.scan() if is_anomaly(item)] == ["s1"]
