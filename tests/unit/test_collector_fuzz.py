"""The collector under hostile requests: no exception, every event in exactly one place, and no text of it elsewhere."""

import random

import pytest

from clickstream.collecting.collecting import Collected, collect
from clickstream.collecting.packing import MAX_RECORD_BYTES, bucket_of, records
from clickstream.collecting.requests import Limits, Request
from clickstream.intake.reasons import Reason
from tests.unit.captured import landed
from tests.unit.hostile_events import BATCHES, CANARY
from tests.unit.hostile_requests import batch, hostile

LIMITS = Limits(origins=("https://shop.example",))
DEFECTS = {Reason.COLLECTOR_ERROR.value, Reason.INTERNAL_ERROR.value}
STATUSES = {200, 204, 400, 404, 405, 413}


def checked(request: Request) -> Collected:
    """What was collected, after its events came through the stream: each once, as a good or a bad one."""
    found = collect(request, LIMITS)
    answer = found.answer
    assert answer.status in STATUSES
    assert CANARY.encode() not in answer.body
    assert CANARY not in str(answer.headers)
    assert "\r" not in str(answer.headers)
    assert answer.is_success or not found.events
    rows = landed(found)
    assert len(rows.good) + len(rows.bad) == len(found.events)
    assert sum(event.is_bad for event in found.events) <= len(rows.bad)
    for row in rows.bad:
        assert row["reason"] not in DEFECTS, row
        assert CANARY not in row["detail"]
    for record in records(found.events, 4):
        assert len(record.data) + len(record.partition_key) <= MAX_RECORD_BYTES
    assert all(0 <= bucket_of(event.session, 4) < 4 and event.session for event in found.events)
    return found


def campaign(seeds: range) -> tuple[int, int, int]:
    """How many requests with hostile events, of hostile bytes and refused ones there were."""
    events = refused = 0
    for seed in seeds:
        rng = random.Random(seed)  # noqa: S311  reproducible, not secret
        count, request = batch(rng.choice(list(BATCHES)), rng)
        found = checked(request)
        assert (found.answer.status, len(found.events)) == (200, count)
        events += count
        refused += not checked(hostile(rng)).answer.is_success
    return len(seeds), events, refused


def test_hostile_requests_leave_every_event_in_one_place() -> None:
    """Of a batch every element is an event, accepted or bad, whatever it is; what is no request is refused."""
    requests, events, refused = campaign(range(1_000))
    assert events > 2 * requests
    assert 0.1 * requests < refused < 0.9 * requests


@pytest.mark.long
def test_many_more_hostile_requests() -> None:
    """The same a hundred times as often."""
    campaign(range(1_000, 101_000))
