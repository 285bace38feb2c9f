"""What happens to a batch after each try: the retry, split and discard rules, free of any I/O.

A batch becomes a list of segments in shard order. The first segment is tried; `settle` says what the answer
makes of it. The rules are those of
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html and
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html, with two readings where the
text leaves room: a batch that can be split is split even when no retry is left (a split uses none), and a
record that a function names after earlier ones succeeded starts with one failed try.
"""

import json
from dataclasses import dataclass
from typing import Literal

from local_aws.mapping import ENDLESS
from local_aws.record import Record

DiscardReason = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring records that are tried together.

    Attributes:
        records: At least one record, in shard order.
        failures: Failed tries that count against the retry limit.
        tries: Invocations that held these records so far.
    """

    records: tuple[Record, ...]
    failures: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A mapping's failure rules: retries and age (seconds) with -1 for no limit, splitting, partial responses."""

    max_retries: int = ENDLESS
    max_age_s: float = ENDLESS
    is_bisecting: bool = False
    is_reporting: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function said.

    Attributes:
        first_failed: Index of the first record that is not done; None when all are; 0 for a failed invocation.
        is_error: The invocation failed as a whole (an exception, a timeout, a malformed report).
    """

    first_failed: int | None = None
    is_error: bool = False


ALL_DONE = Answer()
FAILED = Answer(first_failed=0, is_error=True)


@dataclass(frozen=True, slots=True)
class Step:
    """The consequence of one try: records done, then records given up, then what is still to be tried, in order."""

    done: tuple[Record, ...] = ()
    discarded: tuple[Record, ...] = ()
    remaining: tuple[Segment, ...] = ()
    reason: DiscardReason = "RetryAttemptsExhausted"
    tries: int = 0

    def is_retry_of(self, segment: Segment) -> bool:
        """Tell whether the same records are tried again: neither progress nor a split."""
        return len(self.remaining) == 1 and self.remaining[0].records == segment.records


def read_answer(segment: Segment, policy: Policy, *, is_function_error: bool, body: bytes) -> Answer:
    """Interpret the reply to an invocation with `segment`.

    An empty or null report is success. A null, empty, unknown or misnamed identifier fails the whole batch;
    of several identifiers the lowest position counts.
    """
    if is_function_error:
        return FAILED
    if not policy.is_reporting:
        return ALL_DONE
    try:
        report = json.loads(body) if body.strip() else None
    except ValueError:
        return FAILED
    return _read_report(segment, report)


def _read_report(segment: Segment, report: object) -> Answer:
    if report is None:
        return ALL_DONE
    if not isinstance(report, dict):
        return FAILED
    failures = report.get("batchItemFailures")
    if not failures:
        return ALL_DONE
    if not isinstance(failures, list):
        return FAILED
    positions = {record.sequence_number: index for index, record in enumerate(segment.records)}
    failed = [positions.get(str(item.get("itemIdentifier"))) if isinstance(item, dict) else None for item in failures]
    known = [position for position in failed if position is not None]
    return Answer(first_failed=min(known)) if len(known) == len(failed) else FAILED


def expire(segment: Segment, policy: Policy, now_s: float) -> Step:
    """Give up the leading records that are too old at `now_s` (epoch seconds)."""
    if policy.max_age_s <= 0:
        return Step(remaining=(segment,))
    is_old = [now_s - record.arrival_time > policy.max_age_s for record in segment.records]
    count = is_old.index(False) if False in is_old else len(is_old)
    kept = segment.records[count:]
    return Step(
        discarded=segment.records[:count],
        remaining=(Segment(kept, segment.failures, segment.tries),) if kept else (),
        reason="RecordAgeExceeded",
        tries=segment.tries,
    )


def settle(segment: Segment, answer: Answer, policy: Policy) -> Step:
    """Say what one try of `segment` with this answer leads to."""
    tries = segment.tries + 1
    if answer.first_failed is None:
        return Step(done=segment.records, tries=tries)
    done, rest = segment.records[: answer.first_failed], segment.records[answer.first_failed :]
    if answer.is_error and policy.is_bisecting and len(rest) > 1:
        middle = len(rest) // 2
        halves = (rest[:middle], rest[middle:])
        return Step(remaining=tuple(Segment(half, segment.failures, tries) for half in halves), tries=tries)
    failures = 1 if done else segment.failures + 1
    if ENDLESS < policy.max_retries < failures:
        return Step(done=done, discarded=rest, tries=tries)
    return Step(done=done, remaining=(Segment(rest, failures, tries),), tries=tries)


def backoff_s(failures: int, *, first_s: float = 0.2, longest_s: float = 5.0) -> float:
    """Seconds to wait before the same records are tried again after `failures` (at least 1) failed tries."""
    return min(first_s * 2.0 ** min(failures - 1, 16), longest_s)
