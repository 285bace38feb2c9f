"""Batches under faults: every event accepted or told as undelivered, its copies alike, and an end in time."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import pytest

from clickstream_tracker.delivery import Delivery
from clickstream_tracker.packing import Item
from tests.unit.kinesis_stand_in import THROTTLED, Stream, answer_error


class Patience:
    """Says how long may be waited, without waiting: the program ends once so many seconds were asked for."""

    def __init__(self, seconds: float = float("inf"), *, is_ending: bool = False) -> None:
        self.seconds, self.is_ending = seconds, is_ending
        self.waited: list[float] = []

    def wait(self, seconds: float) -> bool:
        """Count the seconds."""
        self.waited.append(seconds)
        return sum(self.waited) < self.seconds


class Given:
    """A delivery to a stand-in, and what it said."""

    def __init__(self, stream: Stream, patience: Patience) -> None:
        self.accepted = 0
        self.undelivered: Counter[bytes] = Counter()
        self.reasons: list[str] = []
        self.delivery = Delivery(
            cast("Any", stream),
            "stream",
            buckets=4,
            patience=patience,
            on_accepted=self._accept,
            on_undelivered=self._miss,
        )

    def _accept(self, count: int) -> None:
        self.accepted += count

    def _miss(self, lines: Sequence[bytes], reason: str) -> None:
        self.undelivered.update(lines)
        self.reasons.append(reason)


def items_of(count: int, start: int = 0) -> list[Item]:
    """Events of twenty sessions, numbered."""
    return [Item(b'{"number":%d}' % number, f"s-{number % 20}") for number in range(start, start + count)]


def numbers(stream: Stream) -> Counter[int]:
    """How often each event is in the stream."""
    return Counter(event["number"] for event in stream.events())


@pytest.mark.parametrize("refuse", [0, 0.3, 0.8])
def test_partial_refusals_put_each_event_into_the_stream_once(refuse: float) -> None:
    """Only what was refused is sent again, however often it is refused."""
    stream = Stream(refuse=refuse)
    given = Given(stream, Patience())
    for start in range(0, 1_000, 100):
        given.delivery.deliver(items_of(100, start))
    assert numbers(stream) == Counter(range(1_000))
    assert (given.accepted, given.undelivered) == (1_000, Counter())


def test_events_of_lost_answers_are_copies_alike() -> None:
    """A call whose answer got lost is made again: events may be there twice, byte for byte, and none is missing."""
    stream = Stream(lose=0.5, refuse=0.1)
    given = Given(stream, Patience())
    for start in range(0, 1_000, 100):
        given.delivery.deliver(items_of(100, start))
    assert set(numbers(stream)) == set(range(1_000))
    assert max(numbers(stream).values()) > 1
    assert (given.accepted, given.undelivered) == (1_000, Counter())


def test_a_session_stays_in_order() -> None:
    """Whatever is refused, events of one session are accepted in the order in which they were tracked."""
    stream = Stream(refuse=0.4)
    given = Given(stream, Patience())
    for start in range(0, 400, 40):
        given.delivery.deliver(items_of(40, start))
    for session in range(20):
        order = [event["number"] for event in stream.events() if event["number"] % 20 == session]
        assert order == sorted(order)


def test_lasting_errors_are_waited_out_while_the_program_runs() -> None:
    """Expired credentials lose nothing: the batch waits until they are renewed."""
    stream, patience = Stream(errors=[answer_error("ExpiredTokenException")] * 3), Patience()
    given = Given(stream, patience)
    given.delivery.deliver(items_of(50))
    assert numbers(stream) == Counter(range(50))
    assert patience.waited == [10.0] * 3


def test_lasting_errors_end_the_trying_when_the_program_ends() -> None:
    """What cannot succeed is told at once, and the next batch is tried anew."""
    stream, patience = Stream(errors=[answer_error("AccessDeniedException")]), Patience(is_ending=True)
    given = Given(stream, patience)
    given.delivery.deliver(items_of(50))
    given.delivery.deliver(items_of(50, 50))
    assert given.undelivered == Counter(item.data for item in items_of(50))
    assert "does not accept these credentials" in given.reasons[0]
    assert (given.accepted, patience.waited) == (50, [])


@pytest.mark.parametrize("refuse", [0.5, 0.9, 1])
def test_what_is_throttled_to_the_end_is_accepted_or_told(refuse: float) -> None:
    """When time runs out, each event is in the stream once or among the undelivered, never both."""
    stream, patience = Stream(refuse=refuse), Patience(1.0)
    given = Given(stream, patience)
    given.delivery.deliver(items_of(2_000))
    there = {b'{"number":%d}' % number for number in numbers(stream)}
    assert there | set(given.undelivered) == {item.data for item in items_of(2_000)}
    assert not there & set(given.undelivered)
    assert given.accepted == len(there) == 2_000 - given.undelivered.total()
    assert set(given.reasons) <= {"the stream stream did not take everything before the program ended"}


def test_throttled_calls_are_made_again() -> None:
    """A call that is refused as a whole passes."""
    stream = Stream(errors=[answer_error(THROTTLED), answer_error("InternalFailure", 500)])
    given = Given(stream, Patience())
    given.delivery.deliver(items_of(10))
    assert numbers(stream) == Counter(range(10))
