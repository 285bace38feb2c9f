"""Erasure where it meets damage, a replay that nobody has decided on, and events that are sent once more."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from clickstream.errors import LakeError
from clickstream.lake import replaying
from clickstream.lake.compaction import compact_hours
from clickstream.lake.erasing import Places
from clickstream.lake.generations import newest
from clickstream.lake.refusals import SEEN_KEY
from clickstream.lake.replaying import prepared_hours, replay, swap
from clickstream.lake.restoring import prepare
from clickstream.lake.retention import first_hour, remove_expired
from tests.simulation.erasure_scene import REFUSED, WORDS
from tests.simulation.erasure_world import (
    PERSON,
    SESSION,
    ask_for,
    canary,
    other,
    places,
    refuse,
    rows_of,
    run,
    traces_of,
    with_lake,
)
from tests.simulation.fake_lake import HOUR, NEXT, land
from tests.simulation.fakes import MemoryBucket


def scene() -> Places:
    """A compacted hour with the person, and a request."""
    world = places()
    land(world.lake, HOUR, [canary("c1", 1), other("o1", 2)])
    list(compact_hours(world.lake, [HOUR]))
    return world


def seen(world: Places) -> Counter[str]:
    """Ids that a query finds."""
    return Counter(row["event_id"] for row in rows_of(world))


@pytest.mark.parametrize("body", [b"?", b"PAR1 and no more"], ids=["no Parquet", "cut"])
def test_a_damaged_object_does_not_stop_an_hour_in_which_somebody_was_erased(body: bytes) -> None:
    """It is set aside as everywhere else, and its rows stay in the books."""
    world = scene()
    ask_for(world)
    run(world)
    world.lake.bucket.put(land(world.lake, HOUR, [other("o2", 3)]), body)
    land(world.lake, HOUR, [canary("c1", 4), other("o3", 5)])
    outcomes = list(compact_hours(world.lake, [HOUR]))
    assert [outcome.result for outcome in outcomes] == ["compacted"]
    found = newest(world.lake.bucket, HOUR)
    assert found is not None
    assert (len(found.unreadable), found.quarantined, found.erased) == (1, 1, 2)
    assert seen(world) == Counter(["o1", "o3"])


def test_an_undecided_replay_goes_with_the_person() -> None:
    """Its files are removed like replaced ones, and it cannot be swapped in any more."""
    world = scene()
    replay(world.lake, HOUR, "run", is_from_landing=False)
    ask_for(world)
    record = run(world)
    assert record is not None
    assert record.state == "done"
    assert traces_of(world, *WORDS) == []
    assert swap(world.lake, HOUR) == "overtaken"
    assert seen(world) == Counter(["o1"])


def test_a_replay_that_slept_through_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files were not there when the erasure searched; they go, and the sentence says what to do."""
    world = scene()

    def slept(*arguments: Any) -> Any:
        made = prepare(*arguments)
        ask_for(world)
        run(world)
        return made

    monkeypatch.setattr(replaying, "prepare", slept)
    with pytest.raises(LakeError, match="somebody was erased meanwhile; replay it again"):
        replay(world.lake, HOUR, "run", is_from_landing=False)
    assert list(prepared_hours(world.lake)) == []
    assert traces_of(world, *WORDS) == []


def test_events_that_are_sent_once_more_leave_no_live_item() -> None:
    """Their session was made again by the stream; the next run removes it, before compaction erases the rows."""
    world = scene()
    ask_for(world)
    run(world)
    land(world.lake, NEXT, [canary("c1", 11), other("o2", 12)])
    for table in (world.session_metrics, world.anomalies):
        table.put({"pk": SESSION, "sk": "lane", "events": 1})
        table.put({"pk": "other-session", "sk": "lane", "events": 1})
    assert run(world) is None
    list(compact_hours(world.lake, [HOUR, NEXT]))
    assert seen(world) == Counter(["o1", "o2"])
    assert [item["pk"] for item in world.session_metrics.scan()] == ["other-session"]
    assert [item["pk"] for item in world.anomalies.scan()] == ["other-session"]


def test_no_payload_of_anybody_is_read_without_a_request() -> None:
    """A lake in which nobody was ever erased costs a listing."""
    world = scene()
    key = land(world.lake, NEXT, [other("o2", 12)])
    world.lake.bucket.put(key, b"never read")
    assert run(world) is None


def test_a_person_in_an_hour_past_its_retention_goes_with_its_files() -> None:
    """No generation takes their place: the request waits for their end, and is then closed."""
    world = scene()
    ask_for(world)
    limit, states = timedelta(days=10), []
    for age in (limit + timedelta(days=1), limit + timedelta(days=4)):
        now = world.lake.clock() + age
        later = with_lake(world, clock=lambda now=now: now, first_hour=first_hour(now, limit.days))
        remove_expired(later.lake)
        record = run(later)
        assert record is not None
        states.append((record.state, [key.partition("/")[0] for key in traces_of(world, PERSON)]))
    assert states == [("open", ["raw_events", "erasures r1"]), ("done", [])]


def test_a_refused_payload_that_is_sent_once_more_is_emptied_again() -> None:
    """The same bytes are known by their digest after the request is done; other refused payloads stay."""
    world = scene()
    refuse(world, REFUSED, 6)
    ask_for(world)
    record = run(world)
    assert record is not None
    assert (record.state, record.bad_events) == ("done", 1)
    refuse(world, REFUSED, 7)
    refuse(world, b'{"user_id": "somebody"', 8)
    assert traces_of(world, *WORDS) != []
    assert run(world) is None
    assert traces_of(world, *WORDS) == []
    assert len(traces_of(world, "somebody")) == 1


class CountedReads(MemoryBucket):
    """Notes which files of refused events were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        self.read |= {key} if key.startswith("bad_events/") else set()
        return super().get(key)


def test_refused_payloads_are_looked_through_once() -> None:
    """A run reads the files of the last hour and those that came since; all, if its note is damaged."""
    bucket = CountedReads()
    world = with_lake(places(), bucket=bucket)
    land(world.lake, HOUR, [canary("c1", 1)])
    refuse(world, REFUSED, 6)
    ask_for(world)
    run(world)
    for place, payload in ((7, b"[]"), (8, REFUSED)):
        bucket.now += timedelta(hours=2)
        refuse(world, payload, place)
        run(world)
    assert traces_of(world, *WORDS) == []
    bucket.read.clear()
    run(world)
    assert {key.rpartition("-")[2] for key in bucket.read} == {"8.parquet"}
    bucket.put(SEEN_KEY, b"?")
    bucket.read.clear()
    run(world)
    assert len(bucket.read) == 3
