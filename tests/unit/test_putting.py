"""Records of a request into a stream that refuses, hangs and loses replies."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from clickstream.collecting.packing import PackedRecord
from clickstream.collecting.putting import LONGEST_PAUSE_S, Patience, put_all
from clickstream.errors import InfrastructureError

REFUSED = "ProvisionedThroughputExceededException"


@dataclass
class Stream:
    """Takes records as a script says, one word a call: a lost reply, a call that never arrived, or who is refused."""

    script: list[str]
    refuse: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  a script
    taken: list[PackedRecord] = field(default_factory=list)
    calls: list[list[PackedRecord]] = field(default_factory=list)

    def __call__(self, records: Sequence[PackedRecord]) -> list[str]:
        """One call."""
        self.calls.append(list(records))
        word = self.script.pop(0) if self.script else "take"
        if word == "unreachable":
            raise InfrastructureError("nobody answers")
        refused = [word == "refuse" or (word == "some" and self.refuse.random() < 0.5) for _ in records]
        self.taken += [record for record, is_refused in zip(records, refused, strict=True) if not is_refused]
        if word == "lost":
            raise InfrastructureError("the reply was lost")
        return [REFUSED if is_refused else "" for is_refused in refused]


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    left_s: float
    slept: list[float] = field(default_factory=list)

    def patience(self) -> Patience:
        """Until this clock is out."""
        return Patience(lambda: self.left_s, self.sleep, random.Random(7))  # noqa: S311  a script

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.left_s -= seconds


def record(bucket: int, number: int = 0) -> PackedRecord:
    """The so-manieth record of a bucket."""
    return PackedRecord(b"%d-%d" % (bucket, number), f"b{bucket:03d}", str(bucket), 1)


SCRIPTS = st.lists(st.sampled_from(["take", "some", "refuse", "lost", "unreachable"]), max_size=12)


@given(script=SCRIPTS, buckets=st.lists(st.integers(0, 4), min_size=1, max_size=20), seconds=st.floats(0, 8))
def test_what_is_called_taken_is_in_the_stream(script: list[str], buckets: list[int], seconds: float) -> None:
    """Whatever the stream does, every record is in it or is counted as left."""
    counts: Counter[int] = Counter()
    records = []
    for bucket in buckets:
        records.append(record(bucket, counts[bucket]))
        counts[bucket] += 1
    stream = Stream(script)
    outcome = put_all(records, stream, Clock(seconds).patience())
    assert outcome.taken + outcome.left == len(records)
    missing = set(records) - set(stream.taken)
    assert len(missing) <= outcome.left
    if not outcome.left:
        assert set(stream.taken) == set(records)


@given(script=SCRIPTS, sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_bucket_stays_in_order(script: list[str], sizes: list[int]) -> None:
    """First copies of a bucket's records are in the order of the request, and no call holds two of a bucket."""
    stream = Stream(script)
    put_all([record(b, n) for b, size in enumerate(sizes) for n in range(size)], stream, Clock(60).patience())
    arrived: dict[str, list[bytes]] = defaultdict(list)
    for one in stream.taken:
        if one.data not in arrived[one.partition_key]:
            arrived[one.partition_key].append(one.data)
    for bucket, size in enumerate(sizes):
        assert arrived[f"b{bucket:03d}"] == [record(bucket, n).data for n in range(size)]
    assert all(len({one.partition_key for one in call}) == len(call) for call in stream.calls)


def test_only_what_was_refused_is_put_again() -> None:
    """A second call holds the refused records, byte for byte, and none that were taken."""
    stream = Stream(["some"])
    records = [record(bucket) for bucket in range(6)]
    outcome = put_all(records, stream, Clock(60).patience())
    first, second = stream.calls
    assert 0 < len(second) < len(first)
    assert sorted(one.data for one in stream.taken) == sorted(one.data for one in records)
    assert (outcome.taken, outcome.resent, outcome.problem) == (6, len(second), REFUSED)


def test_a_lost_reply_is_answered_by_the_same_bytes() -> None:
    """Nobody knows whether the records are in the stream, so they are put again as they were."""
    stream = Stream(["lost"])
    outcome = put_all([record(1)], stream, Clock(60).patience())
    assert stream.taken == [record(1), record(1)]
    assert (outcome.taken, outcome.left) == (1, 0)


def test_a_stream_that_takes_nothing_ends_with_the_time() -> None:
    """Tries end when the time does, pauses grow to a limit, and everything is left."""
    clock = Clock(10)
    stream = Stream(["refuse"] * 1_000)
    outcome = put_all([record(1), record(2)], stream, clock.patience())
    assert (outcome.taken, outcome.left, outcome.problem) == (0, 2, REFUSED)
    assert 0 <= clock.left_s <= LONGEST_PAUSE_S
    assert max(clock.slept) <= LONGEST_PAUSE_S
    assert len(stream.calls) < 25


def test_one_call_is_made_without_time() -> None:
    """A request that comes when no time is left gets its one chance."""
    stream = Stream([])
    assert put_all([record(1)], stream, Clock(-1).patience()).left == 0


def test_no_records_need_no_call() -> None:
    """A request without events leaves the stream alone."""
    stream = Stream([])
    assert put_all([], stream, Clock(1).patience()).taken == 0
    assert not stream.calls
