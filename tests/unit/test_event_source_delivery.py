"""The retry, split and discard rules as functions of a segment and an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.delivery import (
    ALL_DONE,
    FAILED,
    Answer,
    Policy,
    Segment,
    Step,
    backoff_s,
    expire,
    read_answer,
    settle,
)
from local_aws.mapping import ENDLESS
from local_aws.record import Record

REPORTING = Policy(is_reporting=True)


def _records(count: int, first: int = 0) -> tuple[Record, ...]:
    return tuple(
        Record(f"{number:030d}", float(number), float(number), b"{}") for number in range(first, first + count)
    )


def _sequence(number: int) -> str:
    return f"{number:030d}"


def _report(*identifiers: object) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", ALL_DONE, id="no response"),
        pytest.param(b"null", ALL_DONE, id="null response"),
        pytest.param(b"{}", ALL_DONE, id="empty response"),
        pytest.param(b'{"batchItemFailures": null}', ALL_DONE, id="null list"),
        pytest.param(b'{"batchItemFailures": []}', ALL_DONE, id="empty list"),
        pytest.param(_report(_sequence(2)), Answer(2), id="one record"),
        pytest.param(_report(_sequence(3), _sequence(1)), Answer(1), id="the lowest of several"),
        pytest.param(_report(_sequence(0)), Answer(0), id="the first record: no error, all again"),
        pytest.param(_report(""), FAILED, id="empty identifier"),
        pytest.param(_report(None), FAILED, id="null identifier"),
        pytest.param(_report([1]), FAILED, id="an identifier that is no text"),
        pytest.param(_report(_sequence(9)), FAILED, id="unknown identifier"),
        pytest.param(_report(_sequence(2), _sequence(9)), FAILED, id="known and unknown identifiers"),
        pytest.param(b'{"batchItemFailures": [{"id": "1"}]}', FAILED, id="misnamed key"),
        pytest.param(b'{"batchItemFailures": ["1"]}', FAILED, id="bare identifiers"),
        pytest.param(b'{"batchItemFailures": "1"}', FAILED, id="not a list"),
        pytest.param(b'"done"', FAILED, id="not an object"),
        pytest.param(b"not json", FAILED, id="not JSON"),
    ],
)
def test_reports_are_read_as_the_service_reads_them(body: bytes, expected: Answer) -> None:
    """Empty is success, the lowest named record counts, and anything malformed fails the whole batch."""
    assert read_answer(Segment(_records(4)), REPORTING, is_function_error=False, body=body) == expected


def test_a_report_is_ignored_unless_it_is_switched_on() -> None:
    """Without ReportBatchItemFailures every reply is success."""
    answer = read_answer(Segment(_records(4)), Policy(), is_function_error=False, body=_report(_sequence(2)))
    assert answer == ALL_DONE


def test_a_function_error_fails_the_batch_whatever_the_body_says() -> None:
    """A crashed function reports nothing."""
    assert read_answer(Segment(_records(4)), REPORTING, is_function_error=True, body=b"") == FAILED


R4 = _records(4)


@pytest.mark.parametrize(
    ("segment", "answer", "policy", "expected"),
    [
        pytest.param(Segment(R4), ALL_DONE, Policy(), Step(done=R4, tries=1), id="success"),
        pytest.param(
            Segment(R4), FAILED, Policy(), Step(remaining=(Segment(R4, 1, 1),), tries=1), id="error: the same again"
        ),
        pytest.param(
            Segment(R4, 7, 9), FAILED, Policy(), Step(remaining=(Segment(R4, 8, 10),), tries=10), id="error: endless"
        ),
        pytest.param(
            Segment(R4, 2, 2),
            FAILED,
            Policy(max_retries=2),
            Step(discarded=R4, tries=3),
            id="error: third of 2 retries",
        ),
        pytest.param(
            Segment(R4, 1, 1),
            FAILED,
            Policy(max_retries=2),
            Step(remaining=(Segment(R4, 2, 2),), tries=2),
            id="error: one retry left",
        ),
        pytest.param(
            Segment(R4, 1, 1),
            FAILED,
            Policy(is_bisecting=True),
            Step(remaining=(Segment(R4[:2], 1, 2), Segment(R4[2:], 1, 2)), tries=2),
            id="error: split, which uses no retry",
        ),
        pytest.param(
            Segment(R4[:1], 0, 3),
            FAILED,
            Policy(max_retries=0, is_bisecting=True),
            Step(discarded=R4[:1], tries=4),
            id="error: one record cannot be split",
        ),
        pytest.param(
            Segment(R4, 2, 2),
            Answer(2),
            Policy(max_retries=2, is_reporting=True),
            Step(done=R4[:2], remaining=(Segment(R4[2:], 1, 3),), tries=3),
            id="report: the rest again, from the named record",
        ),
        pytest.param(
            Segment(R4, 0, 0),
            Answer(0),
            Policy(is_bisecting=True, is_reporting=True),
            Step(remaining=(Segment(R4, 1, 1),), tries=1),
            id="report of the first record: all again, no split",
        ),
        pytest.param(
            Segment(R4, 0, 0),
            Answer(3),
            Policy(max_retries=0, is_reporting=True),
            Step(done=R4[:3], discarded=R4[3:], tries=1),
            id="report without retries: the rest is given up",
        ),
    ],
)
def test_one_try_leads_to_one_step(segment: Segment, answer: Answer, policy: Policy, expected: Step) -> None:
    """Each rule of the failure handling, one by one."""
    assert settle(segment, answer, policy) == expected


@given(
    count=st.integers(1, 20),
    failures=st.integers(0, 5),
    first_failed=st.none() | st.integers(0, 19),
    is_error=st.booleans(),
    max_retries=st.integers(ENDLESS, 3),
    is_bisecting=st.booleans(),
)
def test_a_step_keeps_every_record_once_in_order(
    count: int, failures: int, first_failed: int | None, *, is_error: bool, max_retries: int, is_bisecting: bool
) -> None:
    """Done, discarded and remaining records joined are the segment."""
    answer = FAILED if is_error else Answer(None if first_failed is None else first_failed % count)
    segment = Segment(_records(count), failures)
    step = settle(segment, answer, Policy(max_retries, is_bisecting=is_bisecting, is_reporting=True))
    rest = tuple(record for part in step.remaining for record in part.records)
    assert step.done + step.discarded + rest == segment.records
    assert all(part.records for part in step.remaining)


@pytest.mark.parametrize(
    ("now_s", "discarded"),
    [(60.0, 0), (61.5, 2), (1_000.0, 4)],
)
def test_leading_records_that_are_too_old_are_given_up(now_s: float, discarded: int) -> None:
    """Records older than the limit are discarded before the try, with their own reason."""
    step = expire(Segment(R4, 1, 1), Policy(max_age_s=60), now_s)
    rest = tuple(record for part in step.remaining for record in part.records)
    assert (len(step.discarded), step.discarded + rest) == (discarded, R4)
    assert step.reason == "RecordAgeExceeded"


def test_without_an_age_limit_nothing_expires() -> None:
    """-1 means records never grow too old."""
    assert expire(Segment(R4), Policy(), 1e12) == Step(remaining=(Segment(R4),))


def test_backoff_doubles_up_to_a_limit() -> None:
    """However many tries there were, the wait stays bounded."""
    assert [backoff_s(n, first_s=0.2, longest_s=5) for n in (1, 2, 3, 6, 10_000)] == [0.2, 0.4, 0.8, 5, 5]


@pytest.mark.parametrize(
    ("answer", "policy", "expected"),
    [
        pytest.param(FAILED, Policy(), True, id="the same again"),
        pytest.param(Answer(0), Policy(is_reporting=True), True, id="the same again, reported"),
        pytest.param(FAILED, Policy(is_bisecting=True), False, id="split"),
        pytest.param(Answer(2), Policy(is_reporting=True), False, id="progress"),
        pytest.param(ALL_DONE, Policy(), False, id="done"),
    ],
)
def test_only_a_repetition_of_the_same_records_waits(answer: Answer, policy: Policy, *, expected: bool) -> None:
    """Splits and progress go on at once."""
    segment = Segment(R4)
    assert settle(segment, answer, policy).is_retry_of(segment) == expected
