"""The simulated recovery, and the check that everything is there exactly once afterwards."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from clickstream.intake.rows import Row, Rows, Source, read
from clickstream.ledger import Commit
from clickstream.positions import START
from clickstream.stream.processing import CONSUMER
from clickstream.tables import RAW_EVENTS
from tests.simulation.recovery_parts import CodeVersion, unpacked
from tests.simulation.recovery_schedule import EPOCH, RecoverySchedule

_NAMES = RAW_EVENTS.schema.names
_PLACE = [_NAMES.index(name) for name in ("shard_id", "sequence_number", "sub_sequence")]
_RECEIVED = _NAMES.index("received_time")


class RecoveryWorld(RecoverySchedule):
    """One schedule and its judge."""

    def commits(self) -> list[Commit]:
        """Every commit."""
        return [commit for lane in self.ledger.lanes(CONSUMER) for commit in self.ledger.commits(lane)]

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""
        left = [f"{key} is still in the failure bucket" for key in self.failures.objects]
        return [*left, *self._chains(), *self._records(), *self._events(), *self._pages(), *self._work()]

    def _chains(self) -> Iterator[str]:
        for lane in self.ledger.lanes(CONSUMER):
            previous = START
            for commit in self.ledger.commits(lane):
                if not commit.previous == previous < commit.last:
                    yield f"the chain of {lane} is broken at {commit.previous}"
                previous = commit.last
        in_table = sum(item["pk"].startswith("commit#") for item in self.ledger_table.everything())
        if in_table != len(self.commits()):
            yield "a commit stands in an unknown lane"

    def _records(self) -> Iterator[str]:
        """Each record is in exactly one commit, and every commit adds up."""
        for commit in self.commits():
            rows = {kind: sum(o.rows for o in commit.objects if o.kind == kind) for kind in ("landing", "bad_events")}
            if (commit.landed, commit.bad + commit.recovered) != (rows["landing"], rows["bad_events"]):
                yield f"the objects of a commit of {commit.lane} do not add up"
            if commit.events != commit.landed + commit.bad:
                yield f"a commit of {commit.lane} does not add up"
        for poller in self.pollers:
            commits = [commit for commit in self.commits() if commit.lane.main.shard_id == poller.shard_id]
            for record in poller.records:
                if (count := sum(commit.covers(record.position) for commit in commits)) != 1:
                    yield f"record {record.sequence_number} is in {count} commits"

    def _expected(self) -> Rows:
        """Every event, as the fixed code reads it."""
        good: list[Row] = []
        bad: list[Row] = []
        for poller in self.pollers:
            found = read(poller.records, Source(EPOCH, poller.shard_id), CodeVersion("2", b"key"))
            good += found.good
            bad += found.bad
        return Rows(good, bad, len(good) + len(bad))

    def _landed(self) -> list[Row]:
        keys = [landed.key for commit in self.commits() for landed in commit.objects if landed.kind == "landing"]
        return [row for key in keys for row in unpacked(self.bucket.get(key), RAW_EVENTS)]

    def _events(self) -> Iterator[str]:
        """Each event that the fixed code accepts has landed once; the others are the open bad events."""
        expected = self._expected()
        landed, wanted = Counter(map(_place, self._landed())), Counter(map(_place, expected.good))
        if lost := wanted - landed:
            yield f"{lost.total()} events have not landed"
        if doubled := landed - wanted:
            yield f"{doubled.total()} events have landed twice"
        if (open_bad := sum(commit.bad for commit in self.commits())) != len(expected.bad):
            yield f"{open_bad} bad events are open, {len(expected.bad)} should be"

    def _pages(self) -> Iterator[str]:
        """The pages of all lanes together count every landed event in its minute."""
        pages: Counter[tuple[str, str]] = Counter()
        for page in self.counters.everything():
            pages[page["pk"], page["sk"].partition("#")[0]] += page["events"]
        times = [row[_RECEIVED] for row in self._expected().good]
        if pages != Counter((f"{time:%Y-%m-%d}", f"{time:%H:%M}") for time in times):
            yield "the counters differ from the events"

    def _work(self) -> Iterator[str]:
        listed = sorted(landed.key for hour in self.ledger.hours() for landed in self.ledger.work(hour))
        if listed != sorted(landed.key for commit in self.commits() for landed in commit.objects):
            yield "the work list differs from the commits"


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(row[index] for index in _PLACE)
