"""Positions: text that sorts as the numbers do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.errors import LedgerError
from clickstream.positions import EPOCH_LIFETIME, SEQUENCE_DIGITS, START, Epochs, Lane, all_padded, ordinal, padded

NUMBERS = st.integers(0, 10**SEQUENCE_DIGITS - 1)


@settings(max_examples=300, deadline=None, database=None)
@given(NUMBERS, NUMBERS)
def test_text_order_is_number_order(one: int, two: int) -> None:
    """Also across lengths, where plain text would put 100 before 99."""
    assert (padded(str(one)) < padded(str(two))) == (one < two)
    assert padded(str(one)) > START
    assert int(padded(str(one))) == one


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e5", " 1", "²", "١٢", "0x1", "9" * (SEQUENCE_DIGITS + 1)])
def test_what_is_no_sequence_number_is_refused(text: str) -> None:
    """Nothing that sorts elsewhere is taken for a number, alone or among others."""
    with pytest.raises(LedgerError, match="not a Kinesis sequence number"):
        padded(text)
    with pytest.raises(LedgerError, match="not a Kinesis sequence number"):
        all_padded(["7", text, "8"])


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(NUMBERS.map(str), max_size=5))
def test_many_numbers_are_padded_as_each_is(numbers: list[str]) -> None:
    """None of them at all, too."""
    assert all_padded(numbers) == list(map(padded, numbers))


def test_ordinals_sort_after_start() -> None:
    """Commits of a fill lane keep their order beyond nine."""
    assert sorted([ordinal(10), START, ordinal(9), ordinal(1)]) == [START, ordinal(1), ordinal(9), ordinal(10)]


def test_lanes_of_another_consumer_epoch_or_shard_differ() -> None:
    """Each part counts, and the fill lane is another lane of the same consumer and epoch."""
    lane = Lane("process_events", "1", "shardId-1")
    lanes = [lane, lane.fill, lane._replace(consumer="x"), lane._replace(epoch="2"), lane._replace(shard_id="s")]
    assert len({str(each) for each in lanes}) == 5
    assert str(lane.fill) == "process_events/1/shardId-1#fill"
    assert Lane(*str(lane.fill).split("/")) == lane.fill


def test_an_epoch_is_asked_for_again_after_a_minute() -> None:
    """A warm container learns of a re-created stream in time, asks once a minute at most, and anew when told to."""
    answers = iter(["1", "2", "3", "other"])
    clock = [datetime(2026, 11, 21, 9, 5, tzinfo=UTC)]
    epochs = Epochs(lambda _: next(answers), lambda: clock[0])
    assert [epochs.of("a"), epochs.of("a")] == ["1", "1"]
    clock[0] += EPOCH_LIFETIME
    assert epochs.of("a") == "1"
    clock[0] += timedelta(seconds=1)
    assert [epochs.of("a"), epochs.anew("a"), epochs.of("a"), epochs.of("b")] == ["2", "3", "3", "other"]


def test_an_epoch_is_as_old_as_its_question() -> None:
    """A slow answer may be out of date when it comes: its age counts from the question."""
    clock = [datetime(2026, 11, 21, 9, 5, tzinfo=UTC)]
    asked = []

    def ask(stream_arn: str) -> str:
        asked.append(stream_arn)
        clock[0] += 2 * EPOCH_LIFETIME
        return "1"

    epochs = Epochs(ask, lambda: clock[0])
    assert [epochs.of("a"), epochs.of("a")] == ["1", "1"]
    assert asked == ["a", "a"]
