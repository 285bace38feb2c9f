"""When a batch closes, and that batching neither loses, repeats nor reorders records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.batch import Batcher, BatchLimits
from local_aws.record import ENVELOPE_BYTES, Record, event_payload


def _record(number: int, size: int = 10) -> Record:
    return Record(f"{number:030d}", float(number), float(number), b"x" * size)


def _batcher(count: int = 0, *, records: int = 3, window_s: float = 10.0, payload_bytes: int = 1_000) -> Batcher:
    batcher = Batcher(BatchLimits(records=records, window_s=window_s, idle_s=0.3, payload_bytes=payload_bytes))
    batcher.add((_record(number) for number in range(count)), now_s=100.0)
    return batcher


@pytest.mark.parametrize(
    ("count", "now_s", "is_tip", "expected"),
    [
        pytest.param(0, 200.0, True, 0, id="nothing waits"),
        pytest.param(2, 100.2, True, 0, id="open: tip, but the stream was active just now"),
        pytest.param(2, 100.5, True, 2, id="closed: tip and quiet"),
        pytest.param(2, 105.0, False, 0, id="open: quiet, but more is in the shard"),
        pytest.param(2, 110.0, False, 2, id="closed: window over"),
        pytest.param(3, 100.0, False, 3, id="closed: full"),
        pytest.param(7, 100.0, False, 3, id="closed: more than full"),
    ],
)
def test_a_batch_closes_by_count_window_or_quiet(count: int, now_s: float, *, is_tip: bool, expected: int) -> None:
    """A batch closes when it is full, when its window is over, or when the stream is quiet at the tip."""
    assert len(_batcher(count).take(now_s, is_tip=is_tip)) == expected


def test_the_window_starts_at_the_first_record_of_the_batch() -> None:
    """Later records do not prolong the window."""
    batcher = _batcher(1)
    batcher.add([_record(1)], now_s=109.9)
    assert len(batcher.take(110.0, is_tip=False)) == 2


def test_a_batch_closes_at_the_payload_limit() -> None:
    """The event of a batch stays within the limit, and would not with one record more."""
    limit = ENVELOPE_BYTES + 3 * 11
    batcher = _batcher(4, records=100, payload_bytes=limit)
    batch = batcher.take(100.0, is_tip=False)
    assert len(batch) == 3
    assert len(event_payload(batch)) <= limit < len(event_payload([*batch, _record(3)]))


def test_a_record_above_the_payload_limit_travels_alone() -> None:
    """A record that can never fit does not block the shard."""
    batcher = _batcher(records=100, payload_bytes=50)
    batcher.add([_record(0, 200), _record(1)], now_s=0.0)
    assert [len(batcher.take(0.0, is_tip=False)), len(batcher.take(20.0, is_tip=False))] == [1, 1]


@given(
    sizes=st.lists(st.integers(1, 120), max_size=60),
    records=st.integers(1, 10),
    chunk=st.integers(1, 9),
)
def test_batches_hold_every_record_once_in_order(sizes: list[int], records: int, chunk: int) -> None:
    """However records arrive, the batches joined are the records, and no batch breaks a limit."""
    everything = [_record(number, size) for number, size in enumerate(sizes)]
    batcher = _batcher(records=records, payload_bytes=200)
    batches = []
    for start in range(0, len(everything), chunk):
        batcher.add(everything[start : start + chunk], now_s=0.0)
        while batch := batcher.take(0.0, is_tip=False):
            batches.append(batch)
    while batch := batcher.take(1e9, is_tip=True):
        batches.append(batch)
    assert [record for batch in batches for record in batch] == everything
    assert all(len(batch) <= records for batch in batches)
    assert all(len(event_payload(batch)) <= 200 or len(batch) == 1 for batch in batches)
    assert len(batcher) == 0
