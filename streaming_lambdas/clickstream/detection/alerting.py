"""Anomalies → alerts: at most one message per rule and cool-down, and none lost.

Every anomaly waits in the table, as `pending`, until a message has counted it. Who wants to send takes the rule's turn
first, by a conditional write that only one wins; a turn is free again after the cool-down. So ten thousand sessions of
bots make one message at once, and one with the rest when the cool-down is over. Whoever dies on the way leaves them
pending; once per cool-down somebody looks for such ones. A message may be repeated (published, but not
marked), never lost.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickstream.detection.anomaly_rows import marked
from clickstream.errors import Conflict, InfrastructureError
from clickstream.ports import Item, Key, Table

TURN = "alert"
"""Sort key of the item that holds a rule's turn. No anomaly has it: theirs is the name of a rule."""
_LOOK = "(all rules)"
"""Stands for a rule in the turn of looking for what others left."""
MOST_PER_MESSAGE = 10_000
SEVERITIES = ("low", "medium", "high", "critical")


def is_anomaly(item: Item) -> bool:
    """Whether an item of the anomalies table is an anomaly, and not the turn of a rule."""
    return item.get("sk") != TURN


def rule_of(item: Item) -> str:
    """The rule of an anomaly. The key of one of the traffic has its minute behind the rule."""
    return str(item["sk"]).partition("#")[0]


def series_of(item: Item) -> str | None:
    """The series of an anomaly of the traffic; None for one of a session, whatever its producer calls the session."""
    return str(item["pk"]).partition("#")[2] if "#" in item["sk"] else None


@dataclass(frozen=True)
class Alert:
    """One message: anomalies of one rule. Not empty."""

    rule: str
    anomalies: list[Item]

    def message(self) -> Item:
        """What is published: how many sessions, how bad, since when, the newest evidence. It names no session."""
        newest = max(self.anomalies, key=lambda item: str(item["detected_time"]))
        return {
            "rule": self.rule,
            "severity": max((str(item["severity"]) for item in self.anomalies), key=SEVERITIES.index),
            "sessions": len(self.anomalies),
            "first_detected_time": min(str(item["detected_time"]) for item in self.anomalies),
            "last_detected_time": newest["detected_time"],
            "evidence": newest["evidence"],
        }


@dataclass(frozen=True)
class Sent:
    """What sending came to: messages; anomalies tried in vain, and held for the end of a cool-down.

    `problem` is why a message could not be sent, or its anomalies not be marked; of several the first.
    """

    messages: int = 0
    failed: int = 0
    held: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Alerts:
    """Sends what is pending, rule by rule."""

    anomalies: Table
    publish: Callable[[Alert], None]
    now: Callable[[], datetime]
    rules: tuple[str, ...]
    cool_down: timedelta
    each: Callable[..., Iterable[Any]] = map
    """`map`, or a parallel one: rules, and the rows to mark, are independent items."""

    def send(self, found: list[Item]) -> Sent:
        """Send the anomalies just found, and once per cool-down what others left. Errors are counted, not raised.

        A message that cannot be sent must not hold up the stream: its anomalies stay pending.
        """
        try:
            turns = self.anomalies.get_many(Key(name, TURN) for name in (_LOOK, *self.rules))
            rules = sorted(
                self.rules if self._may_look(turns.get(Key(_LOOK, TURN))) else {item["sk"] for item in found}
            )
        except InfrastructureError as error:
            return Sent(failed=len(found), problem=str(error))

        def send(rule: str) -> tuple[Sent, list[Item]]:
            return self._send(rule, turns.get(Key(rule, TURN)), [item for item in found if item["sk"] == rule])

        results = list(self.each(send, rules))
        marks = self.each(self._mark, [item for _, items in results for item in items])
        return _summed([*(sent for sent, _ in results), *(Sent(failed=1, problem=why) for why in marks if why)])

    def _may_look(self, turn: Item | None) -> bool:
        """Whether it is this sender that looks through all rules for what others left."""
        if self._is_taken(turn):
            return False
        with suppress(Conflict):
            self._take(_LOOK, turn)
            return True
        return False

    def _send(self, rule: str, turn: Item | None, found: list[Item]) -> tuple[Sent, list[Item]]:
        """What came of a rule, and the anomalies that a message has counted."""
        if self._is_taken(turn):
            return Sent(held=len(found)), []
        try:
            waiting = self._waiting(rule, found)
            if not waiting:
                return Sent(), []
            self._take(rule, turn)
            self.publish(Alert(rule, waiting))
        except Conflict:
            return Sent(held=len(found)), []
        except InfrastructureError as error:
            return Sent(failed=max(1, len(found)), problem=str(error)), []
        return Sent(messages=1), waiting

    def _is_taken(self, turn: Item | None) -> bool:
        return turn is not None and self.now() < datetime.fromisoformat(turn["free_time"])

    def _waiting(self, rule: str, found: list[Item]) -> list[Item]:
        """What is pending: the index may not show yet what was just found."""
        pending = self.anomalies.indexed("pending", rule, MOST_PER_MESSAGE)
        return list({(item["pk"], item["sk"]): item for item in (*pending, *found)}.values())

    def _take(self, name: str, turn: Item | None) -> None:
        """Take a turn until the cool-down is over. Raises `Conflict` if somebody else took it in the meantime."""
        free_time = self.now() + self.cool_down
        rev = turn["rev"] if turn else None
        item = {"pk": name, "sk": TURN, "rev": (rev or 0) + 1, "free_time": free_time.isoformat()}
        self.anomalies.put_revision(item, rev)

    def _mark(self, item: Item) -> str:
        return marked(self.anomalies, item)


def _summed(parts: list[Sent]) -> Sent:
    messages, failed, held = (sum(getattr(sent, name) for sent in parts) for name in ("messages", "failed", "held"))
    return Sent(messages, failed, held, next((sent.problem for sent in parts if sent.problem), ""))
