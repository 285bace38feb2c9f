"""Sending under refusals: nothing lost, nothing doubled, order kept within a bucket, and an end when it is hopeless."""

from collections import defaultdict
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from clickstream_tracker.errors import SendError
from clickstream_tracker.packing import Item, Packer, Record
from clickstream_tracker.sender import MAX_TRIES, Sender
from tests.unit.client_clock import Clock
from tests.unit.kinesis_stand_in import THROTTLED, Stream, answer_error, seeded


def sender_of(stream: Stream, clock: Clock) -> Sender:
    """A sender to the fake stream."""
    return Sender(cast("Any", stream), "stream", sleep=clock.sleep, jitter=seeded(3))


def records_of(count: int, buckets: int) -> list[Record]:
    """Raw records, numbered."""
    packer = Packer(buckets, is_raw=True)
    items = [Item(b"%d" % number, f"s-{number % 50}", 0) for number in range(count)]
    return [record for item in items for record in packer.add(item)]


def expected_of(records: list[Record]) -> dict[str, list[bytes]]:
    """The data of each bucket in order."""
    expected: dict[str, list[bytes]] = defaultdict(list)
    for record in records:
        expected[record.partition_key].append(record.data)
    return expected


@pytest.mark.parametrize("refuse", [0, 0.05, 0.3])
def test_partial_failures_lose_nothing_double_nothing_and_keep_order(refuse: float) -> None:
    """Whatever share is refused, each bucket arrives once and in order, and the totals say so."""
    stream, clock, records = Stream(refuse=refuse), Clock(), records_of(2_000, 16)
    sender = sender_of(stream, clock)
    sender.send(records)
    sender.drain()
    assert stream.data_by_key() == expected_of(records)
    assert sender.totals.events == sender.totals.records == 2_000
    assert sender.totals.size == sum(len(record.data) for record in records)
    assert bool(clock.pauses) == bool(refuse)


def test_only_what_was_refused_is_sent_again() -> None:
    """Every accepted record was handed over exactly once after its last refusal: tries = accepted + refused."""
    stream, clock, records = Stream(refuse=0.3), Clock(), records_of(500, 8)
    sender = sender_of(stream, clock)
    sender.send(records)
    sender.drain()
    assert sum(map(len, stream.calls)) == 500 + sender.totals.retried


def test_a_call_holds_one_record_of_a_bucket() -> None:
    """Two records of one bucket are never under way together, so that a refusal cannot reorder them."""
    stream = Stream(refuse=0.2)
    sender = sender_of(stream, Clock())
    sender.send(records_of(1_000, 8))
    sender.drain()
    for call in stream.calls:
        keys = [record["PartitionKey"] for record in call]
        assert len(set(keys)) == len(keys)


def test_a_call_stays_within_kinesis_limits() -> None:
    """At most 500 records and 5 MB a call."""
    stream, packer = Stream(), Packer(600, is_raw=True)
    items = [Item(b"%d" % number + b"x" * 100_000, f"s-{number}", 0) for number in range(400)]
    sender = sender_of(stream, Clock())
    sender.send(record for item in items for record in packer.add(item))
    sender.drain()
    assert max(sum(len(record["Data"]) for record in call) for call in stream.calls) <= 5 * 1024 * 1024
    assert sender.totals.events == 400


def test_bursts_of_one_session_do_not_make_tiny_calls() -> None:
    """Raw lines that come session by session still travel many a call."""
    stream, packer = Stream(), Packer(500, is_raw=True)
    items = [Item(b"%d" % number, f"s-{number // 10}", 0) for number in range(5_000)]
    sender = sender_of(stream, Clock())
    sender.send(record for item in items for record in packer.add(item))
    sender.drain()
    assert len(stream.calls) < 100


def test_pauses_grow_and_stay_bounded() -> None:
    """Backoff is exponential with jitter and has a longest pause; then the sender gives up with a sentence."""
    clock = Clock()
    sender = sender_of(Stream(refuse=1), clock)
    with pytest.raises(SendError, match=r"did not take a record in 10 tries: its shards take no more"):
        sender.send(records_of(3_000, 2))
    assert len(clock.pauses) == MAX_TRIES - 1
    assert clock.pauses[0] <= 0.1 < clock.pauses[3] < max(clock.pauses) <= 5
    assert sender.totals.events == 0


@pytest.mark.parametrize(
    "error",
    [
        answer_error(THROTTLED),
        answer_error("Whatever", 503),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_passing_errors_are_tried_again(error: Exception) -> None:
    """A call that failed for a reason that passes is made again with the same records."""
    stream, records = Stream(errors=[error, error]), records_of(100, 4)
    sender = sender_of(stream, Clock())
    sender.send(records)
    sender.drain()
    assert stream.data_by_key() == expected_of(records)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (answer_error("ResourceNotFoundException"), "there is no stream named stream"),
        (answer_error("AccessDeniedException"), "does not accept these credentials"),
        (answer_error("ExpiredTokenException"), "does not accept these credentials"),
        (answer_error("ValidationException"), "AWS answered ValidationException: no"),
        (NoCredentialsError(), "no AWS credentials were found"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "does not answer: start the local platform"),
    ],
)
def test_lasting_errors_stop_at_once(error: Exception, sentence: str) -> None:
    """An error that will not pass is one clear sentence, without a pause."""
    clock = Clock()
    sender = sender_of(Stream(errors=[error]), clock)
    sender.send(records_of(100, 2))
    with pytest.raises(SendError, match=sentence):
        sender.drain()
    assert clock.pauses == []


def test_an_endpoint_that_goes_away_is_tried_again() -> None:
    """Once something was accepted, a refused connection is a passing error, up to the bound."""
    stream, clock = Stream(), Clock()
    sender = sender_of(stream, clock)
    sender.send(records_of(100, 2))
    sender.drain()
    stream._errors = [EndpointConnectionError(endpoint_url="http://127.0.0.1:1") for _ in range(MAX_TRIES)]
    sender.send(records_of(100, 2))
    with pytest.raises(SendError, match=r"10 tries: .*does not answer"):
        sender.drain()
    assert sender.totals.events == 100
