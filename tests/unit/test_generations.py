"""The commit log of an hour, and the way from event time to received hours."""

from datetime import UTC, datetime

import pytest

from clickstream.errors import InfrastructureError, LakeError
from clickstream.lake.generations import commit, hour_after, lake_commits, newest
from clickstream.lake.intervals import received_hours
from tests.simulation.fake_lake import generation
from tests.simulation.fakes import MemoryBucket


class LostReplies(MemoryBucket):
    """A bucket whose next `put_new` fails, with or without effect."""

    takes_effect = True

    def put_new(self, key: str, body: bytes) -> None:
        """Write or not, then time out."""
        if self.takes_effect:
            super().put_new(key, body)
        raise InfrastructureError("timed out")


def instant(text: str) -> datetime:
    """A UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_newest_generation_is_the_greatest_number() -> None:
    """Ten generations on, the tenth is the newest, and other hours are not touched."""
    bucket = MemoryBucket()
    for number in range(1, 11):
        assert commit(bucket, generation("2026-11-21T09", number))
    assert newest(bucket, "2026-11-21T09") == generation("2026-11-21T09", 10)
    assert newest(bucket, "2026-11-21T10") is None


def test_an_hour_is_no_prefix_of_another() -> None:
    """Hour 1 has no generation because hour 11 has one."""
    bucket = MemoryBucket()
    commit(bucket, generation("2026-11-21T11"))
    assert newest(bucket, "2026-11-21T01") is None


def test_a_generation_number_is_created_once() -> None:
    """The second run that commits the number is told that it lost; the first may ask again."""
    bucket = MemoryBucket()
    assert commit(bucket, generation("2026-11-21T09", run_id="one"))
    assert not commit(bucket, generation("2026-11-21T09", run_id="two"))
    assert commit(bucket, generation("2026-11-21T09", run_id="one"))


def test_a_commit_without_reply_is_looked_up() -> None:
    """If it arrived it is ours; if it did not, the caller must not clean up, so the error is passed on."""
    bucket = LostReplies()
    assert commit(bucket, generation("2026-11-21T09"))
    bucket.takes_effect = False
    with pytest.raises(InfrastructureError):
        commit(bucket, generation("2026-11-21T09", 2))


def test_a_commit_without_reply_that_met_another_is_lost() -> None:
    """The other run's commit stands under the number."""
    bucket, other = LostReplies(), MemoryBucket()
    commit(other, generation("2026-11-21T09", run_id="other"))
    bucket.objects, bucket.takes_effect = other.objects, False
    assert not commit(bucket, generation("2026-11-21T09", run_id="mine"))


def test_the_lake_is_read_in_order_of_hours() -> None:
    """Each hour gives its newest generation only; hour 10 comes after hour 9."""
    bucket = MemoryBucket()
    for hour, number in [("2026-11-21T10", 1), ("2026-11-21T09", 1), ("2026-11-21T09", 2)]:
        commit(bucket, generation(hour, number))
    assert [(one.hour, one.generation) for one in lake_commits(bucket)] == [("2026-11-21T09", 2), ("2026-11-21T10", 1)]


def test_an_unreadable_commit_is_named() -> None:
    """Broken JSON and a stray file both stop the reader with the key."""
    bucket = MemoryBucket()
    bucket.put(generation("2026-11-21T09").key, b"{")
    with pytest.raises(LakeError, match="00000001"):
        list(lake_commits(bucket))
    stray = MemoryBucket()
    stray.put("_commits/notes.txt", b"")
    with pytest.raises(LakeError, match=r"notes\.txt"):
        list(lake_commits(stray))


def test_hours_follow_each_other_across_days() -> None:
    """Hour texts count over midnight in both directions."""
    assert hour_after("2026-12-31T23") == "2027-01-01T00"
    assert hour_after("2026-03-01T00", -1) == "2026-02-28T23"


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-21", "2026-11-22", ["2026-11-21T09", "2026-11-22T00", "2026-11-29T05"]),
        ("2026-11-22", "2026-11-23", ["2026-11-22T00"]),
        ("2026-11-21T23:59:59", "2026-11-22T00:00:01", ["2026-11-21T09", "2026-11-22T00", "2026-11-29T05"]),
        ("2026-11-29", "2026-11-30", ["2026-11-29T05"]),
        ("2026-11-23", "2026-11-29", []),
        ("2026-11-21", "2026-11-21", []),
        ("1970-01-01", "1970-01-02", ["2026-11-29T05"]),
    ],
)
def test_an_interval_finds_the_hours_that_hold_it(start: str, end: str, hours: list[str]) -> None:
    """Late and ancient events are found where they arrived; the end is excluded; hours without such rows are not."""
    bucket = MemoryBucket()
    commit(bucket, generation("2026-11-21T09", d2026_11_21=9))
    commit(bucket, generation("2026-11-22T00", d2026_11_21=1, d2026_11_22=9))
    commit(bucket, generation("2026-11-29T05", d1970_01_01=1, d2026_11_21=1, d2026_11_29=9))
    assert received_hours(bucket, instant(start), instant(end)) == hours


def test_an_interval_is_asked_of_the_newest_generation() -> None:
    """Rows that only an older generation held are not looked for."""
    bucket = MemoryBucket()
    commit(bucket, generation("2026-11-21T09", 1, d2026_11_20=1, d2026_11_21=9))
    commit(bucket, generation("2026-11-21T09", 2, d2026_11_21=9))
    assert received_hours(bucket, instant("2026-11-20"), instant("2026-11-21")) == []
