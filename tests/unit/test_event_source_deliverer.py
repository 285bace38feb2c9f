"""A batch carried through all its tries against a scripted function and a clock that only we move."""

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from local_aws.checkpoints import Checkpoint
from local_aws.deliverer import Reply
from local_aws.delivery import Policy
from tests.unit.delivery_script import ScriptedPorts, SteppingStop, batch, deliver, raising_on, reporting


def test_a_good_batch_takes_one_invocation_and_one_checkpoint() -> None:
    """Nothing is tried twice when nothing fails."""
    ports = ScriptedPorts(raising_on())
    deliver(ports, Policy(), 5)
    assert (ports.invocations, ports.saved) == ([[0, 1, 2, 3, 4]], [Checkpoint(f"{4:030d}", done=5)])


def test_x_retries_are_x_plus_one_tries() -> None:
    """A batch that always fails is tried once and retried twice, then given up as a whole."""
    ports = ScriptedPorts(raising_on(1))
    deliverer = deliver(ports, Policy(max_retries=2), 3)
    assert ports.invocations == [[0, 1, 2]] * 3
    (gone,) = ports.given_up
    assert (len(gone.records), gone.reason, gone.tries) == (3, "RetryAttemptsExhausted", 3)
    assert (deliverer.progress.done, deliverer.progress.discarded) == (0, 3)


def test_splitting_isolates_the_poison_record_and_uses_no_retry() -> None:
    """Halves are tried in order; the poison record alone gets its full number of tries."""
    ports = ScriptedPorts(raising_on(2))
    deliver(ports, Policy(max_retries=1, is_bisecting=True), 4)
    assert ports.invocations == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [3]]
    assert ports.discarded_numbers() == [[2]]


def test_a_report_keeps_what_came_before_the_failed_record() -> None:
    """Only the rest is tried again, and a record that recovers is counted once."""
    hopes = iter([False, True])

    def function(numbers: list[int]) -> Reply:
        return reporting(*([] if next(hopes) else [57]))(numbers)

    ports = ScriptedPorts(function)
    deliverer = deliver(ports, Policy(is_reporting=True), 200)
    assert ports.invocations == [list(range(200)), list(range(57, 200))]
    assert deliverer.checkpoint == Checkpoint(f"{199:030d}", done=200)


def test_a_reported_record_that_never_recovers_takes_the_rest_with_it() -> None:
    """The report restarts the count at its record; after the last retry everything from there is given up."""
    ports = ScriptedPorts(reporting(1))
    deliver(ports, Policy(max_retries=2, is_reporting=True, is_bisecting=True), 4)
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
    deliverer = deliver(ports, Policy(max_retries=0), 3)
    assert (len(ports.invocations), ports.given_up) == (11, [])
    assert (deliverer.progress.done, deliverer.progress.failures) == (3, 0)


def test_records_grow_too_old_while_they_are_retried() -> None:
    """With endless retries the age limit ends the tries."""
    ports = ScriptedPorts(raising_on(0))
    deliver(ports, Policy(max_age_s=60), 2)
    (gone,) = ports.given_up
    assert (gone.reason, ports.discarded_numbers()) == ("RecordAgeExceeded", [[0, 1]])
    assert len(ports.invocations) == gone.tries > 5


def test_no_record_is_dropped_while_its_destination_is_away() -> None:
    """The checkpoint passes given-up records only when the destination has taken them."""
    ports = ScriptedPorts(raising_on(0), destination_outages=3)
    deliverer = deliver(ports, Policy(max_retries=0), 1)
    assert (ports.discarded_numbers(), ports.destination_outages) == ([[0]], 0)
    assert ports.saved == [Checkpoint(f"{0:030d}", discarded=1)]
    assert deliverer.progress.failing_since_time is None


def test_a_stop_between_tries_leaves_the_checkpoint_behind_the_open_records() -> None:
    """What was not settled is neither done nor given up, so the next run delivers it again."""
    stop = SteppingStop()

    def function(numbers: list[int]) -> Reply:
        if len(numbers) == 1:
            stop.set()
        return raising_on(3)(numbers)

    ports = ScriptedPorts(function)
    deliverer = deliver(ports, Policy(is_bisecting=True), 4, stop)
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
    assert deliver(ports, Policy(max_retries=0), 1).progress.last_error == words


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
        failed = raising_on(*raising)(numbers)
        return failed if failed.is_function_error else reporting(*reported)(numbers)

    ports = ScriptedPorts(function)
    policy = Policy(max_retries, is_bisecting=is_bisecting, is_reporting=True)
    deliverer = deliver(ports, policy, count)
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
    ports = ScriptedPorts(raising_on(*poison))
    deliver(ports, Policy(max_retries, is_bisecting=True), count)
    present = sorted(number for number in poison if number < count)
    assert ports.discarded_numbers() == [[number] for number in present]
    alone = [numbers[0] for numbers in ports.invocations if len(numbers) == 1]
    assert all(alone.count(number) == max_retries + 1 for number in present)


def test_records_grow_too_old_while_the_service_is_away() -> None:
    """Failed invocations use no retry, but time passes: after the age limit the records are given up untried."""

    def function(_numbers: list[int]) -> Reply:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    ports = ScriptedPorts(function)
    deliverer = deliver(ports, Policy(max_retries=0, max_age_s=60), 3)
    (gone,) = ports.given_up
    assert (gone.reason, gone.tries, gone.is_function_error) == ("RecordAgeExceeded", 0, False)
    assert (deliverer.progress.discarded, ports.discarded_numbers()) == (3, [[0, 1, 2]])


def test_a_batch_that_was_never_tried_has_no_function_error() -> None:
    """The failure of the batch before is not told of records that only grew too old."""
    ports = ScriptedPorts(raising_on(0))
    stop = SteppingStop()
    deliverer = deliver(ports, Policy(max_retries=0, max_age_s=60), 1, stop)
    stop.now_s += 100
    deliverer.deliver(batch(2)[1:])
    assert [(gone.reason, gone.is_function_error) for gone in ports.given_up] == [
        ("RetryAttemptsExhausted", True),
        ("RecordAgeExceeded", False),
    ]
