"""Times of clients whose clocks are wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream.collecting import clocks
from tests.unit.captured import only, properties, sent

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When the request arrives."""
LAG = timedelta(seconds=20)
"""How long before sending the event happened."""


def event(wrong: timedelta) -> dict[str, Any]:
    """An event of a client whose clock is wrong by so much, sent two seconds before it arrives."""
    sent_at = NOON - timedelta(seconds=2) + wrong
    return {"event_type": "click", "timestamp": (sent_at - LAG).isoformat(), "sent_at": sent_at.isoformat()}


@pytest.mark.parametrize("wrong", [timedelta(minutes=-59), timedelta(0), timedelta(minutes=4)])
def test_a_clock_that_may_be_right_is_believed(wrong: timedelta) -> None:
    """Small differences are the way here, or a client that kept its request for a while."""
    row = only(sent(event(wrong)))
    assert row["event_time"] == NOON - timedelta(seconds=2) + wrong - LAG
    assert properties(row) == {}


@pytest.mark.parametrize(
    "wrong",
    [timedelta(minutes=6), timedelta(hours=9), timedelta(days=400), timedelta(hours=-2), timedelta(days=-20_000)],
)
def test_a_wrong_clock_is_corrected_and_its_own_time_kept(wrong: timedelta) -> None:
    """To the minute: also of a phone that believes it is 1972."""
    row = only(sent(event(wrong)))
    assert abs(row["event_time"] - (NOON - LAG)) <= timedelta(seconds=32)
    assert properties(row)[clocks.ORIGINAL] == event(wrong)["timestamp"]
    assert row["sent_time"] == NOON - timedelta(seconds=2) + wrong
    assert row["time_source"] == "event"


def test_copies_sent_again_get_the_same_time() -> None:
    """A second try stamps the time of sending anew, and takes a little longer or shorter to arrive."""
    ahead = timedelta(hours=2, seconds=7)
    first, second = (
        clocks.error((NOON + ahead + again).isoformat(), NOON + again + way)
        for again, way in ((timedelta(0), timedelta(seconds=1)), (timedelta(seconds=9), timedelta(seconds=3)))
    )
    assert first == second == timedelta(hours=-2)


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        ("2026-11-22T15:00:00Z", "2026-11-22T14:00:00Z"),
        ("nonsense", "2026-11-22T14:00:00Z"),
        ("2026-11-22T13:00:00Z", "nonsense"),
        ("2026-11-22T13:00:00Z", True),
        (None, "2026-11-22T14:00:00Z"),
        ("0001-01-01T00:00:10Z", "9999-12-31T00:00:00Z"),
    ],
)
def test_times_that_do_not_fit_together_are_left_alone(timestamp: Any, sent_at: Any) -> None:
    """Sent before it happened, or no times at all: nothing follows from them."""
    fields = {"timestamp": timestamp, "sent_at": sent_at}
    assert clocks.correct(dict(fields), {"a": 1}, NOON) == {"a": 1}


def test_a_time_of_sending_cut_to_seconds_is_still_one() -> None:
    """One tracker cuts it, so that the event lies behind its sending by less than a second."""
    fields = {"timestamp": "2026-11-22T14:00:00.900Z", "sent_at": "2026-11-22T14:00:00Z"}
    clocks.correct(fields, {}, NOON)
    assert fields["timestamp"].startswith("2026-11-22T12:00:00.9")
