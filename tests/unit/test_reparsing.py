"""Bad events that come back: as what they were, where they were, once."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from clickstream.errors import LakeError
from clickstream.intake import envelopes
from clickstream.intake.archive import rows_of
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.rows import Rows, Source, read
from clickstream.lake.accounting import contradictions
from clickstream.ledger import Commit, LandedObject, Ledger
from clickstream.positions import Epochs, Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor
from clickstream.stream.reparsing import Reader, Reparser, bad_objects, parsed, runs
from clickstream.tables import RAW_EVENTS
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record, zstd
from tests.simulation.recovery_parts import CodeVersion

LANE = Lane("process_events", SOURCE.epoch, SOURCE.shard_id)
NOW = ARRIVAL + timedelta(minutes=1)


def strict(records: Iterable[Record], source: Source) -> Rows:
    """The code before a fix: it takes no record with several events, and refuses the events of one user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelopes, "MAX_EVENTS_PER_RECORD", 1)
        return read(records, source, CodeVersion("1", b"key"))


def fixed(records: Iterable[Record], source: Source) -> Rows:
    """The code after the fix."""
    return read(records, source, CodeVersion("2", b"key"))


class Place:
    """A ledger with one batch of bad events in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *payloads: bytes) -> None:
        self.bucket = MemoryBucket()
        self.counters = MemoryTable()
        self.ledger = Ledger(MemoryTable(), self.bucket)
        self.applier = Applier(self.ledger, self.counters, MemoryTable(), 30, lambda: NOW)
        monkeypatch.setattr("clickstream.stream.processing.read", lambda records, source, *_: strict(records, source))
        epochs = Epochs(lambda _: SOURCE.epoch, lambda: NOW)
        processor = EventProcessor(self.ledger, self.bucket, self.applier, epochs, lambda: NOW)
        records = tuple(record(payload, number) for number, payload in enumerate(payloads, start=1))
        processor.process(Batch("arn", SOURCE.shard_id, records), "run-0")

    def recover(self, read_now: Reader = fixed, reason: str | None = None) -> int:
        """Reparse everything; how many bad events came back."""
        reparser = Reparser(self.ledger, self.bucket, self.applier, lambda: NOW, read_now)
        lanes = self.ledger.lanes("process_events")
        found = [reparser.reparse(lane, landed, "run-1", reason) for lane, landed in bad_objects(self.ledger, lanes)]
        return sum(one.recovered for one in found)

    @property
    def commits(self) -> list[Commit]:
        """Commits of the reparse lane."""
        return list(self.ledger.commits(LANE.reparse))

    def landed(self) -> list[tuple[str, int, int]]:
        """Event id, record number and place in it of every event that came back."""
        names = RAW_EVENTS.schema.names
        wanted = [names.index(name) for name in ("event_id", "sequence_number", "sub_sequence")]
        objects = [landed for one in self.commits for landed in one.objects if landed.kind == "landing"]
        rows = [row for landed in objects for row in rows_of(self.bucket, landed)]
        found = [tuple(row[index] for index in wanted) for row in rows]
        return [(event_id, int(number), place) for event_id, number, place in found]


def test_a_record_that_can_be_opened_now_gives_all_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad record becomes two events and one bad event, and every sum still holds."""
    packed = zstd(b"\n".join((encoded(event_id="a"), b"{", encoded(event_id="c"))))
    place = Place(monkeypatch, packed)
    assert place.recover() == 1
    (found,) = place.commits
    assert (found.events, found.landed, found.bad, found.recovered) == (2, 2, 0, 1)
    assert list(contradictions(found)) == []
    assert place.landed() == [("a", 1, 0), ("c", 1, 2)]
    assert sum(page["events"] for page in place.counters.scan()) == 2
    assert place.recover() == 0


def test_an_event_keeps_its_place_in_a_packed_record() -> None:
    """An over-long event, of which the packed record was kept, comes back alone and as the second of its record."""
    packed = record(zstd(b"\n".join((encoded(event_id="short"), encoded(event_id="long")))))
    row = ("too_large", "too long", packed.data, ARRIVAL, *SOURCE, packed.position, 1)
    names = RAW_EVENTS.schema.names
    wanted = [names.index(name) for name in ("event_id", "sub_sequence", "received_time")]
    found = parsed(row, SOURCE, fixed)
    assert [tuple(good[index] for index in wanted) for good in found.good] == [("long", 1, ARRIVAL)]


def test_an_event_that_looks_like_a_packed_record_stays_one() -> None:
    """Bytes inside a packed record that happen to open again are still one bad event."""
    inner = zstd(b"\n".join((encoded(event_id="a"), encoded(event_id="b"))))
    row = ("not_utf8", "", inner, ARRIVAL, *SOURCE, record(inner).position, 1)
    assert list(parsed(row, SOURCE, fixed).good) == []


def test_what_is_still_bad_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a fix nothing is written; with a filter only bad events of that reason are looked at."""
    place = Place(monkeypatch, b"{", encoded(event_id="x", user_id="quirk"))
    assert place.recover(strict) == 0
    assert place.recover(reason="not_json") == 0
    assert place.commits == []
    assert place.recover(reason="wrong_type") == 1


def test_a_look_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`look` says what would come back, before and after."""
    place = Place(monkeypatch, encoded(event_id="x", user_id="quirk"))
    reparser = Reparser(place.ledger, place.bucket, place.applier, lambda: NOW, fixed)
    ((lane, landed),) = bad_objects(place.ledger, place.ledger.lanes("process_events"))
    assert reparser.look(lane, landed).recovered == 1
    assert place.commits == []
    place.recover()
    assert reparser.look(lane, landed).looked_at == 0


def test_many_bad_events_take_several_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item of DynamoDB is bounded: a large object is taken back in parts, each once."""
    monkeypatch.setattr("clickstream.stream.reparsing.ROWS_PER_COMMIT", 2)
    place = Place(monkeypatch, *(encoded(event_id=str(n), user_id="quirk") for n in range(5)))
    assert place.recover() == 5
    assert [one.recovered for one in place.commits] == [2, 2, 1]
    assert place.recover() == 0


def test_garbage_collection_sees_what_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A landed object of the reparse lane is found by its records, so that it is no orphan before it is applied."""
    place = Place(monkeypatch, encoded(event_id="x", user_id="quirk"))
    place.recover()
    position = record(b"").position
    assert place.commits[0] in place.ledger.covering(LANE, position, position)


def test_runs() -> None:
    """Neighbouring numbers are one run."""
    assert runs([1, 2, 3, 5, 8, 9]) == ((1, 3), (5, 5), (8, 9))
    assert runs([]) == ()


@pytest.mark.parametrize(("body", "problem"), [(b"no parquet", "cannot be read"), (None, "holds 1 rows where 2")])
def test_a_damaged_object_is_refused(monkeypatch: pytest.MonkeyPatch, body: bytes | None, problem: str) -> None:
    """An object that is unreadable, or holds another number of rows, stops its recovery."""
    place = Place(monkeypatch, b"{")
    ((_, landed),) = bad_objects(place.ledger, place.ledger.lanes("process_events"))
    place.bucket.put("copy", body or place.bucket.get(landed.key))
    with pytest.raises(LakeError, match=problem):
        rows_of(place.bucket, LandedObject("copy", "bad_events", landed.hour, 2))


def test_partial_is_a_reader() -> None:
    """The reader that the command makes has the shape that a reparse needs."""
    assert partial(read, pseudonym=None)([record(b"{")], SOURCE).events == 1
