"""The ledger: one commit per processed batch, the only thing that makes an archived object and its counts exist.

A commit is one item under the key (lane, position of its predecessor). DynamoDB lets only one writer create a key, so a
lane is a chain without forks. A commit names the exact ranges of records it covers, the objects it archived and the
counter deltas, which makes it a redo log: everything that follows can be done again from it.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from clickstream.errors import LedgerError
from clickstream.ports import Bucket, Item, Key, Table
from clickstream.positions import Lane
from clickstream.tables import DELTAS_PREFIX

Kind = Literal["landing", "bad_events"]
INLINE_BYTES = 350_000
"""An item may hold 400 KB: the deltas of a commit that would be larger than this go to an object beside it."""


class LandedObject(msgspec.Struct, frozen=True):
    """One immutable object of one received hour (`2026-11-21T09`) and its row count."""

    key: str
    kind: Kind
    hour: str
    rows: int


class Range(msgspec.Struct, frozen=True, array_like=True):
    """Padded sequence numbers of the first and the last record of a contiguous run, both included."""

    first: str
    last: str

    def holds(self, position: str) -> bool:
        """Whether a padded sequence number lies in the run."""
        return self.first <= position <= self.last


class Reparsed(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one `bad_events` object that a commit takes back: runs of row numbers, first and last included."""

    key: str
    runs: tuple[tuple[int, int], ...]

    def numbers(self) -> Iterator[int]:
        """The row numbers, in order."""
        for first, last in self.runs:
            yield from range(first, last + 1)


class PageDelta(msgspec.Struct):
    """What one commit adds to one received minute."""

    events: int = 0
    event_types: dict[str, int] = {}
    channels: dict[str, int] = {}
    devices: dict[str, int] = {}
    pages: dict[str, int] = {}
    """Page views by path template."""
    countries: dict[str, int] = {}
    latencies: dict[str, int] = {}
    """Events by the milliseconds from event to arrival, in buckets; see `sketches.durations`."""
    visitors: bytes = b""
    """Sketch of the distinct visitors: `user_id`, without one `anonymous_id`, without one `session_id`."""
    sessions: bytes = b""
    """Sketch of the distinct sessions; see `sketches.distinct`."""


class Commit(msgspec.Struct, frozen=True):
    """One batch, done. `deltas` is keyed by received minute (`2026-11-21T09:05`)."""

    lane: Lane
    previous: str
    """`last` of the predecessor, or START: the sort key."""
    last: str
    """Greatest padded sequence number; in a fill lane the padded ordinal of the commit."""
    ranges: tuple[Range, ...]
    objects: tuple[LandedObject, ...]
    records: int
    events: int
    landed: int
    bad: int
    run_id: str
    written_time: str
    code_version: str
    deltas: dict[str, PageDelta] = {}
    hours: dict[str, int] = {}
    """Records by received hour (`2026-11-21T09`)."""
    reparsed: tuple[Reparsed, ...] = ()
    """Only in a reparse lane: the bad events that are no longer bad. There `bad` counts them off, so it is negative."""

    @property
    def recovered(self) -> int:
        """How many bad events the commit takes back."""
        return sum(last - first + 1 for taken in self.reparsed for first, last in taken.runs)

    def covers(self, position: str) -> bool:
        """Whether the record with this padded sequence number is part of the commit."""
        return any(run.holds(position) for run in self.ranges)


class HourMark(msgspec.Struct, frozen=True):
    """With what a received hour was compared when nothing was left to do in it, see `lake/settled.py`."""

    generation: int | None
    before: int | None
    """Generation of the hour before."""
    folder: str
    """Where readers of the hour are sent; empty without a generation."""
    has_bad_events: bool
    tombstones: int


class Ledger:
    """Reads and appends commits, and keeps the work list of the compactor. Holds no state of its own."""

    def __init__(self, table: Table, bucket: Bucket) -> None:
        self._table = table
        self._bucket = bucket

    def head(self, lane: Lane) -> Commit | None:
        """The newest commit of the lane."""
        for item in self._table.query(_commit_pk(lane), descending=True, limit=1):
            return self._decode(item)
        return None

    def commits(self, lane: Lane) -> Iterator[Commit]:
        """All commits of the lane, oldest first."""
        return map(self._decode, self._table.query(_commit_pk(lane)))

    def commits_since(self, lane: Lane, written: datetime) -> Iterator[Commit]:
        """The lane's commits that were written from this instant on, newest first."""
        for commit in map(self._decode, self._table.query(_commit_pk(lane), descending=True)):
            if datetime.fromisoformat(commit.written_time) < written:
                return
            yield commit

    def commits_from(self, lane: Lane, position: str) -> Iterator[Commit]:
        """The commits of a shard's own lane that end at or after the position, oldest first."""
        # The key of the commit that holds the position is below it, and maybe one more, that begins right behind it.
        below = list(self._table.query(_commit_pk(lane), last=position, descending=True, limit=2))
        first = str(below[-1]["sk"]) if below else ""
        yield from map(self._decode, self._table.query(_commit_pk(lane), first=first))

    def covering(self, lane: Lane, first: str, last: str) -> list[Commit]:
        """The lane's commits that may hold a record of `first … last`, and all of the lanes beside it."""
        main = self._table.query(_commit_pk(lane), last=last, descending=True)
        found = []
        for commit in map(self._decode, main):
            if commit.last < first:
                break
            found.append(commit)
        return [*found, *self.commits(lane.fill), *self.commits(lane.reparse)]

    def append(self, commit: Commit) -> None:
        """Write the commit; this is the commit point. Raises `Conflict` if the lane already has this successor."""
        self._table.put_new(self._encode(commit))

    def at(self, lane: Lane, previous: str) -> Commit | None:
        """The commit that follows `previous`."""
        item = self._table.get(Key(_commit_pk(lane), previous))
        return self._decode(item) if item else None

    def lanes(self, consumer: str) -> list[Lane]:
        """Every lane of the consumer that ever committed: main, fill and reparse."""
        items = self._table.query(_LANES_PK, first=f"{consumer}/", last=f"{consumer}/\x7f")
        return [Lane(*str(item["sk"]).split("/")) for item in items]

    def register(self, lane: Lane) -> None:
        """Make the lane known to `lanes`; done before its first commit."""
        self._table.put({"pk": _LANES_PK, "sk": str(lane)})

    def add_work(self, commit: Commit) -> None:
        """Tell the compactor which objects the commit added to which hours, which takes their marks. Safe to repeat."""
        for hour in sorted({landed.hour for landed in commit.objects}):
            objects = [msgspec.to_builtins(landed) for landed in commit.objects if landed.hour == hour]
            self._table.put({"pk": _hour_pk(hour), "sk": f"{commit.lane}#{commit.previous}", "objects": objects})
            self._table.put({"pk": _HOURS_PK, "sk": hour})

    def hours(self) -> list[str]:
        """Every received hour that ever got an object, oldest first."""
        return [str(item["sk"]) for item in self._table.query(_HOURS_PK)]

    def marks(self) -> dict[str, HourMark | None]:
        """The same hours, each with its mark."""
        items = self._table.query(_HOURS_PK)
        return {str(item["sk"]): msgspec.convert(item.get("mark"), HourMark | None) for item in items}

    def claim(self, hour: str, claim: int) -> None:
        """Announce a look at an hour that is on the list; a mark that it has is taken away."""
        self._table.put({"pk": _HOURS_PK, "sk": hour, "rev": claim})

    def settle(self, hour: str, claim: int, mark: HourMark) -> None:
        """Mark the hour. Raises `Conflict` if anything was added to it, or claimed, since this claim."""
        settled = {"rev": claim + 1, "mark": msgspec.to_builtins(mark)}
        self._table.put_revision({"pk": _HOURS_PK, "sk": hour} | settled, claim)

    def work(self, hour: str) -> list[LandedObject]:
        """Every object that commits added to the hour, of both kinds."""
        items = self._table.query(_hour_pk(hour))
        return [msgspec.convert(landed, LandedObject) for item in items for landed in item["objects"]]

    def _encode(self, commit: Commit) -> Item:
        item: Item = msgspec.to_builtins(commit) | {"pk": _commit_pk(commit.lane), "sk": commit.previous}
        # A third of the size, and `base64 -d | zcat` still shows it to a person.
        deltas = gzip.compress(msgspec.json.encode(item.pop("deltas")), compresslevel=6, mtime=0)
        if len(deltas) + len(msgspec.json.encode(item)) <= INLINE_BYTES:
            return item | {"deltas": deltas}
        key = f"{DELTAS_PREFIX}/{commit.lane}/{commit.last}-{commit.run_id}.json.gz"
        self._bucket.put(key, deltas)
        return item | {"deltas_key": key}

    def _decode(self, item: Item) -> Commit:
        deltas = self._bucket.get(item["deltas_key"]) if "deltas_key" in item else item["deltas"]
        try:
            return msgspec.convert(item | {"deltas": msgspec.json.decode(gzip.decompress(deltas))}, Commit)
        except (msgspec.DecodeError, OSError, EOFError, zlib.error) as error:
            raise LedgerError(f"commit {item['pk']} {item['sk']} cannot be read: {error}") from error


WORK_LIST_KEYS = ("hour#*", "hours")
"""Patterns of the partition keys that hold the compactor's work list, and no commit."""
COMMIT_KEYS = ("commit#*", "lanes")
"""The same of commits, and of the list of lanes. What is left are requests for erasures, which name people."""
_LANES_PK = "lanes"
_HOURS_PK = "hours"


def _commit_pk(lane: Lane) -> str:
    return f"commit#{lane}"


def _hour_pk(hour: str) -> str:
    return f"hour#{hour}"


def totals(commits: Iterable[Commit]) -> dict[str, int]:
    """Sums over commits: records, events, landed, bad. In every commit `events = landed + bad`."""
    sums = {"records": 0, "events": 0, "landed": 0, "bad": 0}
    for commit in commits:
        for name in sums:
            sums[name] += getattr(commit, name)
    return sums
