"""Tombstones: who was erased from the lake, up to when, and how later rows are known to be theirs.

    _tombstones/00000001.json      one object per tombstone, numbered without gaps, created once, never changed

A generation says up to which number it was made with, so nothing has to know when it was made. A row is erased if it
belongs to an erased person and happened no later than the request, or if its event_id was one of theirs: an event
without a time of its own gets a new one when it is sent again. Ids are kept as digests only.
"""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.errors import Conflict, LakeError
from clickstream.lake.commit_log import READERS
from clickstream.lake.generations import Generation
from clickstream.ports import Bucket
from clickstream.tables import RAW_EVENTS, TOMBSTONES_PREFIX

KINDS = ("user_id", "anonymous_id", "session_id")
"""Columns that may name a person."""
COLUMNS = ("event_id", "event_time", "received_time", "time_source", *KINDS)
"""What the decision on a row needs."""
_INSTANT = RAW_EVENTS.schema.field("event_time").type
_TRIES = 100
_DIGITS = 32
_REMEMBERED = 100_000
"""Digests that are kept in memory: the same people come in file after file."""


class Name(NamedTuple):
    """One way in which rows of the lake name a person: a column of `KINDS` and its value."""

    kind: str
    value: str

    @property
    def digest(self) -> str:
        """What is kept of it: 128 bits of SHA-256, which a query can compute too."""
        return _digest(f"{self.kind}/{self.value}")


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """One erased person."""

    number: int
    """1 for the first."""
    request_id: str
    people: tuple[str, ...]
    """Digests of the names."""
    event_ids: tuple[str, ...] = ()
    """Digests of the ids of events that were found."""
    payloads: tuple[str, ...] = ()
    """Digests of refused payloads that mention the person."""
    request_time: datetime
    """Events that happened later are not erased: the person may have come back."""


@dataclass(frozen=True)
class Tombstones:
    """Some tombstones, ready to be asked."""

    people: Mapping[str, datetime] = field(default_factory=dict)
    """Until when which digest of a name is erased."""
    event_ids: frozenset[str] = frozenset()
    payloads: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tombstones: Iterable[Tombstone], after: int = 0) -> "Tombstones":
        """Those with a greater number. A person who was erased twice is erased up to the later request."""
        people: dict[str, datetime] = {}
        event_ids: set[str] = set()
        payloads: set[str] = set()
        for tombstone in (one for one in tombstones if one.number > after):
            event_ids.update(tombstone.event_ids)
            payloads.update(tombstone.payloads)
            for digest in tombstone.people:
                people[digest] = max(tombstone.request_time, people.get(digest, tombstone.request_time))
        return cls(people, frozenset(event_ids), frozenset(payloads))

    def __bool__(self) -> bool:
        return bool(self.people)

    def erased(self, table: pa.Table) -> pa.BooleanArray:
        """For each row, which must have `COLUMNS`, whether it is erased."""
        times = pc.coalesce(table["event_time"], table["received_time"])
        found = [pc.less_equal(times, self._until(kind, table[kind])) for kind in KINDS]
        masks = [pc.fill_null(mask, fill_value=False) for mask in (*found, self._told(table, times))]
        erased = pc.or_(pc.or_(masks[0], masks[1]), pc.or_(masks[2], masks[3])).combine_chunks()
        return erased if isinstance(erased, pa.BooleanArray) else pa.concat_arrays(erased.chunks)

    def _until(self, kind: str, column: pa.ChunkedArray) -> pa.Array:
        """Until when the one named in each row is erased; null for everybody else."""
        texts = column.cast(pa.string()).combine_chunks()
        encoded = _one(texts).dictionary_encode()
        until = [self.people.get(digest) for digest in digests(kind, encoded.dictionary.to_pylist())]
        return pa.array(until, _INSTANT).take(encoded.indices)

    def _told(self, table: pa.Table, times: pa.ChunkedArray) -> pa.Array:
        """Whether the row's event_id is an erased one. Only an event without a time of its own can be a later copy."""
        nobody = pa.repeat(pa.scalar(value=False), len(table))
        if not self.event_ids:
            return nobody
        latest = pa.scalar(max(self.people.values()), _INSTANT)
        is_early = pc.less_equal(times, latest)
        has_time = pc.equal(table["time_source"].cast(pa.string()), "event")
        asked = pc.or_(is_early, pc.fill_null(pc.invert(has_time), fill_value=True))
        places = pc.indices_nonzero(asked)
        pairs = zip(places.to_pylist(), table["event_id"].take(places).to_pylist(), strict=True)
        found = {place for place, event_id in pairs if _digest(event_id) in self.event_ids}
        return pa.array([place in found for place in range(len(table))], pa.bool_()) if found else nobody


@dataclass(frozen=True)
class Graveyard:
    """All tombstones at one moment."""

    tombstones: list[Tombstone]

    def pending(self, generation: Generation) -> Tombstones:
        """Those that came after the generation was begun."""
        return Tombstones.of(self.tombstones, generation.tombstones)


class TombstoneLog:
    """The tombstones of a lake. It remembers what it has read: a tombstone never changes."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._known: dict[str, Tombstone] = {}

    def read(self) -> list[Tombstone]:
        """All tombstones, in order. Raises `LakeError` for an unreadable one."""
        keys = [entry.key for entry in self._bucket.list(f"{TOMBSTONES_PREFIX}/0")]
        new = [key for key in keys if key not in self._known]
        with ThreadPoolExecutor(READERS) as pool:
            self._known |= zip(new, pool.map(self._read, new), strict=True)
        return [self._known[key] for key in keys]

    def append(
        self,
        request_id: str,
        names: Iterable[Name],
        event_ids: Iterable[str],
        until: datetime,
        payloads: Iterable[str] = (),
    ) -> Tombstone:
        """Write the next tombstone. From now on every generation is made without the person's rows.

        `payloads` are digests already.
        """
        people = tuple(sorted(name.digest for name in names))
        digests = tuple(sorted({_digest(event_id) for event_id in event_ids}))
        refused = tuple(sorted(set(payloads)))
        for _ in range(_TRIES):
            tombstone = Tombstone(
                number=len(self.read()) + 1,
                request_id=request_id,
                people=people,
                event_ids=digests,
                payloads=refused,
                request_time=until,
            )
            try:
                self._bucket.put_new(_key(tombstone.number), msgspec.json.encode(tombstone))
            except Conflict:
                if self._read(_key(tombstone.number)) != tombstone:
                    continue
            return tombstone
        raise LakeError(f"{TOMBSTONES_PREFIX}: {_TRIES} other requests were faster; run the erasure again")

    def look(self) -> "Graveyard":
        """All tombstones of this moment."""
        return Graveyard(self.read())

    def _read(self, key: str) -> Tombstone:
        try:
            return msgspec.json.decode(self._bucket.get(key), type=Tombstone)
        except msgspec.DecodeError as error:
            raise LakeError(f"{self._bucket.name}/{key} is no tombstone ({error}): restore the object") from error


def digests(kind: str, values: Iterable[str | None]) -> list[str]:
    """Digests of names of one kind, in order; of no value an empty text, which is no digest."""
    prefix = f"{kind}/"
    return [_digest(prefix + value) if value is not None else "" for value in values]


def event_digests(event_ids: Iterable[str]) -> set[str]:
    """What tombstones hold of event ids."""
    return set(map(_digest, event_ids))


def _key(number: int) -> str:
    return f"{TOMBSTONES_PREFIX}/{number:08}.json"


@lru_cache(_REMEMBERED)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _one(column: Any) -> pa.Array:  # noqa: ANN401  `combine_chunks` gives an array or a chunked one, by version
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
