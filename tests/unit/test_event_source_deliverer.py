"""A batch carried through all its tries against a scripted function and a clock that only we move."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from local_aws.checkpoints import Checkpoint
from local_aws.deliverer import Deliverer, Reply
from local_aws.delivery import Policy
from local_aws.failures import GivenUp
from local_aws.progress import PumpProgress
from local_aws.record import Record, RecordEncoder

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
START_S = 1_000_000.0


class SteppingStop(Event):
    """A stop event whose waiting moves the clock instead of taking time."""

    now_s = START_S

    def wait(self, timeout: float | None = None) -> bool:
        """Move the clock by the timeout."""
        self.now_s += timeout or 0.0
        return self.is_set()


@dataclass
class ScriptedPorts:
    """A function given as a rule over the numbers of the records in an invocation, and what was asked of the world."""

    function: Callable[[list[int]], Reply]
    invocations: list[list[int]] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    saved: list[Checkpoint] = field(default_factory=list)
    destination_outages: int = 0

    def invoke(self, payload: bytes) -> Reply:
        """Answer by the rule."""
        numbers = [int(record["kinesis"]["sequenceNumber"]) for record in json.loads(payload)["Records"]]
        self.invocations.append(numbers)
        return self.function(numbers)

    def give_up(self, given_up: GivenUp) -> None:
        """Take the records, unless the destination is away."""
        if self.destination_outages:
            self.destination_outages -= 1
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject")
        self.given_up.append(given_up)

    def save(self, checkpoint: Checkpoint) -> None:
        """Remember the checkpoint."""
        self.saved.append(checkpoint)

    def discarded_numbers(self) -> list[list[int]]:
        """List the given-up records by number."""
        return [[int(record.sequence_number) for record in given_up.records] for given_up in self.given_up]


def _batch(count: int) -> tuple[Record, ...]:
    encoder = RecordEncoder(STREAM, "shardId-000000000000")
    return tuple(
        encoder.encode(sequence_number=f"{number:030d}", partition_key="p", data=b"d", arrival_time=START_S)
        for number in range(count)
    )


def _deliver(ports: ScriptedPorts, policy: Policy, count: int, stop: SteppingStop | None = None) -> Deliverer:
    stop = stop or SteppingStop()
    deliverer = Deliverer(
        ports,
        policy,
        progress=PumpProgress("uuid", "clicks", "count", "shardId-000000000000"),
        checkpoint=Checkpoint(),
        clock=lambda: stop.now_s,
        stop=stop,
    )
    deliverer.deliver(_batch(count))
    return deliverer


def _raising_on(*poison: int) -> Callable[[list[int]], Reply]:
    error = Reply(b'{"errorType": "KeyError", "errorMessage": "x"}', is_function_error=True)
    return lambda numbers: error if set(poison).intersection(numbers) else Reply(b"null")


def _reporting(*poison: int) -> Callable[[list[int]], Reply]:
    def reply(numbers: list[int]) -> Reply:
        failures = [{"itemIdentifier": f"{number:030d}"} for number in numbers if number in poison]
        return Reply(json.dumps({"batchItemFailures": failures}).encode())

    return reply


def test_a_good_batch_takes_one_invocation_and_one_checkpoint() -> None:
    """Nothing is tried twice when nothing fails."""
    ports = ScriptedPorts(_raising_on())
    _deliver(ports, Policy(), 5)
    assert (ports.invocations, ports.saved) == ([[0, 1, 2, 3, 4]], [Checkpoint(f"{4:030d}", done=5)])


def test_x_retries_are_x_plus_one_tries() -> None:
    """A batch that always fails is tried once and retried twice, then given up as a whole."""
    ports = ScriptedPorts(_raising_on(1))
    deliverer = _deliver(ports, Policy(max_retries=2), 3)
    assert ports.invocations == [[0, 1, 2]] * 3
    (gone,) = ports.given_up
    assert (len(gone.records), gone.reason, gone.tries) == (3, "RetryAttemptsExhausted", 3)
    assert (deliverer.progress.done, deliverer.progress.discarded) == (0, 3)


def test_splitting_isolates_the_poison_record_and_uses_no_retry() -> None:
    """Halves are tried in order; the poison record alone gets its full number of tries."""
    ports = ScriptedPorts(_raising_on(2))
    _deliver(ports, Policy(max_retries=1, is_bisecting=True), 4)
    assert ports.invocations == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [3]]
    assert ports.discarded_numbers() == [[2]]


def test_a_report_keeps_what_came_before_the_failed_record() -> None:
    """Only the rest is tried again, and a record that recovers is counted once."""
    hopes = iter([False, True])

    def function(numbers: list[int]) -> Reply:
        return _reporting(*([] if next(hopes) else [57]))(numbers)

    ports = ScriptedPorts(function)
    deliverer = _deliver(ports, Policy(is_reporting=True), 200)
    assert ports.invocations == [list(range(200)), list(range(57, 200))]
    assert deliverer.checkpoint == Checkpoint(f"{199:030d}", done=200)


def test_a_reported_record_that_never_recovers_takes_the_rest_with_it() -> None:
    """The report restarts the count at its record; after the last retry everything from there is given up."""
    ports = ScriptedPorts(_reporting(1))
    _deliver(ports, Policy(max_retries=2, is_reporting=True, is_bisecting=True), 4)
    assert ports.invocations == [[0, 1, 2, 3], [1, 2, 3], [1, 2, 3]]
    assert ports.discarded_numbers() == [[1, 2, 3]]


def test_an_outage_of_the_service_uses_no_retry() -> None:
    """An invocation that did not take place is repeated until it does, at growing intervals."""
    outages = iter(range(10))

    def function(_numbers: list[int]) -> Reply:
        if next(outages, None) is not None:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        return Reply(b"")

    ports = ScriptedPorts(function)
    deliverer = _deliver(ports, Policy(max_retries=0), 3)
    assert (len(ports.invocations), ports.given_up) == (11, [])
    assert (deliverer.progress.done, deliverer.progress.failures) == (3, 0)


def test_records_grow_too_old_while_they_are_retried() -> None:
    """With endless retries the age limit ends the tries."""
    ports = ScriptedPorts(_raising_on(0))
    _deliver(ports, Policy(max_age_s=60), 2)
    (gone,) = ports.given_up
    assert (gone.reason, ports.discarded_numbers()) == ("RecordAgeExceeded", [[0, 1]])
    assert len(ports.invocations) == gone.tries > 5


def test_no_record_is_dropped_while_its_destination_is_away() -> None:
    """The checkpoint passes given-up records only when the destination has taken them."""
    ports = ScriptedPorts(_raising_on(0), destination_outages=3)
    deliverer = _deliver(ports, Policy(max_retries=0), 1)
    assert (ports.discarded_numbers(), ports.destination_outages) == ([[0]], 0)
    assert ports.saved == [Checkpoint(f"{0:030d}", discarded=1)]
    assert deliverer.progress.failing_since_time is None


def test_a_stop_between_tries_leaves_the_checkpoint_behind_the_open_records() -> None:
    """What was not settled is neither done nor given up, so the next run delivers it again."""
    stop = SteppingStop()

    def function(numbers: list[int]) -> Reply:
        if len(numbers) == 1:
            stop.set()
        return _raising_on(3)(numbers)

    ports = ScriptedPorts(function)
    deliverer = _deliver(ports, Policy(is_bisecting=True), 4, stop)
    assert ports.invocations == [[0, 1, 2, 3], [0, 1], [2, 3], [2]]
    assert deliverer.checkpoint.sequence_number == f"{2:030d}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b'{"errorType": "KeyError", "errorMessage": "x"}', "KeyError: x", id="as the service words it"),
        pytest.param(b"not json", "The function failed without an error message.", id="not JSON"),
        pytest.param(b"[]", "The function failed without an error message.", id="not an object"),
    ],
)
def test_the_last_error_of_the_function_can_be_read(body: bytes, words: str) -> None:
    """A person who waits is told what the function said; an unreadable error stops nothing."""
    ports = ScriptedPorts(lambda _: Reply(body, is_function_error=True))
    assert _deliver(ports, Policy(max_retries=0), 1).progress.last_error == words


@given(
    count=st.integers(1, 24),
    raising=st.sets(st.integers(0, 23), max_size=4),
    reported=st.sets(st.integers(0, 23), max_size=4),
    crashes=st.lists(st.booleans(), max_size=12),
    max_retries=st.integers(0, 3),
    is_bisecting=st.booleans(),
)
def test_every_record_is_settled_exactly_once_in_order(
    count: int, raising: set[int], reported: set[int], crashes: list[bool], max_retries: int, *, is_bisecting: bool
) -> None:
    """Whatever fails, checkpoints only move forward and every record ends done or given up, never to be tried again."""
    accidents = list(crashes)

    def function(numbers: list[int]) -> Reply:
        if accidents and accidents.pop():
            return Reply(b"{}", is_function_error=True)
        failed = _raising_on(*raising)(numbers)
        return failed if failed.is_function_error else _reporting(*reported)(numbers)

    ports = ScriptedPorts(function)
    policy = Policy(max_retries, is_bisecting=is_bisecting, is_reporting=True)
    deliverer = _deliver(ports, policy, count)
    positions = [int(checkpoint.sequence_number or -1) for checkpoint in ports.saved]
    assert (positions, positions[-1]) == (sorted(set(positions)), count - 1)
    assert deliverer.checkpoint.done + deliverer.checkpoint.discarded == count
    assert sum(len(gone.records) for gone in ports.given_up) == deliverer.checkpoint.discarded
    starts = [numbers[0] for numbers in ports.invocations]
    assert starts == sorted(starts)
    assert all(numbers == list(range(numbers[0], numbers[-1] + 1)) for numbers in ports.invocations)


@given(count=st.integers(1, 40), poison=st.sets(st.integers(0, 39), max_size=5), max_retries=st.integers(0, 3))
def test_with_splitting_only_poison_is_given_up(count: int, poison: set[int], max_retries: int) -> None:
    """Every good record is done; every poison record is tried alone X + 1 times and given up alone."""
    ports = ScriptedPorts(_raising_on(*poison))
    _deliver(ports, Policy(max_retries, is_bisecting=True), count)
    present = sorted(number for number in poison if number < count)
    assert ports.discarded_numbers() == [[number] for number in present]
    alone = [numbers[0] for numbers in ports.invocations if len(numbers) == 1]
    assert all(alone.count(number) == max_retries + 1 for number in present)
